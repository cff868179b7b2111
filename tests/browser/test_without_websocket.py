"""A network that lets no WebSocket through: the page works as ever (R98)."""

from __future__ import annotations

import pytest
from django.contrib.sessions.models import Session
from playwright.sync_api import expect

from conversations.models import Conversation, Generation, Message
from streaming.localbedrock import Answer
from tests.browser.chat import Chat
from tests.browser.conditions import until
from tests.people import PASSWORD, talk

# As behind a proxy that refuses handshakes, until it lets them through: all that is said is 1006.
BLOCKED = """
const Real = window.WebSocket;
Object.assign(window, { handshakes: 0, lets: false });
window.WebSocket = function (address) {
  window.handshakes += 1;
  if (window.lets) return new Real(address);
  setTimeout(() => this.onclose?.({ code: 1006 }), 5);
  this.send = () => { throw new Error("not open"); };
  this.close = () => {};
};
"""


@pytest.fixture
def blocked(enter, alice) -> Chat:
    tab = enter(alice)
    tab.context.add_init_script(BLOCKED)
    tab.page.reload()
    return tab


def test_a_person_asks_watches_reloads_and_stops_without_a_websocket(blocked, script):
    """R98: and nothing is lost."""
    tab, answer = blocked, script()
    tab.ask("How do tides work?")
    expect(tab.questions).to_have_text(["How do tides work?"])
    answer.emit("The moon ")
    expect(tab.text).to_have_text("The moon")
    assert tab.arrives() == f"/c/{Conversation.objects.get().pk}/"
    answer.emit("pulls ")
    expect(tab.text).to_have_text("The moon pulls")
    expect(tab.line).to_be_hidden()

    tab.page.reload()
    expect(tab.text).to_have_text("The moon pulls")
    answer.emit("the sea")
    expect(tab.text).to_have_text("The moon pulls the sea")
    tab.stop_button.click()
    expect(tab.answer).to_have_attribute("data-status", "stopped")
    assert answer.disconnected.wait(30)
    assert Message.objects.get(role="assistant").text == "The moon pulls the sea"
    assert Generation.objects.count() == 1

    more = script()
    tab.page.get_by_role("button", name="Continue").click()
    more.emit(" up.")
    more.stop()
    expect(tab.text).to_have_text("The moon pulls the sea up.")
    expect(tab.answer).to_have_attribute("data-status", "complete")


def test_a_second_question_and_its_answer_come_after_the_server_ended_a_response(blocked, model):
    """R98: every response ends after a while, and the page goes on behind it."""
    tab = blocked
    model.enqueue(Answer("By the moon."))
    tab.ask_and_read("How do tides work?", "By the moon.")
    until(lambda: tab.evaluate(RESPONSES) >= 3, timeout=20)
    model.enqueue(Answer("Twice a day."))
    tab.ask_and_read("How often?", "Twice a day.")
    expect(tab.messages).to_have_count(4)
    expect(tab.line).to_be_hidden()


RESPONSES = """() => performance.getEntriesByType("resource")
  .filter((entry) => entry.name.endsWith("/events") && entry.responseEnd).length"""


SUBMIT = """([path, body]) => fetch(path, {
  method: "POST",
  body: new URLSearchParams(body),
  headers: {
    Accept: "application/json",
    "X-CSRFToken": document.querySelector("[name=csrfmiddlewaretoken]").value,
  },
})"""


def test_what_another_tab_does_arrives_within_two_seconds(blocked, enter, alice, model):
    """R97, R98: with a conversation open and without one."""
    old = talk(alice, "Who was Ada?", "A mathematician.").conversation
    tab = blocked
    expect(tab.listed).to_have_text([old.title])
    reading = tab.tab(f"/c/{old.pk}/")
    expect(reading.text).to_have_text("A mathematician.")
    elsewhere = enter(alice, f"/c/{old.pk}/")
    elsewhere.evaluate(SUBMIT, [f"/c/{old.pk}/rename/", "title=Ada"])
    for each in (tab, reading):
        expect(each.listed).to_have_text(["Ada"])
    model.enqueue(Answer("In 1815."))
    tab.open(f"/c/{old.pk}/")
    tab.ask("When was she born?")
    for each in (tab, reading):
        expect(each.text).to_have_text("In 1815.")
    elsewhere.evaluate(SUBMIT, [f"/c/{old.pk}/delete/", ""])
    for each in (tab, reading):
        expect(each.listed).to_have_count(0)


def test_a_page_goes_back_to_the_websocket_when_there_is_one(blocked, script):
    """R98"""
    tab, answer = blocked, script()
    tab.page.clock.install()
    tab.page.reload()
    tab.ask("Count.")
    answer.emit("one ")
    expect(tab.text).to_have_text("one")
    before = tab.evaluate("() => { window.lets = true; return window.handshakes; }")
    tab.page.clock.fast_forward(61_000)
    # One that looks, and the one that is used.
    until(lambda: tab.evaluate("() => window.handshakes") == before + 2)
    tab.page.route("**/api/v1/**/events", lambda route: route.abort())
    answer.emit("two")
    answer.stop()
    expect(tab.text).to_have_text("one two")
    expect(tab.line).to_be_hidden()


def test_a_session_that_ends_is_asked_for_and_what_was_sent_goes_out_once(blocked, model):
    """R22, R98: as over a socket; the token of the old session counts no more."""
    tab = blocked
    tab.watch.allow("status of 40[013]")
    model.enqueue(Answer("By the moon."))
    tab.ask_and_read("How do tides work?", "By the moon.")
    tab.write("How often?")
    Session.objects.all().delete()
    tab.page.locator("#composer").evaluate("form => form.requestSubmit()")
    dialog = tab.page.get_by_role("dialog", name="Sign in to go on")
    expect(dialog).to_be_visible(timeout=40_000)
    dialog.get_by_label("Password").fill(PASSWORD)
    model.enqueue(Answer("Twice a day."))
    dialog.get_by_role("button", name="Sign in").click()
    expect(dialog).to_be_hidden()
    expect(tab.text).to_have_text("Twice a day.")
    assert Message.objects.filter(text="How often?").count() == 1
    assert Generation.objects.count() == 2
