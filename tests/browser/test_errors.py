"""Error pages: in the product's look, in words, with a way back, under the same policy (R92)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest
from django.db import connection
from playwright.sync_api import Page, expect

from conversations.models import TranscriptRead
from tests.people import PASSWORD, talk


def expect_our_look(page: Page) -> None:
    expect(page.get_by_role("heading")).to_be_visible()
    assert page.evaluate("() => getComputedStyle(document.body).fontFamily.includes('sans-serif')")
    assert page.evaluate("() => document.styleSheets.length > 1")
    text = page.locator("body").inner_text()
    assert not any(word in text for word in ("Traceback", "Django", "Daphne", "DEBUG"))


@pytest.mark.parametrize("path", [f"/c/{uuid4()}/", "/nothing/here/", "/review/"])
def test_what_is_not_there_says_so_and_leads_back(enter, alice, path):
    tab = enter(alice)
    tab.watch.allow("status of 404")
    tab.open(path)
    expect_our_look(tab.page)
    tab.page.get_by_role("link", name="Back to your conversations").click()
    expect(tab.field).to_be_visible()


def test_a_conversation_of_somebody_else_is_not_there(enter, alice, bob):
    """R20"""
    tab = enter(bob)
    tab.watch.allow("status of 404")
    tab.open(f"/c/{talk(alice).conversation.pk}/")
    expect_our_look(tab.page)
    expect(tab.page.get_by_text("By gravity.")).to_have_count(0)


def test_a_form_without_its_cookie_is_refused_in_words(stranger, alice):
    """R93"""
    stranger.watch.allow("status of 403")
    stranger.open("/accounts/login/")
    stranger.context.clear_cookies(name="csrftoken")
    stranger.page.locator("input[name=login]").fill("alice")
    stranger.page.locator("input[name=password]").fill(PASSWORD)
    stranger.page.get_by_role("button", name="Sign in").click()
    expect(stranger.page.locator("body")).not_to_contain_text("Sign in to")
    expect_our_look(stranger.page)
    assert "CSRF" not in stranger.page.locator("body").inner_text()


def test_an_error_of_the_server_tells_nothing_of_its_inside(enter, alice):
    """R48"""
    tab = enter(alice)
    tab.watch.allow("status of 500")
    with missing(TranscriptRead._meta.db_table):
        tab.open("/settings/")
    expect_our_look(tab.page)
    tab.page.get_by_role("link", name="Back to your conversations").click()
    expect(tab.field).to_be_visible()


@contextmanager
def missing(table: str) -> Iterator[None]:
    """For this long the database has no such table."""
    with connection.cursor() as cursor:
        cursor.execute(f'ALTER TABLE "{table}" RENAME TO "{table}_away"')
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f'ALTER TABLE "{table}_away" RENAME TO "{table}"')
