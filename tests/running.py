"""A generation in the hands of a test, which runs it step by step."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

from conversations.models import Generation, Message
from conversations.models.progress import Checkpoint
from conversations.turns import Turn

ENDED = {"complete", "stopped", "failed", "interrupted"}


def claimed(turn: Turn) -> Generation:
    generation = Generation.claim(turn.generation.pk)
    assert generation
    return generation


def checkpoint(generation: Generation, text: str, seq: int = 2) -> bool:
    """True when the runner may go on."""
    point = Checkpoint(
        generation_id=generation.pk,
        message_id=generation.message_id or 0,
        fence=generation.fence,
        seq=seq,
        text=text,
        reasoning="",
    )
    return generation.pk not in Generation.checkpoint([point])


def lapse(generation: Generation) -> None:
    """As if whoever runs it had been silent for too long."""
    past = timezone.now() - timedelta(seconds=1)
    Generation.objects.filter(pk=generation.pk).update(lease_until=past)


def stored(turn: Turn) -> tuple[str, str]:
    generation = Generation.objects.get(pk=turn.generation.pk)
    return generation.status, Message.objects.get(pk=turn.assistant_message.pk).text
