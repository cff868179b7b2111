"""Signing in and out, its limits, and what it does not tell."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core import mail
from django.test import Client

from conversations.models import User
from tests.people import PASSWORD, is_in, sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quick_hashes"), pytest.mark.matrix]

NEW = "another quite long phrase"


# --- signing in and out -------------------------------------------------------------------------


@pytest.mark.parametrize("login", ["alice", "ALICE", "alice@example.com", "Alice@Example.com"])
def test_people_sign_in_by_name_or_address(alice: User, login: str) -> None:
    assert is_in(sign_in(login))


@pytest.mark.parametrize(
    ("login", "password"),
    [
        ("alice", "wrong"),
        ("nobody", PASSWORD),
        ("alice", ""),
        ("", PASSWORD),
        ("alice\0", PASSWORD),
    ],
)
def test_nobody_gets_in_otherwise(alice: User, login: str, password: str) -> None:
    assert not is_in(sign_in(login, password))


def test_after_signing_in_the_page_that_was_asked_for_is_shown(alice: User) -> None:
    form = {"login": "alice", "password": PASSWORD, "next": "/settings/"}
    response = Client().post("/accounts/login/", form)
    assert response.headers["Location"] == "/settings/"


@pytest.mark.parametrize(
    "target", ["https://evil.example/", "//evil.example", "javascript:alert(1)"]
)
def test_signing_in_leads_to_no_other_site(alice: User, target: str) -> None:
    form = {"login": "alice", "password": PASSWORD, "next": target}
    assert Client().post("/accounts/login/", form).headers["Location"] == "/"


def test_a_deactivated_person_does_not_get_in(alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(is_active=False)
    assert not is_in(sign_in("alice"))


def test_the_session_gets_a_new_id_when_somebody_signs_in(alice: User) -> None:
    """R90"""
    client = Client()
    client.get("/accounts/login/")
    session = client.session
    session["planted"] = "1"
    session.save()
    planted = session.session_key
    client.post("/accounts/login/", {"login": "alice", "password": PASSWORD})
    assert client.session.session_key != planted
    cookie = client.cookies["sessionid"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"


def test_signing_out_needs_a_post_and_empties_the_browser(as_alice: Client) -> None:
    """R93, R94"""
    assert as_alice.get("/accounts/logout/").status_code == 200
    assert is_in(as_alice)
    response = as_alice.post("/accounts/logout/")
    assert response.status_code == 302
    assert response.headers["Location"] == "/accounts/login/"
    assert response.headers["Clear-Site-Data"] == '"cache", "storage"'
    assert not is_in(as_alice)


@pytest.mark.parametrize(("name", "value"), [("typed", "keep"), ("others", "stay")])
def test_what_was_typed_stays_in_the_browser_where_its_owner_asks_for_that(
    as_alice: Client, name: str, value: str
) -> None:
    """R94, R96"""
    response = as_alice.post("/accounts/logout/", {name: value})
    assert response.headers["Clear-Site-Data"] == '"cache"'
    assert not is_in(as_alice)


def test_a_page_learns_who_is_signed_in_and_the_token_that_goes_with_it(alice: User) -> None:
    """R93: what was sent when the session ended goes on with the next one."""
    client = Client(enforce_csrf_checks=True)
    nobody = client.get("/session/").json()
    assert nobody["user"] is None
    signing_in = {"login": "alice", "password": PASSWORD}
    as_script = {"Accept": "application/json"}
    assert client.post("/accounts/login/", signing_in, headers=as_script).status_code == 403
    as_script["X-CSRFToken"] = nobody["token"]
    assert client.post("/accounts/login/", signing_in, headers=as_script).status_code == 200
    somebody = client.get("/session/").json()
    assert (somebody["user"], somebody["name"]) == (str(alice.public_id), alice.display_name)
    change: dict[str, Any] = {"data": "{}", "content_type": "application/json"}
    stale = client.post("/api/v1/conversations", **change, headers=as_script)
    assert stale.status_code == 403
    fresh = {"X-CSRFToken": somebody["token"]}
    assert client.post("/api/v1/conversations", **change, headers=fresh).status_code == 201


def test_signing_out_is_told_to_other_tabs_until_the_chat_is_there_again(alice: User) -> None:
    """R94: they have not run out of their session, but are done."""
    client = Client()
    client.force_login(alice)
    client.post("/accounts/logout/")
    assert client.cookies["signed-out"].value == "1"
    client.force_login(alice)
    client.get("/")
    assert client.cookies["signed-out"].value == ""


def test_the_admin_is_left_by_the_same_door(as_dora: Client) -> None:
    """R94"""
    response = as_dora.post("/admin/logout/")
    assert "Clear-Site-Data" in response.headers
    assert not is_in(as_dora)


def test_the_admin_is_entered_by_the_same_door(client: Client) -> None:
    """R87: the limits of signing in hold there too."""
    assert client.get("/admin/login/").headers["Location"].startswith("/accounts/login/")


# --- limits -------------------------------------------------------------------------------------


def test_the_sixth_wrong_password_is_limited_whatever_the_address(alice: User) -> None:
    """R87: forged X-Forwarded-For does not help, nor does the right password then."""
    for number in range(6):
        forged = {"X-Forwarded-For": f"198.51.100.{number}"}
        assert not is_in(sign_in("alice", "wrong", headers=forged))
    assert not is_in(sign_in("alice", headers={"X-Forwarded-For": "198.51.100.77"}))


def test_wrong_passwords_of_one_person_do_not_lock_out_another(alice: User, bob: User) -> None:
    """R87"""
    for number in range(6):
        sign_in("alice", "wrong", REMOTE_ADDR=f"203.0.113.{number}")
    assert is_in(sign_in("bob", REMOTE_ADDR="203.0.113.99"))


def test_asking_for_many_resets_is_limited(alice: User) -> None:
    """R87"""
    for _ in range(12):
        Client().post("/accounts/password/reset/", {"email": "alice@example.com"})
    assert 1 <= len(mail.outbox) <= 5


# --- what is not told ---------------------------------------------------------------------------


def plain(response: Any) -> str:
    """The page without what differs from one showing to the next."""
    text = re.sub(r'(nonce|value)="[^"]*"', "", response.text)
    return text.replace("alice@example.com", "?").replace("nobody@example.com", "?")


def test_a_wrong_name_and_a_wrong_password_are_not_told_apart(alice: User) -> None:
    """R89"""
    answers = [
        Client().post("/accounts/login/", {"login": login, "password": "wrong"})
        for login in ("alice@example.com", "nobody@example.com")
    ]
    assert answers[0].status_code == answers[1].status_code
    assert plain(answers[0]) == plain(answers[1])


def test_an_unknown_name_costs_as_much_time_as_a_wrong_password(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R89: what takes time is hashing; it is done as often."""
    sign_in("alice")  # from here on the quick hash is hers
    counted: list[str] = []
    encode = MD5PasswordHasher.encode

    def count(self: Any, password: str, salt: str) -> str:
        counted.append(password)
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", count)
    times = []
    for login in ("alice", "nobody", "alice@example.com", "nobody@example.com"):
        counted.clear()
        sign_in(login, "wrong")
        times.append(len(counted))
    assert len(set(times)) == 1


def test_a_reset_does_not_tell_whether_there_is_such_a_person(alice: User) -> None:
    """R89"""
    answers = [
        Client().post("/accounts/password/reset/", {"email": email}, follow=True)
        for email in ("alice@example.com", "nobody@example.com")
    ]
    assert answers[0].redirect_chain == answers[1].redirect_chain
    assert plain(answers[0]) == plain(answers[1])
