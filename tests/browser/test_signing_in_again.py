"""A session that ends under an open page: one signs in over it, and nothing is lost."""

from __future__ import annotations

import re

from django.contrib.sessions.models import Session
from playwright.sync_api import Locator, expect

from conversations.models import Generation, Message
from streaming.localbedrock import Answer
from tests.browser.chat import Chat
from tests.people import PASSWORD, talk

# What the browser reports of an answer that says 400 or 401.
REFUSED = "status of 40[01]"


def dialog(tab: Chat) -> Locator:
    return tab.page.get_by_role("dialog", name="Sign in to go on")


def sign_in(tab: Chat, password: str = PASSWORD, name: str = "alice") -> None:
    dialog(tab).get_by_label("Name or e-mail").fill(name)
    dialog(tab).get_by_label("Password").fill(password)
    dialog(tab).get_by_role("button", name="Sign in").click()


def send_without_session(tab: Chat, text: str) -> None:
    """Whether the page has learnt of it already or not."""
    tab.write(text)
    Session.objects.all().delete()
    tab.page.locator("#composer").evaluate("form => form.requestSubmit()")


def test_what_was_being_sent_goes_out_once_when_one_is_signed_in_again(enter, alice, model):
    """R22, R93, R96: the page stays, its forms work with the new session's token."""
    path = f"/c/{talk(alice).conversation.pk}/"
    tab = enter(alice, path)
    tab.watch.allow(REFUSED)
    send_without_session(tab, "And in the Baltic?")
    expect(dialog(tab)).to_be_visible()
    expect(tab.questions.first).to_be_hidden()
    expect(dialog(tab).get_by_label("Name or e-mail")).to_have_value("alice")
    tab.page.keyboard.press("Escape")
    tab.page.keyboard.press("Escape")
    expect(dialog(tab)).to_be_visible()
    sign_in(tab, "wrong")
    expect(dialog(tab)).to_contain_text("not correct")
    model.enqueue(Answer("Hardly."))
    sign_in(tab)
    expect(dialog(tab)).to_be_hidden()
    expect(tab.text).to_have_text("Hardly.")
    assert tab.path == path
    assert Message.objects.filter(text="And in the Baltic?").count() == 1
    assert Generation.objects.count() == 2
    # A change over HTTP needs the token of the new session.
    tab.title.fill("Tides")
    with tab.page.expect_response(re.compile("rename")) as renamed:
        tab.title.press("Enter")
    assert renamed.value.ok


def test_signing_in_in_another_tab_is_enough(enter, alice):
    """R22: whoever has more to do than give a password does it on a page of its own."""
    tab = enter(alice, f"/c/{talk(alice).conversation.pk}/")
    tab.watch.allow(REFUSED)
    tab.write("half a thought")
    Session.objects.all().delete()
    expect(dialog(tab)).to_be_visible()
    with tab.context.expect_page() as opened:
        dialog(tab).get_by_role("link", name="Sign in another way").click()
    page = opened.value
    page.locator("input[name=login]").fill("alice")
    page.locator("input[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page).to_have_url(re.compile(r"/$"))
    expect(dialog(tab)).to_be_hidden()
    expect(tab.field).to_have_value("half a thought")


def test_somebody_else_who_signs_in_sees_and_sends_nothing_of_it(enter, alice, bob):
    """R22, R31: it says so, and waits for its owner."""
    tab = enter(alice, f"/c/{talk(alice).conversation.pk}/")
    tab.watch.allow(REFUSED)
    send_without_session(tab, "A secret of alice")
    expect(dialog(tab)).to_be_visible()
    sign_in(tab, name="bob")
    expect(dialog(tab)).to_contain_text("Somebody else is signed in now: bob.")
    expect(tab.page.get_by_text("A secret of alice")).to_be_hidden()
    dialog(tab).get_by_role("link", name="Go to my conversations").click()
    expect(tab.field).to_have_value("")
    expect(tab.listed).to_have_count(0)
    expect(tab.messages).to_have_count(0)
    assert not Message.objects.filter(text="A secret of alice").exists()
