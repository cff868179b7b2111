"""A page and a server of different versions: nothing that was written is lost."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import WebSocketRoute, expect

from conversations.models import Generation, Message
from streaming.localbedrock import Answer
from tests.browser.chat import Chat


@pytest.fixture
def newer_server(enter, alice) -> Chat:
    """alice's tab, whose server became another while she wrote."""

    def through(line: WebSocketRoute) -> None:
        server = line.connect_to_server()
        server.on_message(lambda frame: line.send(newer(frame)))

    tab = enter(alice)
    tab.page.route_web_socket(re.compile("/ws/chat/"), through)
    tab.page.reload()
    return tab


def newer(frame: str | bytes) -> str:
    return str(frame).replace('"protocol":1', '"protocol":2')


def test_a_page_that_is_too_old_says_so_and_a_reload_keeps_what_was_written(newer_server):
    """R99: the draft, which nobody has sent yet."""
    tab = newer_server
    expect(tab.line).to_contain_text("The chat was updated. Reload this page")
    expect(tab.line.get_by_role("button", name="Try now")).to_be_hidden()
    tab.write("Half a question about")
    tab.page.unroute_all()
    tab.page.route_web_socket(re.compile("/ws/chat/"), lambda line: line.connect_to_server())
    tab.line.get_by_role("button", name="Reload").click()
    expect(tab.line).to_be_hidden()
    expect(tab.field).to_have_value("Half a question about")


def test_what_was_sent_to_a_server_that_is_too_new_goes_out_after_the_reload_once(
    newer_server, model
):
    """R2, R99"""
    tab = newer_server
    model.enqueue(Answer("The moon pulls."))
    expect(tab.line).to_contain_text("The chat was updated.")
    tab.ask("How do tides work?")
    expect(tab.questions).to_have_text(["How do tides work?"])
    assert not Message.objects.exists()
    tab.page.unroute_all()
    tab.page.route_web_socket(re.compile("/ws/chat/"), lambda line: line.connect_to_server())
    tab.line.get_by_role("button", name="Reload").click()
    expect(tab.text).to_have_text("The moon pulls.")
    expect(tab.questions).to_have_count(1)
    assert Generation.objects.count() == 1
