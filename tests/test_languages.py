"""In which language a person is spoken to."""

from __future__ import annotations

import re

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from conversations import languages
from conversations.models import Generation, User
from tests.people import ask

pytestmark = [pytest.mark.django_db, pytest.mark.matrix]

GERMAN = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}


def spoken(text: str) -> tuple[str, str]:
    """Language and direction of a page."""
    found = re.search(r'<html lang="([\w-]+)" dir="(\w+)">', text)
    assert found
    return found[1], found[2]


def test_a_page_is_in_the_language_that_the_browser_asks_for(client: Client) -> None:
    response = client.get("/accounts/login/", headers=GERMAN)
    assert spoken(response.text) == ("de", "ltr")
    assert response.headers["Content-Language"] == "de"
    assert "Accept-Language" in response.headers["Vary"]


@pytest.mark.parametrize("asked", ["", "tlh", "en-GB", "x" * 5000, "de;q=0, en"])
def test_what_is_not_offered_is_english(client: Client, asked: str) -> None:
    response = client.get("/accounts/login/", headers={"Accept-Language": asked})
    assert spoken(response.text) == ("en", "ltr")


def test_a_person_chooses_a_language_for_every_browser(alice: User, as_alice: Client) -> None:
    response = as_alice.post("/settings/language/", {"language": "de"})
    assert response.status_code == 302
    assert spoken(as_alice.get("/settings/", headers={"Accept-Language": "en"}).text)[0] == "de"
    alice.refresh_from_db()
    assert languages.spoken(alice, "en") == "de"
    as_alice.post("/settings/language/", {"language": ""})
    assert spoken(as_alice.get("/settings/", headers={"Accept-Language": "en"}).text)[0] == "en"
    assert spoken(as_alice.get("/settings/", headers=GERMAN).text)[0] == "de"


@pytest.mark.parametrize("language", ["tlh", "../de", "de" * 50])
def test_a_language_that_is_not_offered_is_not_chosen(
    alice: User, as_alice: Client, language: str
) -> None:
    as_alice.post("/settings/language/", {"language": language})
    alice.refresh_from_db()
    assert alice.language == ""


def test_a_chosen_language_that_is_no_longer_offered_is_forgotten(
    alice: User, as_alice: Client
) -> None:
    User.objects.filter(pk=alice.pk).update(language="tlh")
    assert spoken(as_alice.get("/", headers=GERMAN).text)[0] == "de"


def test_a_page_is_set_from_right_to_left_where_its_language_is(
    client: Client, settings: Settings
) -> None:
    settings.LANGUAGES = [("en", "English"), ("ar", "العربيّة")]
    response = client.get("/accounts/login/", headers={"Accept-Language": "ar"})
    assert spoken(response.text) == ("ar", "rtl")


def test_an_error_page_is_in_the_persons_language(alice: User, as_alice: Client) -> None:
    User.objects.filter(pk=alice.pk).update(language="de")
    response = as_alice.get("/c/00000000-0000-0000-0000-000000000000/")
    assert response.status_code == 404
    assert spoken(response.text)[0] == "de"


def test_an_answer_remembers_in_which_language_it_was_asked_for(alice: User) -> None:
    with languages.in_language("de"):
        turn = ask(alice)
    assert Generation.objects.get(pk=turn.generation.pk).language == "de"
