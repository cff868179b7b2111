"""Models that stand still: they cost the others nothing."""

from __future__ import annotations

import time

import pytest

from streaming.localbedrock import Answer, Controlled
from tests.scraped import scrape

pytestmark = pytest.mark.matrix

SOON = 0.1  # seconds; the requirement's


def test_streams_that_stand_still_delay_nobody_else(tab, server, alice, bob, model):
    """R44: as many as one person may have; pings, pages' commands and a whole turn of another."""
    stuck = tab(alice)
    for number in range(3):
        script = model.enqueue(Controlled(), match=f"Stand still {number}")
        accepted = stuck.ask(f"Stand still {number}.")
        if number:  # one has not said a word, two stopped in mid-word
            script.emit("And th")
            stuck.until_text(accepted["generation"], "And th")
        else:
            assert script.started.wait(30)
    before = scrape(server.port)
    other = tab(bob)
    took = []
    for _ in range(30):
        began = time.monotonic()
        assert other.command("ping")["type"] == "pong"
        took.append(time.monotonic() - began)
    model.enqueue(Answer(text="At once."), match="Quick")
    began = time.monotonic()
    accepted = other.ask("Quick.")
    assert other.finish(accepted["generation"])["status"] == "complete"
    assert other.follow(accepted["conversation"])["type"] == "following"
    # One that waited for any of them would wait until the model is given up, twenty seconds long.
    assert time.monotonic() - began < 15
    assert min(took) < SOON
    # Nor was the event loop late for anybody: most of what it was asked for came in time.
    after = scrape(server.port)
    looks = after("event_loop_lag_seconds_count") - before("event_loop_lag_seconds_count")
    lag = {"le": str(SOON)}
    in_time = after("event_loop_lag_seconds_bucket", **lag) - before(
        "event_loop_lag_seconds_bucket", **lag
    )
    assert in_time >= looks * 0.8
