"""Passwords: forgotten, changed, made by an administrator; the links that set them."""

from __future__ import annotations

import re

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client, RequestFactory
from pytest_django import Settings

from conversations import accounts
from conversations.accounts import adopt_address, one_time_password
from conversations.models import User
from tests.people import PASSWORD, is_in, sign_in

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quick_hashes"), pytest.mark.matrix]

NEW = "another quite long phrase"


def set_password_link(user: User) -> str:
    return accounts.set_password_link(RequestFactory().get("/"), user)


def choose(client: Client, link: str, password: str = NEW) -> None:
    """Open a link and choose a password there."""
    form = client.get(link, follow=True)
    path = form.redirect_chain[-1][0] if form.redirect_chain else link
    client.post(path, {"password1": password, "password2": password})


def test_a_forgotten_password_is_replaced_by_mail(alice: User) -> None:
    Client().post("/accounts/password/reset/", {"email": "ALICE@example.com"})
    link = re.search(r"http://\S+", str(mail.outbox[0].body))
    assert link
    choose(Client(), link[0])
    assert is_in(sign_in("alice", NEW))
    assert not is_in(sign_in("alice", PASSWORD))


def test_without_a_mail_server_a_reset_tells_no_more_than_with_one(
    alice: User, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """R89: port 9 is closed."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    for email in ("alice@example.com", "nobody@example.com"):
        response = Client().post("/accounts/password/reset/", {"email": email})
        assert response.status_code == 302
    assert caplog.text.count("mail_failed") == 2
    assert "example.com" not in caplog.text


def test_a_link_works_once(alice: User) -> None:
    """R30"""
    link = set_password_link(alice)
    choose(Client(), link)
    choose(Client(), link, "yet another long phrase")
    assert is_in(sign_in("alice", NEW))


def test_a_link_is_of_one_person(alice: User, bob: User) -> None:
    """R30: the key of one with the number of another opens nothing."""
    link = set_password_link(alice)
    mine, theirs = (
        set_password_link(alice).split("key/")[1],
        set_password_link(bob).split("key/")[1],
    )
    crossed = theirs.split("-")[0] + "-" + mine.split("-", 1)[1]
    choose(Client(), link.replace(mine, crossed))
    assert not is_in(sign_in("bob", NEW))
    assert is_in(sign_in("bob"))


@pytest.mark.parametrize("key", ["", "null", "None", "set-password", "x" * 500, "%00", "0-0", "[]"])
def test_a_key_that_is_none_opens_nothing(alice: User, key: str) -> None:
    """R30"""
    number = set_password_link(alice).split("key/")[1].split("-")[0]
    choose(Client(), f"/accounts/password/reset/key/{number}-{key}/")
    assert is_in(sign_in("alice"))


@pytest.mark.parametrize("change", ["password", "email", "used"])
def test_a_link_is_void_once_something_changed(alice: User, change: str) -> None:
    """R30"""
    link = set_password_link(alice)
    if change == "password":
        one_time_password(alice)
    elif change == "email":
        User.objects.filter(pk=alice.pk).update(email="other@example.com")
        alice.refresh_from_db()
        adopt_address(alice)
    else:
        sign_in("alice")
    choose(Client(), link)
    assert not is_in(sign_in("alice", NEW))


def test_a_changed_password_ends_the_sessions_elsewhere(alice: User) -> None:
    """R22"""
    here, elsewhere = sign_in("alice"), sign_in("alice")
    form = {"oldpassword": PASSWORD, "password1": NEW, "password2": NEW}
    assert here.post("/accounts/password/change/", form).status_code == 302
    assert is_in(here)
    assert not is_in(elsewhere)


@pytest.mark.parametrize("password", ["short", "12345678901", "password123", "alice@example.com"])
def test_a_weak_password_is_refused(alice: User, as_alice: Client, password: str) -> None:
    form = {"oldpassword": PASSWORD, "password1": password, "password2": password}
    as_alice.post("/accounts/password/change/", form)
    assert is_in(sign_in("alice"))


def test_a_one_time_password_is_asked_to_be_replaced(alice: User, as_alice: Client) -> None:
    password = one_time_password(alice)
    assert not is_in(as_alice), "who was signed in with the old one is signed out"
    client = sign_in("alice", password)
    assert "Choose your own" in client.get("/").text
    form = {"oldpassword": password, "password1": NEW, "password2": NEW}
    client.post("/accounts/password/change/", form)
    assert "Choose your own" not in client.get("/").text
    alice.refresh_from_db()
    assert not alice.must_change_password


def test_a_password_chosen_at_a_link_is_ones_own(alice: User) -> None:
    one_time_password(alice)
    choose(Client(), set_password_link(alice))
    alice.refresh_from_db()
    assert not alice.must_change_password


# --- addresses that administrators enter --------------------------------------------------------


def test_an_address_that_was_replaced_is_no_longer_a_way_in(alice: User) -> None:
    alice.email = "Alice.Arnold@example.com"
    alice.save()
    adopt_address(alice)
    row = EmailAddress.objects.get(user=alice)
    assert (row.email, row.primary, row.verified) == ("alice.arnold@example.com", True, True)
    assert is_in(sign_in("alice.arnold@example.com"))
    assert not is_in(sign_in("alice@example.com"))
    alice.email = ""
    alice.save()
    adopt_address(alice)
    assert not EmailAddress.objects.filter(user=alice).exists()


def test_two_people_without_an_address_can_both_be_there(db: None) -> None:
    for name in ("one", "two"):
        user = User.objects.create(username=name)
        adopt_address(user)
    assert User.objects.filter(email="").count() == 2
