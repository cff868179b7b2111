"""Who gets in where: every address, found by the resolver, against everybody who must not."""

from __future__ import annotations

from typing import Any

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import Client

from conversations.models import User
from conversations.models.searchable import Searchable
from tests.people import person
from tests.routes import RULES, Route, belongings, database, found, nobodys, restorable, routes

# The rules are the product's, whatever holds its rows.
pytestmark = [pytest.mark.django_db, pytest.mark.matrix]

METHODS = ("get", "post", "put", "patch", "delete")
REFUSED = {401, 403, 404, 405}


def named(route: Route) -> str:
    return route.route


@pytest.fixture
def ids(alice: User) -> dict[str, Any]:
    return belongings(alice)


def test_every_route_has_a_rule() -> None:
    """R20: whoever adds an address says who gets in."""
    assert [route for route in found() if not route.startswith("admin/")] == sorted(RULES)


@pytest.mark.parametrize("route", routes("owner"), ids=named)
@pytest.mark.parametrize("deleted", [False, True], ids=["kept", "deleted"])
def test_a_stranger_gets_404_and_changes_nothing(
    ids: dict[str, Any], as_bob: Client, route: Route, deleted: bool
) -> None:
    """R20: with the ids of somebody else's things, as with ids of nothing."""
    if deleted:
        restorable(ids["conversation_id"])
    before = database()
    for method in METHODS:
        foreign = getattr(as_bob, method)(route.path(ids))
        unknown = getattr(as_bob, method)(route.path(nobodys()))
        assert foreign.status_code == unknown.status_code
        assert foreign.status_code in {404, 405}
        assert foreign.content == unknown.content
    assert database() == before


@pytest.mark.parametrize("route", routes("person", "owner", "reviewer"), ids=named)
def test_who_is_signed_out_gets_nothing(ids: dict[str, Any], client: Client, route: Route) -> None:
    """R20"""
    before = database()
    for method in METHODS:
        response = getattr(client, method)(route.path(ids))
        if response.status_code == 302:
            assert response.headers["Location"].startswith("/accounts/login/")
        else:
            assert response.status_code in REFUSED
    assert database() == before


@pytest.mark.parametrize("route", routes("reviewer"), ids=named)
def test_who_may_not_review_gets_404(ids: dict[str, Any], as_bob: Client, route: Route) -> None:
    """R84"""
    before = database()
    for method in METHODS:
        assert getattr(as_bob, method)(route.path(ids)).status_code in {404, 405}
    assert database() == before


@pytest.mark.parametrize("route", routes("staff"), ids=named)
def test_the_admin_is_closed_to_others(ids: dict[str, Any], as_bob: Client, route: Route) -> None:
    """R84"""
    before = database()
    for method in ("get", "post"):
        response = getattr(as_bob, method)(route.path(ids))
        if response.status_code == 302:
            assert response.headers["Location"].startswith(("/admin/", "/accounts/login/"))
        else:
            assert response.status_code in REFUSED
    assert database() == before


@pytest.mark.parametrize("route", routes("staff"), ids=named)
def test_staff_without_permissions_see_and_change_nothing(
    ids: dict[str, Any], route: Route
) -> None:
    """R84"""
    client = Client()
    client.force_login(person("sam", is_staff=True))
    before = database()
    for method in ("get", "post"):
        response = getattr(client, method)(route.path(ids))
        assert "alice" not in response.text
        assert "Only mine to read" not in response.text
    assert database() == before


@pytest.mark.parametrize("route", routes(), ids=named)
def test_reading_changes_nothing(ids: dict[str, Any], alice: User, route: Route) -> None:
    """R93: nothing is changed by following a link; whoever reviews leaves a record, though."""
    User.objects.filter(pk=alice.pk).update(is_staff=True, is_superuser=True)
    client = Client()
    client.force_login(alice)
    before = database()
    client.get(route.path(ids))
    assert database() == before


@pytest.mark.parametrize("route", routes(), ids=named)
def test_a_change_needs_the_token_of_the_form(
    ids: dict[str, Any], alice: User, route: Route
) -> None:
    """R93"""
    User.objects.filter(pk=alice.pk).update(is_staff=True, is_superuser=True)
    client = Client(enforce_csrf_checks=True)
    client.force_login(alice)
    before = database()
    for method in ("post", "put", "patch", "delete"):
        response = getattr(client, method)(route.path(ids))
        assert response.status_code in {403, 404, 405}, method
    assert database() == before
    assert client.get("/").status_code == 200, "still signed in"


@pytest.mark.parametrize("route", routes(), ids=named)
@pytest.mark.parametrize("signed_in", [False, True], ids=["signed out", "signed in"])
def test_every_response_carries_its_protection(
    ids: dict[str, Any], alice: User, route: Route, signed_in: bool
) -> None:
    """R92, R94, R114, R115"""
    client = Client()
    if signed_in:
        client.force_login(alice)
    response = client.get(route.path(ids))
    policy = response.headers["Content-Security-Policy"]
    for directive in (
        "default-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "form-action '",
    ):
        assert directive in policy
    assert "unsafe" not in policy
    assert "http:" not in policy.replace("http://testserver", "")
    if not route.route.startswith("admin/"):
        assert "require-trusted-types-for 'script'" in policy
    assert "no-store" in response.headers["Cache-Control"]
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert response.headers["Referrer-Policy"] == "same-origin"
    assert "Permissions-Policy" in response.headers
    assert "X-Powered-By" not in response.headers


# --- what has no address, but a rule ------------------------------------------------------------


def test_every_model_says_what_it_is_and_is_in_the_admin() -> None:
    for model in apps.get_app_config("conversations").get_models():
        assert "__str__" in vars(model) or model is User, f"{model} says nothing of itself"
        if model is Searchable:
            continue  # an index, kept by triggers of the database: nobody's to look at or to change
        assert admin.site.is_registered(model), f"{model} is not in the admin"
