"""What Celery workers do. Arguments are ids; each task may run twice, or late, without harm.

While versions are exchanged a newer one may say more of a task than this one asks for: that is left
alone (R99).
"""

from __future__ import annotations

from uuid import UUID

from celery import shared_task

from conversations import purge as purging
from streaming.syncing import sync_quietly
from streaming.worker import the_worker


@shared_task
def run_generation(generation_id: str, **_: object) -> None:
    """Write an answer that is pending; the claim decides who of several does."""
    the_worker().run(UUID(generation_id))


@shared_task
def suggest_title(generation_id: str, **_: object) -> None:
    """Title the conversation of an answer, if nobody has."""
    the_worker().suggest_title(UUID(generation_id))


@shared_task
def summarize(generation_id: str, **_: object) -> None:
    """Sum up what an answer was written without, where its conversation asks for that."""
    the_worker().summarize(UUID(generation_id))


@shared_task
def sweep(**_: object) -> None:
    """Look for what nobody takes care of. Every process does; this is for one that has no other."""
    the_worker().sweep()


@shared_task
def purge(**_: object) -> None:
    """What was deleted long enough ago goes for good."""
    purging.purge(purging.deadline())


@shared_task
def sync_models(**_: object) -> None:
    """The catalogue of models follows what the account lists."""
    sync_quietly()
