"""A line that breaks and a server that dies: the page says so, and mends itself."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import WebSocketRoute, expect

from conversations.models import Generation, Message
from streaming.localbedrock import Answer
from tests.browser.chat import Chat
from tests.browser.conditions import until
from tests.browser.conftest import enter_at
from tests.people import person

# What the browser itself reports when nobody answers.
GONE = "WebSocket connection to|ERR_CONNECTION_(REFUSED|RESET)|ERR_INTERNET_DISCONNECTED"


@pytest.fixture
def tab(own_server, contexts) -> Chat:
    """alice's, on a server that the test may kill."""
    chat = enter_at(own_server, contexts, person("alice"))
    chat.watch.allow(GONE)
    return chat


def test_a_server_that_is_killed_in_mid_answer_comes_back_and_answers(
    tab, own_server, script, model
):
    """R8, R49: the text stays to be read, the page mends itself, and the answer is written."""
    answer = script()
    tab.ask("How do tides work?")
    answer.emit("The moon pulls")
    expect(tab.text).to_have_text("The moon pulls")
    tab.arrives()
    until(lambda: Message.objects.filter(text="The moon pulls").exists())
    own_server.kill()
    expect(tab.line).to_contain_text("Connection lost")
    expect(tab.text).to_have_text("The moon pulls")
    model.enqueue(Answer("The moon pulls, the sea follows."))
    own_server.start()

    expect(tab.text).to_have_text("The moon pulls, the sea follows.", timeout=40_000)
    expect(tab.answer).to_have_attribute("data-status", "complete")
    expect(tab.line).to_be_hidden()
    expect(tab.messages).to_have_count(2)
    tab.page.reload()
    expect(tab.text).to_have_text("The moon pulls, the sea follows.")
    assert Generation.objects.count() == 1


def test_what_is_sent_while_the_server_is_away_goes_out_once(tab, own_server, model):
    """R2"""
    own_server.kill()
    expect(tab.line).to_contain_text("Connection lost")
    tab.ask("How do tides work?")
    expect(tab.questions).to_have_text(["How do tides work?"])
    # The draft is not lost to a reload either, but here the page stays.
    model.enqueue(Answer("The moon pulls."))
    own_server.start()
    expect(tab.text).to_have_text("The moon pulls.", timeout=40_000)
    expect(tab.line).to_be_hidden()
    expect(tab.questions).to_have_count(1)
    tab.arrives()
    tab.page.reload()
    expect(tab.questions).to_have_text(["How do tides work?"])
    assert Message.objects.filter(role="user").count() == 1
    assert Generation.objects.count() == 1


def test_a_page_that_is_offline_says_so_and_goes_on_when_it_is_not(enter, alice, script):
    """R49"""
    lines = []

    def through(line: WebSocketRoute) -> None:
        lines.append(line)
        line.connect_to_server()

    answer = script()
    tab = enter(alice)
    tab.watch.allow(GONE)
    tab.page.route_web_socket(re.compile("/ws/chat/"), through)
    tab.page.reload()
    tab.ask("Count.")
    answer.emit("one ")
    expect(tab.text).to_have_text("one")
    tab.context.set_offline(True)
    # The browser keeps what is open, as a telephone does in a tunnel; the network drops it later.
    lines[-1].close(code=3000)
    expect(tab.line).to_contain_text("You are offline.")
    answer.emit("two ")
    answer.stop()
    until(lambda: Generation.objects.filter(status="complete").exists())
    tab.context.set_offline(False)
    expect(tab.text).to_have_text("one two")
    expect(tab.answer).to_have_attribute("data-status", "complete")
    expect(tab.line).to_be_hidden()
