"""What Prometheus is told by a real server, after an answer and after faults."""

from __future__ import annotations

from uuid import uuid4

from conversations.models import Generation
from streaming.localbedrock import Answer, Controlled, faults
from tests.scale.processes import until
from tests.scraped import scrape
from tests.socket.tab import Tab

GONE_ON = "No text of anybody, nobody's id"


def test_the_figures_of_a_server_change_with_an_answer_and_its_faults(
    tab, server, alice, bob, model
):
    """R53, R109: every figure that operators are promised is there, and tells what happened."""
    before = scrape(server.port)
    mine = tab(alice, strict=False)
    model.enqueue(faults.throttled())
    model.enqueue(Answer(text=GONE_ON))
    key = str(uuid4())
    accepted = mine.ask("Hello.", key=key)
    mine.finish(accepted["generation"])
    mine.ask("Hello.", key=key)  # again
    # Resumed after a number; and once more after one that no log has, which a snapshot fills.
    for cursor in (1, 10_000):
        mine.follow(accepted["conversation"], {accepted["generation"]: cursor})
        mine.finish(accepted["generation"])
    script = model.enqueue(Controlled())
    other = tab(bob)
    asked = other.ask("Break.")
    script.emit("Half of")
    other.until_text(asked["generation"], "Half of")
    other.say(type="stop", message=asked["assistant_message"])
    other.finish(asked["generation"])

    after = scrape(server.port)
    grew = {
        name: after(name, **labels) - before(name, **labels)
        for name, labels in {
            "resumes_total": {},
            "backfills_total": {"reason": "gap"},
            "duplicate_commands_total": {"command": "send"},
            "first_token_seconds_count": {},
            "answer_seconds_count": {},
        }.items()
    }
    assert grew == {
        "resumes_total": 2,
        "backfills_total": 1,
        "duplicate_commands_total": 1,
        "first_token_seconds_count": 2,
        "answer_seconds_count": 2,
    }
    for status in ("complete", "stopped"):
        ended = {"status": status, "error": "none"}
        assert after("answers_total", **ended) - before("answers_total", **ended) == 1
    for outcome in ("throttled", "aborted"):
        called = {"outcome": outcome}
        assert after("model_calls_total", **called) - before("model_calls_total", **called) == 1
    assert after("sockets") == 2
    assert after("unacknowledged_bytes") >= after("unacknowledged_bytes_max") >= 0
    assert after("database_up") == 1
    promised = {
        *("leases_expired_total", "fenced_writes_total", "announcements_lost_total"),
        *("announcements_late_total", "log_updates_dropped_total", "queue_age_seconds"),
        *("generations", "running_here", "event_loop_lag_seconds_count"),
    }
    assert {f"chat_{name}" for name in promised} <= after.names
    # Labels are closed lists and ids of models: nothing of a person, nothing that was written.
    for foreign in ("alice", "bob", *accepted.values(), GONE_ON, "Hello."):
        assert str(foreign) not in after.labels


def test_bytes_that_a_client_does_not_acknowledge_are_told(tab, server, alice, model):
    """R41, R109"""
    mine = tab(alice, acks=False)
    model.enqueue(Answer(text="x" * 5_000))
    accepted = mine.ask("A long one.")
    mine.finish(accepted["generation"])
    told = scrape(server.port)
    assert told("unacknowledged_bytes") >= told("unacknowledged_bytes_max") > 5_000


def test_what_a_dead_process_left_is_counted_by_who_takes_care_of_it(own_server, alice, model):
    """R10, R109: on its queue, by its lease, and by its end."""
    with Tab(own_server, alice) as mine:
        script = model.enqueue(Controlled(), match="Survive")
        accepted = mine.ask("Survive.")
        script.emit("Half of it")
        mine.until_text(accepted["generation"], "Half of it")
        own_server.kill()
    own_server.start()
    model.enqueue(Answer(text="Again."))
    row = Generation.objects.filter(pk=accepted["generation"])
    until(lambda: row.get().status == "complete", "it does not go on")
    told = scrape(own_server.port)
    assert told("leases_expired_total", outcome="handed_over") == 1
    assert told("answers_total", status="complete") == 1
