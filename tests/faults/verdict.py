"""What must hold when everything is quiet again (docs/protocol.md, guarantees)."""

from __future__ import annotations

from tests.faults.book import Book, Shown
from tests.faults.browser import Browser
from tests.faults.stored import LIVE, Death, Row


def judge(
    tabs: list[Browser], book: Book, rows: list[Row], deaths: list[Death], costs: float
) -> list[str]:
    """Every violation as a sentence; ``deaths``: when whoever ran generations was killed."""
    return [
        *_accepted_is_stored(book, rows),
        *_ended_once(book, rows),
        *_texts_are_right(book, rows),
        *(wrong for tab in tabs for wrong in shows_what_is_stored(tab, rows)),
        *(
            f"{tab.name}: {wrong}"
            for tab in tabs
            for shown in tab.shown.values()
            for death in deaths
            for wrong in _cost(shown, death, costs)
        ),
    ]


def _accepted_is_stored(book: Book, rows: list[Row]) -> list[str]:
    known = {row.generation for row in rows}
    return [
        f"accepted, and not in the database: {frame}"
        for frame in book.accepted.values()
        if frame["generation"] not in known
    ]


def _ended_once(book: Book, rows: list[Row]) -> list[str]:
    statuses = {row.generation: row for row in rows}
    wrong = [f"never ended: {row}" for row in rows if row.status in LIVE]
    for generation, end in book.ends.items():
        row = statuses[generation]
        if (row.status, row.seq) != (end["status"], end["seq"]):
            wrong.append(f"ended otherwise than stored: {end} {row}")
    return wrong


def _texts_are_right(book: Book, rows: list[Row]) -> list[str]:
    wrong = []
    for row in rows:
        expected = book.expected.get(row.message)
        if expected is None:
            continue
        if not expected.startswith(row.text):
            wrong.append(f"stored is what was not answered: {row} instead of {expected}")
        if row.status == "complete" and row.text != expected:
            wrong.append(f"complete, and it is not: {row} instead of {expected}")
    return wrong


def shows_what_is_stored(tab: Browser, rows: list[Row]) -> list[str]:
    latest = {row.message: row for row in rows}
    wrong = []
    for message, shown in tab.shown.items():
        row = latest.get(message)
        if row is None:
            wrong.append(f"{tab.name} shows {message}, which is not stored")
        elif (shown.text, shown.status) != (row.text, row.status):
            wrong.append(f"{tab.name} shows {shown.status} {shown.text!r}, stored is {row}")
    for row in rows:
        if row.conversation in tab.conversations and row.message not in tab.shown:
            wrong.append(f"{tab.name} does not know of {row}")
    return wrong


def _cost(shown: Shown, death: Death, costs: float) -> list[str]:
    """What was shown ``costs`` before a kill was stored when it came (R14: a second at most).

    Not what is shown afterwards: an attempt that begins anew may be at its first words by then.
    """
    if shown.voided:
        return []
    before: dict[str, int] = {}
    for at, generation, length in shown.lengths:
        if at <= death.at - costs:
            before[generation] = length
        elif at <= death.at:  # what a snapshot has taken back by then was no kill's doing
            before[generation] = min(before.get(generation, 0), length)
    return [
        f"a kill took {length} → {death.stored[generation]} of {shown.text[:40]!r}"
        for generation, length in before.items()
        if death.stored.get(generation, length) < length
    ]
