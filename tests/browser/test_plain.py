"""Without JavaScript: reading works, and so does what is a form."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from conversations.models import Conversation
from tests.people import answer, ask_again, talk

PLAIN = {"java_script_enabled": False}


@pytest.fixture
def tides(alice):
    conversation = talk(alice, "How do tides work?", "By *gravity*.").conversation
    conversation.rename("Tides")
    return conversation


def test_a_conversation_can_be_read(enter, alice, tides):
    tab = enter(alice, **PLAIN)
    tab.page.get_by_role("link", name="Tides").click()
    expect(tab.questions).to_have_text(["How do tides work?"])
    expect(tab.text).to_be_visible()
    expect(tab.text).to_have_text("By *gravity*.")
    expect(tab.page.locator("noscript p")).to_be_visible()
    expect(tab.page.get_by_role("button", name="Send")).to_be_hidden()


def test_other_versions_are_links(enter, alice, tides):
    first = tides.messages.get(role="assistant")
    answer(ask_again(alice, first), "By the moon.")
    tab = enter(alice, f"/c/{tides.pk}/", **PLAIN)
    expect(tab.text).to_have_text("By the moon.")
    tab.answer.get_by_label("Previous version").click()
    expect(tab.text).to_have_text("By *gravity*.")


def test_a_conversation_is_renamed_and_deleted_by_forms(enter, alice, tides):
    tab = enter(alice, f"/c/{tides.pk}/", **PLAIN)
    tab.title.fill("Ebb and flow")
    tab.title.press("Enter")
    expect(tab.listed).to_have_text(["Ebb and flow"])
    row = tab.in_the_list("Ebb and flow")
    row.get_by_label("Rename, pin, archive or delete").click()
    row.get_by_role("button", name="Delete").click()
    expect(tab.listed).to_have_count(0)
    assert not Conversation.objects.owned_by(alice).exists()
    tab.open("/settings/")
    tab.page.get_by_role("button", name="Restore").click()
    expect(tab.text).to_have_text("By *gravity*.")


def test_signing_out_works(enter, alice):
    tab = enter(alice, **PLAIN)
    tab.page.locator(".account-summary").click()
    tab.page.get_by_role("button", name="Sign out").click()
    expect(tab.page).to_have_url(re.compile("/accounts/login/"))
    tab.open("/")
    expect(tab.page).to_have_url(re.compile("/accounts/login/"))
