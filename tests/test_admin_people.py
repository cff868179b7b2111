"""People in the admin: how they get in, and that nobody becomes somebody else."""

from __future__ import annotations

import re

import pytest
from allauth.account.models import EmailAddress
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group, Permission
from django.test import Client

from conversations.models import User
from tests.people import PASSWORD, is_in, sign_in, talk

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quick_hashes"), pytest.mark.matrix]


NEW = {"username": "erin", "email": "Erin@Example.com", "first_name": "Erin", "last_name": ""}


def test_a_person_is_added_with_a_password_that_is_shown_once(as_dora: Client) -> None:
    response = as_dora.post("/admin/conversations/user/add/", {**NEW, "way_in": "password"})
    shown = re.search(r'id="one-time-password">([^<]+)<', response.text)
    assert shown
    assert "no-store" in response.headers["Cache-Control"]
    erin = User.objects.get(username="erin")
    assert erin.must_change_password
    assert is_in(sign_in("erin", shown[1]))
    # By the address too, however it is written.
    assert is_in(sign_in("ERIN@example.com", shown[1]))
    address = EmailAddress.objects.get(user=erin)
    assert (address.email, address.primary, address.verified) == ("erin@example.com", True, True)
    # It is kept nowhere: not in the log of the admin, not in a message of the next page.
    for path in ("/admin/", f"/admin/conversations/user/{erin.pk}/history/"):
        assert shown[1] not in as_dora.get(path).text
    assert not any(shown[1] in entry.change_message for entry in LogEntry.objects.all())


def test_a_person_is_added_with_a_link(as_dora: Client) -> None:
    response = as_dora.post("/admin/conversations/user/add/", {**NEW, "way_in": "link"})
    shown = re.search(r'id="set-password-link">([^<]+)<', response.text)
    assert shown
    erin = User.objects.get(username="erin")
    assert not erin.has_usable_password()
    client = Client()
    form = client.get(shown[1], follow=True).redirect_chain[-1][0]
    phrase = "another quite long phrase"
    client.post(form, {"password1": phrase, "password2": phrase})
    assert is_in(sign_in("erin", phrase))
    assert not User.objects.get(username="erin").must_change_password


def test_nobody_is_added_without_a_way_in(as_dora: Client) -> None:
    for way_in in ("", "telepathy"):
        response = as_dora.post("/admin/conversations/user/add/", {**NEW, "way_in": way_in})
        assert response.status_code == 200
    assert not User.objects.filter(username="erin").exists()


@pytest.mark.parametrize("field", ["username", "email"])
def test_a_name_or_address_that_is_taken_is_refused(
    alice: User, as_dora: Client, field: str
) -> None:
    form = {**NEW, "way_in": "link", field: getattr(alice, field).upper()}
    response = as_dora.post("/admin/conversations/user/add/", form)
    assert response.status_code == 200
    assert not User.objects.filter(username="erin").exists()


def test_a_superuser_gives_a_new_way_in(alice: User, as_dora: Client) -> None:
    client = sign_in("alice")
    path = f"/admin/conversations/user/{alice.pk}/way-in/"
    link = as_dora.post(path, {"way_in": "link"})
    assert "set-password-link" in link.text
    assert is_in(client), "a link leaves the password until it is used"
    password = as_dora.post(path, {"way_in": "password"})
    assert "one-time-password" in password.text
    assert not is_in(client)
    assert not is_in(sign_in("alice", PASSWORD))
    assert LogEntry.objects.filter(object_id=str(alice.pk)).count() == 2
    assert as_dora.get(path).status_code == 405
    assert as_dora.post(path, {"way_in": "telepathy"}).status_code == 403


def test_a_changed_address_counts_at_once(alice: User, as_dora: Client) -> None:
    form = {"username": "alice", "email": "Arnold@example.com", "is_active": "on"}
    response = as_dora.post(f"/admin/conversations/user/{alice.pk}/change/", form)
    assert response.status_code == 302
    assert is_in(sign_in("arnold@example.com"))
    assert not is_in(sign_in("alice@example.com"))


def test_deactivating_somebody_ends_the_sessions(alice: User, as_dora: Client) -> None:
    """R22"""
    client = sign_in("alice")
    form = {"username": "alice", "email": alice.email}
    as_dora.post(f"/admin/conversations/user/{alice.pk}/change/", form)
    assert not is_in(client)


# --- staff do not become somebody else ----------------------------------------------------------


def test_staff_add_people_without_rights(as_staff: Client) -> None:
    """R29"""
    rights = {"is_staff": "on", "is_superuser": "on", "groups": [str(Group.objects.get().pk)]}
    as_staff.post("/admin/conversations/user/add/", {**NEW, **rights, "way_in": "link"})
    erin = User.objects.get(username="erin")
    assert not erin.is_staff
    assert not erin.is_superuser
    assert not erin.groups.exists()


def test_staff_cannot_give_rights_or_take_over_an_account(alice: User, as_staff: Client) -> None:
    """R29: an address leads to the account, for a new password is sent there."""
    path = f"/admin/conversations/user/{alice.pk}/"
    rights = {"is_staff": "on", "is_superuser": "on", "groups": [str(Group.objects.get().pk)]}
    stolen = {
        "username": "alice2",
        "email": "sam@example.com",
        "first_name": "A",
        "is_active": "on",
    }
    as_staff.post(f"{path}change/", {**stolen, **rights})
    assert as_staff.post(f"{path}way-in/", {"way_in": "password"}).status_code == 403
    alice.refresh_from_db()
    assert alice.first_name == "A"
    assert (alice.username, alice.email) == ("alice", "alice@example.com")
    assert not alice.is_staff
    assert not alice.is_superuser
    assert not alice.groups.exists()


def test_staff_cannot_touch_who_has_rights(carol: User, dora: User, as_staff: Client) -> None:
    """R29: reviewers and administrators are looked after by superusers."""
    for user in (carol, dora):
        path = f"/admin/conversations/user/{user.pk}/change/"
        assert as_staff.post(path, {"username": "x", "is_active": ""}).status_code == 403
        user.refresh_from_db()
        assert user.is_active


def test_staff_cannot_change_what_a_group_may_do(as_staff: Client) -> None:
    """R29"""
    group = Group.objects.get()
    everything = [str(each.pk) for each in Permission.objects.all()]
    form = {"name": "Reviewers", "permissions": everything}
    assert as_staff.post(f"/admin/auth/group/{group.pk}/change/", form).status_code == 403
    assert as_staff.post("/admin/auth/group/add/", {**form, "name": "Mine"}).status_code == 403
    assert Group.objects.count() == 1


def test_nobody_is_deleted_in_passing(alice: User, as_dora: Client) -> None:
    """With the person everything they wrote would go."""
    talk(alice)
    response = as_dora.post(f"/admin/conversations/user/{alice.pk}/delete/", {"post": "yes"})
    assert response.status_code == 403
    assert User.objects.filter(pk=alice.pk).exists()
