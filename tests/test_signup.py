"""Who may sign up, and where administrators come from."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from io import StringIO

import pytest
from django.core.management import call_command
from django.db import IntegrityError, connection
from django.test import Client
from pytest_django import Settings

from conversations.models import User
from tests.people import person, sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quick_hashes"), pytest.mark.matrix]

NEW = "another quite long phrase"


FORM = {
    "email": "eve@example.com",
    "username": "eve",
    "password1": NEW,
    "password2": NEW,
    # What no form asks for must not count (R47).
    "is_staff": "1",
    "is_superuser": "on",
    "groups": "1",
}


@pytest.mark.parametrize("policy", ["closed", "invite"])
def test_sign_up_is_closed(settings: Settings, client: Client, policy: str) -> None:
    settings.SIGNUP = policy
    assert "password1" not in client.get("/accounts/signup/").text
    client.post("/accounts/signup/", FORM)
    assert not User.objects.exists()


def test_sign_up_never_makes_an_administrator(settings: Settings, client: Client) -> None:
    """R29"""
    settings.SIGNUP = "open"
    client.post("/accounts/signup/", FORM)
    user = User.objects.get()
    assert user.email == "eve@example.com"
    assert not user.is_staff
    assert not user.is_superuser
    assert not user.groups.exists()


def test_nobody_signs_up_under_a_name_that_looks_like_an_address(
    alice: User, settings: Settings, client: Client
) -> None:
    settings.SIGNUP = "open"
    client.post("/accounts/signup/", {**FORM, "username": "alice@example.com"})
    assert User.objects.count() == 1


@pytest.mark.parametrize(
    ("email", "admitted"),
    [
        ("eve@example.com", True),
        ("eve@EXAMPLE.com", True),
        ("eve@sub.example.com", False),
        ("eve@example.com.evil.example", False),
        ("eve@evil-example.com", False),
    ],
)
def test_sign_up_may_be_open_to_an_organisation(
    settings: Settings, client: Client, email: str, admitted: bool
) -> None:
    settings.SIGNUP = "domains:example.org,example.com"
    client.post("/accounts/signup/", {**FORM, "email": email})
    assert User.objects.exists() == admitted


@pytest.mark.django_db(transaction=True)
def test_fifty_first_sign_ups_at_once_make_no_administrator(settings: Settings) -> None:
    """R29"""
    settings.SIGNUP = "open"

    def sign_up(number: int) -> None:
        try:
            form = {**FORM, "email": f"e{number}@example.com", "username": f"e{number}"}
            Client(REMOTE_ADDR=f"203.0.113.{number}").post("/accounts/signup/", form)
        finally:
            connection.close()

    with ThreadPoolExecutor(10) as pool:
        list(pool.map(sign_up, range(50)))
    assert User.objects.count() == 50
    assert not User.objects.filter(is_staff=True).exists()
    assert not User.objects.filter(is_superuser=True).exists()


# --- the first administrator --------------------------------------------------------------------


def test_the_first_administrator_comes_from_the_command_line_and_once(db: None) -> None:
    """R29"""
    said = StringIO()
    call_command("first_administrator", stdout=said)
    password = re.search(r"One-time password: (\S+)", said.getvalue())
    assert password
    client = sign_in("admin", password[1])
    assert "Choose your own" in client.get("/").text
    assert client.get("/admin/").status_code == 200
    again = StringIO()
    call_command("first_administrator", stdout=again)
    assert "password" not in again.getvalue()
    assert User.objects.count() == 1


def test_a_person_is_only_there_once_however_the_name_is_written(alice: User) -> None:
    """R29: nobody becomes somebody else by other letters."""
    with pytest.raises(IntegrityError):
        person("ALICE")
