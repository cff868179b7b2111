"""How the end of a generation is written: the text first, then what was spent."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable
from typing import Any, TypeVar

import structlog
from django.db import DatabaseError, InterfaceError, connection

from conversations.models import BedrockModel, Generation
from conversations.models.progress import Ending
from conversations.writing import AWAY, is_away
from streaming import metrics
from streaming.accumulator import Accumulator
from streaming.catalogued import learnt_ratio, model_of
from streaming.guarding import found_in
from streaming.spending import Spending, left_behind

log = structlog.get_logger(__name__)

T = TypeVar("T")

# Seconds that a finished answer waits for a database that is away, in the memory of its thread.
PATIENCE = 600.0
USAGE_PATIENCE = 5.0
LONGEST_PAUSE = 5.0  # between two tries; the first is half a second


def write_ending(generation: Generation, ending: Ending) -> bool:
    """False when somebody else has ended it, or when the database stays away."""
    try:
        ended = patiently(lambda: generation.finish(ending))
    except AWAY:
        # The row is still live, with a lease that ran out: the reaper takes over.
        log.exception("ending_not_written", generation=str(generation.pk))
        return False
    if ended:
        metrics.count_ending(generation)
    else:
        metrics.FENCED.labels("ending").inc()
    return ended


def write_usage(generation: Generation, spending: Spending, model: BedrockModel | None) -> None:
    """Keep what the calls to the model cost, with the price."""

    def record() -> None:
        tokens = spending.tokens(lambda: learnt_ratio(generation.model))
        generation.record_usage(
            tokens=tokens,
            cost=model.cost_of(tokens) if model else None,
            request_id=spending.request_id,
            estimated=spending.estimated,
        )

    _keep_usage(generation, record)


def write_lost_usage(generation: Generation, calls: int) -> None:
    """Keep what runners spent that died, of a generation that nobody goes on with."""
    if not calls:
        return

    def record() -> None:
        spending = left_behind(generation, calls)
        write_usage(generation, spending, model_of(generation.model))

    _keep_usage(generation, record)


def _keep_usage(generation: Generation, record: Callable[[], None]) -> None:
    try:
        patiently(record, USAGE_PATIENCE)
    except (DatabaseError, InterfaceError):
        # The end is stored, and people wait to hear of it.
        log.exception("usage_not_recorded", generation=str(generation.pk))


def extra_of(accumulator: Accumulator, *, withdrawn: bool = False) -> dict[str, Any]:
    """What the record keeps besides: what nobody knows yet, and what a guardrail did."""
    extra = unknown_of(accumulator)
    if withdrawn:
        extra.pop("raw", None)  # it may quote what must go
    if found := found_in(accumulator):
        extra["guardrail"] = found | ({"withdrawn": True} if withdrawn else {})
    return extra


def unknown_of(accumulator: Accumulator) -> dict[str, Any]:
    """What the service sent and this version does not know (R68)."""
    if not accumulator.unknown:
        return {}
    return {"unknown": accumulator.unknown, "raw": accumulator.unknown_raw}


def patiently(
    work: Callable[[], T],
    patience: float = PATIENCE,
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> T:
    """Do something in the database though it may be away for a while (R56).

    ``patience`` in seconds; then what the database raised last is raised. Meanwhile the run stays
    with the pump, so that the reaper of this process spares it.
    """
    deadline = clock() + patience
    pause = 0.5
    while True:
        try:
            return work()
        except AWAY as error:
            if not is_away(error):
                raise
            # A connection that broke stays broken; the next use opens a new one.
            connection.close()
            if clock() >= deadline:
                raise
            log.warning("database_away", pause=pause)
        sleep(pause)
        pause = min(pause * 2, LONGEST_PAUSE)


def new_reference() -> str:
    """What a person can quote and an operator can find in the log."""
    return secrets.token_hex(4)
