"""What Prometheus is told: every figure that is counted has its name here, and its labels.

Counted at ends and at faults, never per delta. What is looked up instead of counted is in
``figures``. Labels are from closed lists, or ids of models, which the catalogue bounds: nothing of
a person's ever becomes one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import Counter, Histogram, disable_created_metrics

if TYPE_CHECKING:
    from conversations.models import Generation

# A second series for each of them, that nobody asks for.
disable_created_metrics()  # type: ignore[no-untyped-call]

# Seconds. A first word takes a tenth to some seconds, a whole answer up to minutes.
FIRST_TOKEN_BUCKETS = (0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30, 60)
ANSWER_BUCKETS = (0.5, 1, 2, 5, 10, 20, 30, 60, 120, 300, 600)
LAG_BUCKETS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5)


def _counter(name: str, told: str, label: str = "", values: tuple[str, ...] = ()) -> Counter:
    """With each value of its label at 0: a series that begins with its first fault hides it."""
    counter = Counter(f"chat_{name}", told, [label] if label else [])
    for value in values:
        counter.labels(value)
    return counter


# --- sockets --------------------------------------------------------------------------------------

RESUMES = _counter("resumes", "Answers that a socket went on with after a number it had seen")
BACKFILLS = _counter(
    "backfills",
    "Snapshots given because the log had a gap, was silent, or the backlog was long",
    "reason",
    ("gap", "silent", "long"),
)
DUPLICATES = _counter(
    "duplicate_commands",
    "Commands that came again with their key and started nothing",
    "command",
    ("send", "regenerate", "continue"),
)
LOOP_LAG = Histogram(
    "chat_event_loop_lag_seconds",
    "How much later than asked the event loop came back",
    buckets=LAG_BUCKETS,
)

# --- generations ----------------------------------------------------------------------------------

ENDINGS = Counter("chat_answers", "Answers that ended", ["status", "error"])
FIRST_TOKEN = Histogram(
    "chat_first_token_seconds",
    "From the claim of an answer to its first word",
    ["model"],
    buckets=FIRST_TOKEN_BUCKETS,
)
ANSWER = Histogram(
    "chat_answer_seconds",
    "From the claim of an answer to its end",
    ["model"],
    buckets=ANSWER_BUCKETS,
)
MODEL_CALLS = Counter("chat_model_calls", "Calls of a model", ["model", "outcome"])
LEASES = _counter(
    "leases_expired",
    "Answers whose process was silent for too long",
    "outcome",
    ("handed_over", "given_up"),
)
FENCED = _counter(
    "fenced_writes",
    "Writes that were refused because another process holds the answer, or ended it",
    "kind",
    ("checkpoint", "ending"),
)

# --- between processes ----------------------------------------------------------------------------

ANNOUNCEMENTS_LOST = _counter(
    "announcements_lost",
    "Announcements that did not arrive; what they were about is found by looking",
    "reason",
    ("away", "over_capacity"),
)
ANNOUNCEMENTS_LATE = _counter(
    "announcements_late", "Announcements that arrived after they were no longer needed"
)
UPDATES_DROPPED = _counter(
    "log_updates_dropped", "Updates that Redis was away for too long to take"
)
WRITES_FAILED = _counter("redis_writes_failed", "Entries that Redis did not take", "stream")


def count_ending(generation: Generation) -> None:
    """Once for each generation, by whoever ended it."""
    ENDINGS.labels(generation.status, generation.error_code or "none").inc()
    if generation.first_token_ms is not None:
        FIRST_TOKEN.labels(generation.model).observe(generation.first_token_ms / 1000)
    if generation.total_ms is not None:
        ANSWER.labels(generation.model).observe(generation.total_ms / 1000)


def count_call(model: str, outcome: str) -> None:
    """``outcome``: ``complete``, ``aborted``, or the code of the error."""
    MODEL_CALLS.labels(model, outcome).inc()
