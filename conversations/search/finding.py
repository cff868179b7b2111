"""The conversations in which a person's words are found, and the messages that have them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import DEFAULT_DB_ALIAS, connections, transaction
from django.db.models import BooleanField, Exists, OuterRef, Q
from django.db.models.expressions import RawSQL
from django.db.models.functions import Left

from conversations.models import Conversation, Message
from conversations.paging import page
from conversations.search import postgres, sqlite
from conversations.search.index import is_there
from conversations.search.words import Query, Segment, excerpt, places, segments
from conversations.statements import key_of

if TYPE_CHECKING:
    from conversations.models import User
    from conversations.querysets import ConversationQuerySet

SHOWN = 3  # messages of a conversation
READ = 200_000  # characters of a message in which the place is looked for


@dataclass(frozen=True, slots=True)
class Hit:
    """A message that has what was looked for, and the place."""

    message: UUID
    role: str
    created_at: datetime
    excerpt: list[Segment]


@dataclass(frozen=True, slots=True)
class Found:
    """What of a conversation fits: its title with what of it does, and its newest messages."""

    title: list[Segment]
    hits: list[Hit]


class Search:
    """One query of one person. The rows come from a queryset of what is theirs."""

    def __init__(self, user: User, query: Query) -> None:
        self._user = user
        # An SQLite without FTS5 reads all the texts: slower, and each word may be part of another.
        if not query.pieces and not is_there(DEFAULT_DB_ALIAS):
            query = Query((), tuple(word for term in query.terms for word in term.words))
        self._query = query
        self._vendor = connections[DEFAULT_DB_ALIAS].vendor

    def page(
        self, rows: ConversationQuerySet, cursor: str | None, size: int
    ) -> tuple[list[Conversation], str | None]:
        """As `paging.page`, of those with a message, or a title, that has all terms."""
        if self._query.pieces:
            written = Message.objects.filter(_has(self._query, "text"), conversation=OuterRef("pk"))
            fitting = Exists(written) | _has(self._query, "title")
            return page(rows.filter(fitting), cursor, size)
        if self._vendor == "sqlite":
            about = f"o{self._user.pk}"
            words = sqlite.match(self._query, about)
            found = RawSQL(sqlite.CONVERSATIONS, [words])  # noqa: S611 (a constant)
            return page(rows.filter(pk__in=found), cursor, size)
        with transaction.atomic(), connections[DEFAULT_DB_ALIAS].cursor() as connection:
            connection.execute(postgres.WITHOUT_SCANS, ["off"])
            found_page = page(self._on_postgres(rows, connection), cursor, size)
            # The transaction may be part of a longer one.
            connection.execute(postgres.WITHOUT_SCANS, ["on"])
        return found_page

    def _on_postgres(self, rows: ConversationQuerySet, connection: Any) -> ConversationQuerySet:
        words = postgres.match(self._query)
        values = [postgres.whose(self._user.pk), words, words]
        connection.execute(postgres.COUNT, values)
        if connection.fetchone()[0] < postgres.MANY:
            return rows.filter(pk__in=RawSQL(postgres.CONVERSATIONS, values))  # noqa: S611
        fits = RawSQL(postgres.FITS_ONE, values, output_field=BooleanField())  # noqa: S611
        return rows.filter(fits)

    def found(self, conversations: Iterable[Conversation]) -> dict[UUID, Found]:
        """What is to be shown of these, which are the person's own."""
        pattern = places(self._query)
        keys = self._hits(list(conversations))
        wanted = [key for hits in keys.values() for key in hits]
        messages = {
            message.id: message
            for message in Message.objects.owned_by(self._user)
            .filter(pk__in=wanted)
            .only("id", "uuid", "role", "created_at")
            .annotate(beginning=Left("text", READ))
        }
        return {
            row.pk: Found(
                title=segments(row.title, pattern),
                hits=[
                    Hit(
                        message=messages[key].uuid,
                        role=messages[key].role,
                        created_at=messages[key].created_at,
                        excerpt=excerpt(messages[key].beginning, pattern),  # type: ignore[attr-defined]  # annotated
                    )
                    for key in keys[row.pk]
                    if key in messages
                ],
            )
            for row in conversations
        }

    def _hits(self, conversations: list[Conversation]) -> dict[UUID, list[int]]:
        """The keys of the newest messages that fit, by conversation."""
        if self._query.pieces:
            return {row.pk: self._read(row) for row in conversations}
        keys = {key_of(Conversation, row.pk): row.pk for row in conversations}
        with connections[DEFAULT_DB_ALIAS].cursor() as cursor:
            if self._vendor == "sqlite":
                return _on_sqlite(cursor, self._query, keys)
            words = postgres.match(self._query)
            found = {}
            for key, pk in keys.items():
                cursor.execute(postgres.HITS, [key, words, SHOWN])
                found[pk] = [row[0] for row in cursor.fetchall()]
            return found

    def _read(self, conversation: Conversation) -> list[int]:
        rows = conversation.messages.filter(_has(self._query, "text")).order_by("-id")
        return list(rows.values_list("pk", flat=True)[:SHOWN])


def _on_sqlite(cursor: Any, query: Query, keys: dict[Any, UUID]) -> dict[UUID, list[int]]:
    found: dict[UUID, list[int]] = {pk: [] for pk in keys.values()}
    if keys:
        cursor.execute(sqlite.HITS, [sqlite.match(query, *(f"c{key}" for key in keys))])
        for key, message in cursor.fetchall():
            if len(of_this := found[keys[key]]) < SHOWN:
                of_this.append(message)
    return found


def _has(query: Query, field: str) -> Q:
    """All pieces, read letter by letter. Where case can be it does not count."""
    fits = Q()
    for piece in query.pieces:
        fits &= Q(
            **{f"{field}__{'contains' if piece.upper() == piece.lower() else 'icontains'}": piece}
        )
    return fits
