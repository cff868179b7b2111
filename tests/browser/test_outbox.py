"""What is sent and cannot go out yet: it waits, in order, and goes out once."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import WebSocketRoute, expect

from conversations.models import Conversation, Generation, Message
from streaming.localbedrock import Answer
from tests.browser.chat import Chat
from tests.people import talk

GONE = "WebSocket connection to|ERR_INTERNET_DISCONNECTED"


def asked() -> list[str]:
    """The questions in the database, as one stands below the other."""
    return [message.text for message in Message.objects.filter(role="user").order_by("pk")]


def waiting(tab: Chat, text: str):
    """What a message that is not sent yet says, and its buttons."""
    return tab.page.locator(".message-user", has_text=text).locator(".message-unsent")


@pytest.fixture
def tunnel(enter, alice):
    """A tab, and how to cut its line; back online it goes on by itself."""
    lines: list[WebSocketRoute] = []

    def through(line: WebSocketRoute) -> None:
        lines.append(line)
        line.connect_to_server()

    def open_tab(path: str = "/") -> Chat:
        tab = enter(alice)
        tab.watch.allow(GONE)
        tab.page.route_web_socket(re.compile("/ws/chat/"), through)
        tab.open(path)
        return tab

    def cut(tab: Chat) -> None:
        tab.context.set_offline(True)
        # The browser keeps what is open; the network drops it.
        lines[-1].close(code=3000)
        expect(tab.line).to_contain_text("You are offline.")

    return open_tab, cut


def test_messages_wait_for_the_line_and_go_out_in_order_once(tunnel, model):
    """R2, R96: the first ones of a new conversation, one edited and one removed before they go."""
    open_tab, cut = tunnel
    tab = open_tab()
    cut(tab)
    for text in ("How do tides work?", "And in the Baltic?", "And in a bathtub?", "Never mind."):
        tab.ask(text)
    expect(tab.questions).to_have_count(4)
    expect(waiting(tab, "tides")).to_contain_text("Waits for the connection.")
    waiting(tab, "Never mind.").get_by_role("button", name="Remove").click()
    waiting(tab, "bathtub").get_by_role("button", name="Edit").click()
    expect(tab.questions).to_have_count(2)
    expect(tab.field).to_have_value("And in a bathtub?")
    tab.write("And in a lake?")
    tab.field.press("Enter")
    for answer in ("By the moon.", "Hardly.", "Not at all."):
        model.enqueue(Answer(answer))
    tab.context.set_offline(False)
    expect(tab.text).to_have_text("Not at all.", timeout=30_000)
    expect(tab.page.locator(".message-unsent:visible")).to_have_count(0)
    tab.arrives()
    order = ["How do tides work?", "And in the Baltic?", "And in a lake?"]
    expect(tab.questions).to_have_text(order)
    tab.page.reload()
    expect(tab.questions).to_have_text(order)
    assert asked() == order
    assert Conversation.objects.count() == 1
    assert Generation.objects.count() == 3


def test_what_waits_outlives_the_page_and_another_tab_sends_it(tunnel, model, alice):
    """R2, R96: the tab is closed with a message in its outbox."""
    path = f"/c/{talk(alice).conversation.pk}/"
    open_tab, cut = tunnel
    tab = open_tab(path)
    cut(tab)
    tab.ask("And in the Baltic?")
    expect(waiting(tab, "Baltic")).to_be_visible()
    tab.page.close()
    model.enqueue(Answer("Hardly."))
    tab.context.set_offline(False)
    other = tab.tab(path)
    expect(other.text).to_have_text("Hardly.")
    expect(other.page.locator(".message-unsent:visible")).to_have_count(0)
    assert asked()[1:] == ["And in the Baltic?"]


def test_a_message_sent_while_an_answer_is_written_waits_for_its_end(enter, alice, script, model):
    answer = script()
    tab = enter(alice)
    tab.ask("How do tides work?")
    answer.emit("The moon pulls.")
    expect(tab.text).to_have_text("The moon pulls.")
    expect(tab.page.get_by_role("button", name="Send")).to_be_hidden()
    tab.write("How often?")
    tab.page.get_by_role("button", name="Send").click()
    expect(waiting(tab, "How often?")).to_contain_text("Waits for the answer to end.")
    expect(tab.stop_button).to_be_visible()
    tab.page.reload()
    expect(waiting(tab, "How often?")).to_contain_text("Waits for the answer to end.")
    model.enqueue(Answer("Twice a day."))
    answer.stop()
    expect(tab.text).to_have_text("Twice a day.")
    expect(tab.questions).to_have_text(["How do tides work?", "How often?"])
    assert asked() == ["How do tides work?", "How often?"]


FULL = """() => {
  Storage.prototype.setItem = () => { throw new DOMException("full", "QuotaExceededError"); };
}"""


def test_a_browser_that_keeps_nothing_says_so_and_the_page_works(enter, alice, model):
    """R96"""
    tab = enter(alice)
    tab.context.add_init_script(f"({FULL})()")
    tab.page.reload()
    tab.field.press_sequentially("How do tides")
    hint = tab.page.get_by_text("This browser does not keep what you write here")
    expect(hint).to_be_visible()
    model.enqueue(Answer("By the moon."))
    tab.ask_and_read("How do tides work?", "By the moon.")
    expect(hint).to_be_hidden()
