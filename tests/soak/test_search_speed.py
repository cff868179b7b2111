"""Search in 100,000 messages of one person's among as many of others: what it costs.

Prints what it measures (``-s``), figures for docs/performance.md; the limit that it holds is ten
times as wide, since a test machine has other things to do.
"""

from __future__ import annotations

import random
import statistics
import sys
import time
from itertools import accumulate

import pytest
from django.db import connection

from conversations.models import Conversation, Message, User
from conversations.search.finding import Search
from conversations.search.words import parse

pytestmark = [pytest.mark.soak, pytest.mark.django_db]

CONVERSATIONS = 20_000
MESSAGES = 10  # of each
WORDS = 30_000
LIMIT = 1.0  # seconds


def vocabulary() -> list[str]:
    letters = "abcdefghijklmnopqrstuvwxyz"
    return ["".join(random.choices(letters, k=random.randint(3, 10))) for _ in range(WORDS)]


def filled(alice: User, bob: User, words: list[str]) -> None:
    """Texts of 90 words on average, whose words are as frequent as those of a language."""
    weights = list(accumulate(1 / (rank + 1) for rank in range(WORDS)))
    texts = [
        " ".join(random.choices(words, cum_weights=weights, k=length))
        for length in (30, 150)
        for _ in range(2_000)
    ]
    for first in range(0, CONVERSATIONS, 500):
        rows = [
            Conversation(owner=alice if number % 2 else bob, title="Talk", model="m")
            for number in range(first, first + 500)
        ]
        Conversation.objects.bulk_create(rows)
        Message.objects.bulk_create(
            Message(
                conversation=row,
                role="assistant" if place % 2 else "user",
                text=f"{random.choice(texts)} {random.choice(words)}",
            )
            for row in rows
            for place in range(MESSAGES)
        )


def test_a_hundred_thousand_messages_are_searched_while_one_types(alice: User, bob: User) -> None:
    random.seed(7)
    words = vocabulary()
    began = time.monotonic()
    filled(alice, bob, words)
    Message.objects.create(
        conversation=Conversation.objects.filter(owner=bob)[0],
        role="user",
        text="onlyothers " * 3,
    )
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("ANALYZE")
    report = [f"{connection.vendor}: filled in {time.monotonic() - began:.0f} s"]
    queries = {
        "the most frequent word": words[0],
        "in every second message": words[5],
        "in every seventh": words[50],
        "in every fiftieth": words[500],
        "a rare one": words[-1],
        "two letters, begun": words[5][:2],
        "a frequent and a rare one": f"{words[3]} {words[-1]}",
        "a phrase of frequent ones": f'"{words[0]} {words[1]}"',
        "a word of others only": "onlyothers",
        "in Chinese, not there": "潮汐",
    }
    slowest = 0.0
    for name, text in queries.items():
        taken = []
        for _ in range(5):
            started = (time.perf_counter(), time.process_time())
            query = parse(text)
            assert query is not None
            search = Search(alice, query)
            rows = Conversation.objects.owned_by(alice).with_running()
            items, _ = search.page(rows, None, 20)
            search.found(items)
            taken.append(
                (time.perf_counter() - started[0], time.process_time() - started[1], len(items))
            )
        wall = statistics.median(each[0] for each in taken)
        here = statistics.median(each[1] for each in taken)
        report.append(
            f"{name:28} {wall * 1000:7.1f} ms, CPU here {here * 1000:6.1f}, {taken[0][2]} found"
        )
        if not _is_read(text):
            slowest = max(slowest, wall)
    sys.stdout.write("\n".join(["", *report, ""]))
    assert slowest < LIMIT


def _is_read(text: str) -> bool:
    query = parse(text)
    return query is not None and bool(query.pieces)
