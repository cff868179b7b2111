"""Who may run next: how many answers run at once, in all processes together, and in which order.

Pending rows are the queue and streaming ones are what runs, so the database knows all there is to
know: no counter can drift, and what a dead process held is free again when its leases have run out.
Of the people who wait, whoever has the fewest answers running comes first: fifty questions of one
person do not hold up the first of another (R66).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.models import Subquery
from django.utils import timezone

from conversations.models import Generation
from conversations.writing import write

if TYPE_CHECKING:
    from conversations.querysets import GenerationQuerySet

LOCKS = 0x43484154  # a class of advisory locks of our own
KEYS = 2**31

# What every answer asks before it begins and when it has ended, in SQL: see ``statements``. States
# are spelled out: with parameters SQLite would not use the index of the few rows that live.
WHOSE = (
    "SELECT asked_by_id, model, {} FROM conversations_generation "
    "WHERE id = %s AND status = 'pending'"
)
LOCK_ALL = f"pg_advisory_xact_lock({LOCKS}, 0)"
LOCK_PERSON = f"pg_advisory_xact_lock({LOCKS}, (COALESCE(asked_by_id, 0) %% {KEYS})::int)"
IN_LINE = (
    "SELECT asked_by_id, model, status, COUNT(*), MIN(created_at) FROM conversations_generation "
    "WHERE status IN ('pending', 'streaming') AND "
    "(status = 'pending' AND NOT stop_requested OR status = 'streaming' AND lease_until > %s)"
)
# Whoever was turned away was told so, and numbers were used up for that.
LEFT_BEHIND = (
    "SELECT 1 FROM conversations_generation WHERE status = 'pending' AND NOT stop_requested "
    "AND (seq > 0 OR created_at < %s) LIMIT 1"
)
ON_ITS_WAY = timedelta(seconds=1)  # from the question to whoever is to answer it
GROUPED = "GROUP BY asked_by_id, model, status"

Group = tuple[int | None, str]  # a person's answers by one model


@dataclass(frozen=True, slots=True)
class Limits:
    """Answers that run at once. None: as many as there are threads for."""

    per_person: int
    everywhere: int | None = None
    per_model: int | None = None

    @property
    def shared(self) -> bool:
        """Whether one person's answers can stand in the way of another's."""
        return self.everywhere is not None or self.per_model is not None


@dataclass(slots=True)
class Line:
    """What runs and what waits, counted by person and model; ``since``: the oldest that waits."""

    running: Counter[Group]
    waiting: Counter[Group]
    since: dict[Group, Any]  # as the database has it, to be compared only

    def admitted(self, limits: Limits) -> list[Group]:
        """Whose answers may run now, in the order in which they are let in."""
        people: Counter[int | None] = Counter()
        models: Counter[str] = Counter()
        for (person, model), count in self.running.items():
            people[person] += count
            models[model] += count
        left, let_in = self.waiting.copy(), []
        while limits.everywhere is None or people.total() < limits.everywhere:
            may = [
                (person, model)
                for (person, model), count in left.items()
                if count
                and people[person] < limits.per_person
                and (limits.per_model is None or models[model] < limits.per_model)
            ]
            if not may:
                break
            first = min(may, key=lambda group: (people[group[0]], self.since[group]))
            left[first] -= 1
            people[first[0]] += 1
            models[first[1]] += 1
            let_in.append(first)
        return let_in

    def ahead_of(self, group: Group, before: int) -> int:
        """About how many come before one that has ``before`` of its own person in front of it."""
        person = group[0]
        mine = self._of(self.running, person) + before
        others = {who for who, _ in self.waiting} - {person}
        since = self.since.get(group)
        ahead = before
        for other in others:
            oldest = min(at for (who, _), at in self.since.items() if who == other)
            turns = mine - self._of(self.running, other) + (since is None or oldest < since)
            ahead += min(max(turns, 0), self._of(self.waiting, other))
        return ahead

    def _of(self, counts: Counter[Group], person: int | None) -> int:
        return sum(count for (who, _), count in counts.items() if who == person)


def limits() -> Limits:
    return Limits(
        per_person=settings.MAX_RUNNING_PER_PERSON,
        everywhere=settings.MAX_RUNNING_EVERYWHERE or None,
        per_model=settings.MAX_RUNNING_PER_MODEL or None,
    )


def admit(generation_id: UUID, begun: Generation | None = None) -> Generation | None:
    """Claim a pending generation if it may run now; None where it waits, or waits no more.

    It may run if all that come before it may run as well. ``begun``: as for the claim.
    """
    with write():
        group = _alone_with(generation_id, begun)
        if group is None:
            return None
        line = _line(None if limits().shared else group[0])
        may = line.admitted(limits()).count(group)
        # Usually nobody waits but this one.
        if may < line.waiting[group] and may <= _before(group, generation_id):
            return None
        return Generation.claim(generation_id, begun)


def up_next() -> list[UUID]:
    """All that may run now and do not, whoever comes first first."""
    admitted = _line().admitted(limits())
    ids = {
        group: iter(_pending(group).order_by("created_at").values_list("pk", flat=True)[:count])
        for group, count in Counter(admitted).items()
    }
    found = [next(ids[group], None) for group in admitted]
    return [generation_id for generation_id in found if generation_id is not None]


def next_in_line() -> UUID | None:
    """Whom to go on with after an answer, if anybody was turned away, or is looked after by nobody.

    What was just asked is left to the thread, or the worker, that is being told of it.
    """
    lost = connection.ops.adapt_datetimefield_value(timezone.now() - ON_ITS_WAY)
    with connection.cursor() as cursor:
        cursor.execute(LEFT_BEHIND, [lost])
        if cursor.fetchone() is None:
            return None
    return first_in_line()


def first_in_line() -> UUID | None:
    """Who may run now and comes before all others."""
    admitted = _line().admitted(limits())
    if not admitted:
        return None
    rows = _pending(admitted[0]).order_by("created_at")
    return rows.values_list("pk", flat=True).first()


def ahead_of(generation: Generation) -> int:
    """About how many answers are let in before this one."""
    group = (generation.asked_by_id, generation.model)
    own = Generation.objects.pending().filter(asked_by=generation.asked_by_id)
    before = own.filter(created_at__lt=generation.created_at).count()
    return _line().ahead_of(group, before)


def _alone_with(generation_id: UUID, begun: Generation | None) -> Group | None:
    """Whose it is; until the end of the transaction nobody else lets in what could compete."""
    # SQLite has one writer, and this transaction is one from its beginning.
    locks = connection.vendor == "postgresql"
    shared = limits().shared
    with connection.cursor() as cursor:
        if begun is not None:
            if locks:
                person = 0 if shared else (begun.asked_by_id or 0) % KEYS
                cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCKS, person])
            return begun.asked_by_id, begun.model
        key = Generation._meta.pk.get_db_prep_value(generation_id, connection)
        lock = (LOCK_ALL if shared else LOCK_PERSON) if locks else "NULL"
        cursor.execute(WHOSE.format(lock), [key])
        row = cursor.fetchone()
    return None if row is None else (row[0], row[1])


def _line(person: int | None = None) -> Line:
    """The line, or one person's part of it."""
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    line = Line(Counter(), Counter(), {})
    with connection.cursor() as cursor:
        if person is None:
            cursor.execute(f"{IN_LINE} {GROUPED}", [now])
        else:
            cursor.execute(f"{IN_LINE} AND asked_by_id = %s {GROUPED}", [now, person])
        for who, model, status, count, oldest in cursor.fetchall():
            if status == Generation.Status.PENDING:
                line.waiting[who, model] = count
                line.since[who, model] = oldest
            else:
                line.running[who, model] = count
    return line


def _before(group: Group, generation_id: UUID) -> int:
    asked_at = Generation.objects.filter(pk=generation_id).values("created_at")
    return _pending(group).filter(created_at__lt=Subquery(asked_at)).count()


def _pending(group: Group) -> GenerationQuerySet:
    return Generation.objects.pending().filter(asked_by=group[0], model=group[1])
