"""What an answer cost is on record, however it ended."""

from __future__ import annotations

from conversations.models import Generation
from streaming.context.estimate import tokens
from streaming.localbedrock import Controlled, faults
from tests.socket.tab import Tab
from tests.socket.test_resume import killed_in_mid_answer


def spent(accepted):
    return Generation.objects.get(pk=accepted["generation"])


def estimated(finished):
    return finished["usage"].get("estimated", False)


def test_a_stopped_answer_has_an_estimate_of_what_was_written(tab, alice, model):
    """R77"""
    script = model.enqueue(Controlled())
    mine = tab(alice)
    accepted = mine.ask("Stop me in the middle.")
    script.emit("So far it came.")
    mine.until_text(accepted["generation"], "So far it came.")
    mine.stop(accepted["assistant_message"])
    finished = mine.finish(accepted["generation"])
    row = spent(accepted)
    assert finished["status"] == "stopped"
    assert (row.input_tokens, row.output_tokens) == (row.input_estimate, tokens("So far it came."))
    assert row.usage_estimated
    assert row.request_id
    assert estimated(finished)
    assert finished["usage"]["output_tokens"] == row.output_tokens


def test_an_answer_that_broke_off_three_times_counts_each_of_them(tab, alice, model):
    """R77: what was begun anew was billed, too."""
    scripts = [model.enqueue(Controlled()) for _ in range(3)]
    texts = ["The longest of the texts", "Shorter", "Short"]
    mine = tab(alice)
    accepted = mine.ask("Break.")
    for script, text in zip(scripts, texts, strict=True):
        script.emit(text)
        mine.until_text(accepted["generation"], text)
        script.cut()
    finished = mine.finish(accepted["generation"])
    row = spent(accepted)
    assert finished["status"] == "interrupted"
    assert row.input_tokens == 3 * row.input_estimate
    assert row.output_tokens == sum(map(tokens, texts))
    assert row.usage_estimated
    assert estimated(finished)


def test_what_broke_off_is_added_to_what_the_next_attempt_reports(tab, alice, model):
    """R77"""
    first, second = model.enqueue(Controlled()), model.enqueue(Controlled())
    mine = tab(alice)
    accepted = mine.ask("Break once.")
    first.emit("Lost words")
    mine.until_text(accepted["generation"], "Lost words")
    first.cut()
    second.emit("Whole.")
    second.stop(metadata=False)
    second.metadata(1_000, 70)
    assert mine.finish(accepted["generation"])["status"] == "complete"
    row = spent(accepted)
    assert row.output_tokens == tokens("Lost words") + 70
    assert row.input_tokens == row.input_estimate + 1_000
    assert row.usage_estimated


def test_usage_that_never_comes_is_estimated(tab, alice, model):
    """R77: the end is not held up for it."""
    script = model.enqueue(Controlled())
    mine = tab(alice)
    accepted = mine.ask("Say nothing of it.")
    script.reason("Thinking of it.")
    script.emit("Whole.")
    script.stop(metadata=False)
    finished = mine.finish(accepted["generation"])
    row = spent(accepted)
    assert finished["status"] == "complete"
    assert row.output_tokens == tokens("Whole.Thinking of it.")
    assert row.input_tokens == row.input_estimate
    assert estimated(finished)


def test_reported_usage_is_exact_also_after_calls_that_were_refused(tab, alice, model):
    """R77, R60"""
    model.enqueue(faults.throttled(), times=2)
    script = model.enqueue(Controlled())
    mine = tab(alice)
    accepted = mine.ask("Count.")
    script.emit("Counted.")
    script.stop(metadata=False)
    script.metadata(123, 45, cacheReadInputTokens=6)
    finished = mine.finish(accepted["generation"])
    row = spent(accepted)
    assert (row.input_tokens, row.output_tokens, row.cache_read_tokens) == (123, 45, 6)
    assert not row.usage_estimated
    assert "estimated" not in finished["usage"]


def test_a_question_that_the_model_refused_cost_nothing(tab, alice, model):
    """R77"""
    model.enqueue(faults.throttled(), times=3)
    mine = tab(alice)
    accepted = mine.ask("Hello.")
    assert mine.finish(accepted["generation"])["usage"] is None
    assert (spent(accepted).input_tokens, spent(accepted).usage_estimated) == (None, False)


def test_what_a_killed_server_had_asked_is_counted_by_the_one_that_goes_on(
    own_server, alice, model
):
    """R77, R10"""
    accepted, _ = killed_in_mid_answer(own_server, alice, model)
    script = model.enqueue(Controlled())
    own_server.start()
    assert script.started.wait(60)
    with Tab(own_server, alice) as mine:
        mine.follow(accepted["conversation"])
        script.emit("Whole again.")
        script.stop(metadata=False)
        script.metadata(1_000, 70)
        finished = mine.finish(accepted["generation"])
    row = spent(accepted)
    assert (row.attempt, row.status) == (2, "complete")
    assert row.input_tokens == row.input_estimate + 1_000
    # The second that was lost with the server is not known, what it had saved is.
    assert row.output_tokens >= tokens("Kept text, ") + 70
    assert estimated(finished)
