"""The list of conversations on the page: pins, archive, what is new, what is older; and search."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from conversations.models import Conversation
from streaming.localbedrock import Answer
from tests.browser.conditions import until
from tests.people import answer, ask_again, talk

PHONE = {"viewport": {"width": 390, "height": 780}, "has_touch": True}


def titled(user, title, **talked):
    conversation = talk(user, f"About {title}", **talked).conversation
    conversation.rename(title)
    conversation.change(unread=False)
    return conversation


def choose(tab, title, act):
    row = tab.in_the_list(title)
    row.get_by_label("Rename, pin, archive or delete").click()
    row.get_by_role("button", name=act, exact=True).click()


def groups(tab):
    return tab.page.locator(".conversation-group-label")


def test_pinned_and_archived_in_every_tab_with_a_way_back(enter, alice):
    """R97"""
    for title in ("Tides", "Ada", "Moons"):
        titled(alice, title)
    tab = enter(alice)
    other = tab.tab("/")
    expect(other.listed).to_have_text(["Moons", "Ada", "Tides"])
    choose(tab, "Tides", "Pin")
    for each in (tab, other):
        expect(groups(each)).to_have_text(["Pinned", "Today"])
        expect(each.listed).to_have_text(["Tides", "Moons", "Ada"])
    choose(tab, "Ada", "Archive")
    for each in (tab, other):
        expect(each.listed).to_have_text(["Tides", "Moons"])
    expect(tab.page.get_by_text("“Ada” was archived.")).to_be_visible()
    tab.page.get_by_role("button", name="Undo").click()
    for each in (tab, other):
        expect(each.listed).to_have_text(["Tides", "Moons", "Ada"])
    choose(tab, "Ada", "Archive")
    expect(tab.listed).to_have_count(2)
    tab.page.reload()
    tab.page.locator(".archived-summary").click()
    expect(tab.page.locator("[data-part=archived-list] [data-part=title]")).to_have_text(["Ada"])
    choose(tab, "Ada", "Bring back")
    for each in (tab, other):
        expect(each.page.locator(".conversation-group [data-part=title]")).to_have_text(
            ["Tides", "Moons", "Ada"]
        )


def test_an_answer_that_nobody_looked_at_is_marked_until_somebody_does(enter, alice, model):
    model.enqueue(Answer("Tides"), operation="Converse")
    model.enqueue(Answer("The moon pulls."))
    tab = enter(alice)
    other = tab.tab("/")
    path = tab.ask_and_read("How do tides work?", "The moon pulls.")
    # The tab that shows it is looked at, and says so.
    until(lambda: not Conversation.objects.get().unread)
    expect(other.page.locator(".is-unread")).to_have_count(0)
    Conversation.objects.get().change(unread=True)
    other.page.reload()
    expect(other.page.locator(".is-unread")).to_have_count(1)
    expect(other.page.get_by_role("img", name="New answer")).to_be_visible()
    tab.open(path)
    expect(other.page.locator(".is-unread")).to_have_count(0)
    assert not Conversation.objects.get().unread


def test_older_ones_come_as_one_scrolls_and_the_list_keeps_its_place(enter, alice):
    now = timezone.now()
    Conversation.objects.bulk_create(
        Conversation(
            owner=alice, title=f"Number {n:03}", model="m", updated_at=now - timedelta(minutes=n)
        )
        for n in range(130)
    )
    tab = enter(alice)
    expect(tab.listed).to_have_count(50)
    nav = tab.page.locator(".conversation-list")
    for count in (100, 130):
        nav.evaluate("list => list.scrollTo(0, list.scrollHeight)")
        expect(tab.listed).to_have_count(count)
    tab.in_the_list("Number 120").scroll_into_view_if_needed()
    before = nav.evaluate("list => list.scrollTop")
    tab.page.reload()
    expect(tab.listed).to_have_count(130)
    until(lambda: abs(nav.evaluate("list => list.scrollTop") - before) < 2)


@pytest.mark.parametrize("options", [{}, PHONE], ids=["desktop", "phone"])
def test_what_was_found_opens_at_its_message_on_its_branch(enter, alice, options):
    turn = talk(alice, "How do tides work?", "The **moon** pulls.")
    turn.conversation.rename("Ebb and flow")
    answer(ask_again(alice, turn.assistant_message), "Gravity.")
    titled(alice, "Something else")
    tab = enter(alice, **options)
    if options:
        tab.page.get_by_role("button", name="Conversations", exact=True).click()
    tab.page.locator("[data-act=open-search]").click()
    field = tab.page.get_by_role("combobox", name="Search messages and titles")
    expect(field).to_be_focused()
    field.press_sequentially("moo")
    expect(tab.page.locator(".found-title")).to_have_text(["Ebb and flow"])
    expect(tab.page.locator(".found mark")).to_have_text(["moon"])
    if options:
        box = tab.page.locator("#search-dialog").bounding_box()
        assert (box["width"], box["height"]) == (390, 780)
    field.press("Enter")
    expect(tab.page).to_have_url(re.compile(rf"/c/{turn.conversation.pk}/\?at="))
    expect(tab.text).to_have_text("The moon pulls.")
    expect(tab.page.locator(".message.is-found")).to_have_attribute(
        "data-message", str(turn.assistant_message.uuid)
    )
    assert tab.evaluate("[...CSS.highlights.get('found')].map(String)") == ["moon"]


def test_a_search_without_an_answer_says_so(enter, alice):
    tab = enter(alice)
    tab.page.locator("[data-act=open-search]").click()
    field = tab.page.get_by_role("combobox", name="Search messages and titles")
    field.fill("nothing of the kind")
    expect(tab.page.get_by_text("Nothing found for “nothing of the kind”.")).to_be_visible()
    field.press("Escape")
    expect(tab.page.locator("#search-dialog")).to_be_hidden()
