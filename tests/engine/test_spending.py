"""What a generation's calls cost, also where the model did not say."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from conversations.models import BedrockModel, Generation
from conversations.models.progress import Checkpoint
from streaming.accumulator import Accumulator
from streaming.bedrock.events import Metadata, ReasoningDelta, Started, TextDelta, Usage
from streaming.catalogued import learnt_ratio
from streaming.context.estimate import tokens
from streaming.livelog import LiveLog
from streaming.pump import Pace, Pump
from streaming.reaper import Reaper, announce_end
from streaming.spending import Spending
from tests.engine.parts import read
from tests.people import MODEL, answer, ask

TEXT = "Some words that were written. "


def heard(text: str = "", reasoning: str = "", usage: Usage | None = None) -> Accumulator:
    accumulator = Accumulator()
    accumulator.add(Started("id-1"))
    if reasoning:
        accumulator.add(ReasoningDelta(reasoning, 0))
    if text:
        accumulator.add(TextDelta(text, 1))
    if usage is not None:
        accumulator.add(Metadata(usage, 1, None))
    return accumulator


def one() -> float:
    return 1.0


def not_asked() -> float:
    raise AssertionError("what was reported needs no correction, and no query for it")


@pytest.mark.nodb
def test_what_is_reported_is_exact_and_asks_for_nothing_more():
    """R77"""
    spending = Spending()
    spending.begin(500)
    spending.settle(heard(TEXT, usage=Usage(11, 7, 5, 3)), "complete")
    assert not spending.estimated
    assert spending.request_id == "id-1"
    assert spending.tokens(not_asked) == {
        "input_tokens": 11,
        "output_tokens": 7,
        "cache_read_tokens": 5,
        "cache_write_tokens": 3,
    }


@pytest.mark.nodb
def test_what_broke_off_is_estimated_and_added_to_what_is_reported():
    """R77: text and reasoning of each call, corrected by what the model's reports taught."""
    spending = Spending()
    spending.begin(100)
    spending.settle(heard(TEXT, reasoning=TEXT), "model_stream_error")
    spending.begin(120)
    spending.settle(heard(TEXT, usage=Usage(11, 7)), "complete")
    assert spending.estimated
    spent = spending.tokens(lambda: 2.0)
    assert spent["input_tokens"] == 11 + 200
    assert spent["output_tokens"] == 7 + 2 * tokens(TEXT + TEXT)


@pytest.mark.nodb
@pytest.mark.parametrize("code", ["throttled", "model_access_denied", "credentials", "too_long"])
def test_a_refused_call_costs_nothing(code):
    """R77: also where the service says so within the stream."""
    spending = Spending()
    spending.begin(100)
    spending.settle(heard(), code)
    assert (spending.tokens(not_asked), spending.estimated) == ({}, False)


@pytest.mark.nodb
@pytest.mark.parametrize("outcome", ["aborted", "model_timeout", "model_stream_error"])
def test_a_call_that_nobody_refused_may_be_billed_though_nothing_came(outcome):
    """R77: the model had read the question."""
    spending = Spending()
    spending.begin(100)
    spending.settle(Accumulator(), outcome)
    assert spending.tokens(one) == {"input_tokens": 100, "output_tokens": 0}


@pytest.mark.nodb
def test_a_call_is_counted_once():
    """R77"""
    spending = Spending()
    spending.settle(heard(TEXT), "aborted")
    assert not spending.estimated, "none had begun"
    spending.begin(100)
    for _ in range(2):
        spending.settle(heard(TEXT), "aborted")
    assert spending.tokens(one)["input_tokens"] == 100


# --- what died with its runner --------------------------------------------------------------------


class Nobody:
    """Stands where the runner is."""

    def start(self, generation_id):
        pass

    def start_pending(self):
        pass


@pytest.fixture
def log():
    return LiveLog(kept=60)


@pytest.fixture
def pump(log):
    return Pump(log, Pace())


@pytest.fixture
def priced(db):
    BedrockModel.objects.create(
        id=MODEL,
        name="Priced",
        context_window=100_000,
        max_output_tokens=1_000,
        prices={"input": 1_000, "output": 2_000},
    )


def lapsed(alice, attempt=1, reached=TEXT):
    generation = Generation.claim(ask(alice).generation.pk)
    assert generation is not None
    point = Checkpoint(generation.pk, generation.message_id, generation.fence, 4, reached, "")
    assert not Generation.checkpoint([point])
    Generation.objects.filter(pk=generation.pk).update(
        lease_until=timezone.now() - timedelta(seconds=1), attempt=attempt
    )
    return generation


def end_of(log, pump, generation):
    pump.tick()
    number = Generation.objects.get(pk=generation.pk).seq
    return read(log.read(generation.pk, number - 1)[0])


@pytest.mark.django_db
@pytest.mark.usefixtures("priced")
def test_what_is_given_up_ends_with_an_estimate_of_all_its_attempts(alice, pump, log):
    """R77: what they asked, and the text that the last of them left, with their price."""
    generation = lapsed(alice, attempt=3)
    Reaper(Nobody(), pump, every=60).sweep()
    row = Generation.objects.get(pk=generation.pk)
    assert (row.status, row.usage_estimated) == ("interrupted", True)
    assert row.input_tokens == 3 * row.input_estimate > 0
    assert row.output_tokens == tokens(TEXT)
    assert row.cost == Decimal(row.input_tokens + 2 * row.output_tokens) / 1_000
    usage = end_of(log, pump, generation)["usage"]
    assert (usage["estimated"], usage["output_tokens"]) == (True, row.output_tokens)


@pytest.mark.django_db
def test_what_is_stopped_between_two_runners_keeps_what_the_first_spent(alice, pump, log):
    """R77, R12"""
    generation = lapsed(alice)
    stale = Generation.objects.get(pk=generation.pk)
    Reaper(Nobody(), pump, every=60).sweep()
    assert stale.ask_to_stop()
    announce_end(pump, stale, calls=stale.attempt - 1)
    row = Generation.objects.get(pk=generation.pk)
    assert (row.status, row.usage_estimated) == ("stopped", True)
    assert (row.input_tokens, row.output_tokens) == (row.input_estimate, tokens(TEXT))
    assert end_of(log, pump, generation)["usage"]["estimated"] is True


@pytest.mark.django_db
def test_what_was_never_begun_has_spent_nothing(alice, pump, log):
    """R77"""
    generation = ask(alice).generation
    assert generation.ask_to_stop()
    announce_end(pump, generation, calls=generation.attempt - 1)
    row = Generation.objects.get(pk=generation.pk)
    assert (row.input_tokens, row.usage_estimated) == (None, False)
    assert end_of(log, pump, generation)["usage"] is None


@pytest.mark.django_db
def test_estimates_teach_nothing(alice):
    """R77: an estimate that was corrected by itself would go up for ever."""
    turn = ask(alice)
    answer(turn)
    figures = {"input_estimate": 1_000, "input_tokens": 2_000}
    cached = {"cache_read_tokens": 0, "cache_write_tokens": 0}
    told = Generation.objects.filter(pk=turn.generation.pk)
    told.update(usage_estimated=True, **figures, **cached)
    assert learnt_ratio(MODEL) == 1.0
    told.update(usage_estimated=False)
    assert learnt_ratio(MODEL) == 2.0
