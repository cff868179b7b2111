"""An answer takes no longer than the site allows, on a server by itself."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid4

import pytest

from conversations.models import Generation
from streaming.localbedrock import Answer, Controlled, LocalBedrock, faults
from tests.socket.servers import ChatServer
from tests.socket.tab import Tab

pytestmark = pytest.mark.matrix


@pytest.fixture
def hasty(running_model: LocalBedrock, nobody_else: None) -> Iterator[ChatServer]:
    server = ChatServer("daphne", running_model.url, MAX_GENERATION_SECONDS="2")
    server.start()
    yield server
    server.stop()


def test_what_takes_too_long_keeps_its_text_says_why_and_can_be_continued(hasty, alice, model):
    """R80: and the connection to the model is closed."""
    script = model.enqueue(Controlled())
    with Tab(hasty, alice) as tab:
        accepted = tab.ask("Count to a million.")
        script.emit("One, two, ")
        tab.until_text(accepted["generation"], "One, two, ")
        finished = tab.finish(accepted["generation"])
        assert (finished["status"], finished["error"]["code"]) == ("interrupted", "model_timeout")
        assert finished["error"]["detail"] == "The answer took longer than this site allows."
        assert {"continue", "retry"} <= set(finished["actions"])
        assert script.disconnected.wait(30)
        row = Generation.objects.select_related("message").get()
        assert (row.message.text, row.error_code) == ("One, two, ", "time_limit")
        assert row.error_reference == finished["error"]["reference"] != ""
        model.enqueue(Answer(text="three."))
        again = tab.command("continue", key=str(uuid4()), message=accepted["assistant_message"])
        assert tab.finish(again["generation"])["status"] == "complete"


def test_a_second_attempt_has_what_the_first_has_left(hasty, alice, model):
    """R80: one clock for all attempts; nothing was shown, so there is nothing to continue."""
    model.enqueue(faults.throttled())
    silent = model.enqueue(Controlled())
    with Tab(hasty, alice) as tab:
        accepted = tab.ask("Hello.")
        finished = tab.finish(accepted["generation"])
    assert (finished["status"], finished["actions"]) == ("failed", ["retry"])
    assert silent.disconnected.wait(30)
    row = Generation.objects.get()
    assert (row.error_code, row.attempt) == ("time_limit", 2)
