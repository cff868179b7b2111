"""Documents that no provider sends: whatever comes, it is an event or a failure that has a code."""

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest

from streaming.accumulator import Accumulator
from streaming.bedrock.errors import CODES, FAILURES, map_error
from streaming.bedrock.events import Event
from streaming.bedrock.native.families import DIALECTS, dialect_of
from streaming.bedrock.native.metrics import Additions

pytestmark = pytest.mark.nodb

GOLDEN = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))
    for path in sorted(Path(__file__).with_name("golden").glob("*.json"))
}
KINDS = {kind.__name__: kind for kind in DIALECTS.values()}
# By chance alone, and the same chance each time: two hundred documents cost little.
DOCUMENTS = 200
PLAIN = (
    *(None, True, False, 0, 7, -1, 2**70, 1.5, "", "text", "stop", "ERROR", "message_stop", "=="),
    *("error", "thinking", "tool_use", "char_location", "text-generation", "stream-end", "\ud800"),
)


def names_in(document: Any) -> Iterator[str]:
    if isinstance(document, dict):
        yield from document
    values = document.values() if isinstance(document, dict) else document
    if isinstance(document, dict | list):
        for value in values:
            yield from names_in(value)


# Every name that a dialect knows, so that chance finds its ways in.
NAMES = sorted({name for golden in GOLDEN.values() for name in names_in(golden["ends"])})


def document(chance: Random, depth: int = 4) -> Any:
    kind = chance.random()
    if depth == 0 or kind < 0.4:
        return chance.choice(PLAIN)
    if kind < 0.55:
        return [document(chance, depth - 1) for _ in range(chance.randrange(4))]
    return anything(chance, depth - 1)


def anything(chance: Random, depth: int = 4) -> dict[str, Any]:
    names = chance.sample(NAMES, chance.randrange(6))
    return {name: document(chance, depth) for name in names}


def damaged(chance: Random, good: Any) -> Any:
    """A good document in which one value is another one, or is missing."""
    found = json.loads(json.dumps(good))
    inside: Any = found
    while inside:
        place = chance.choice(list(inside) if isinstance(inside, dict) else range(len(inside)))
        if isinstance(inside[place], dict | list) and chance.random() < 0.7:
            inside = inside[place]
        elif chance.random() < 0.7:
            inside[place] = document(chance)
            break
        else:
            del inside[place]
            break
    return found


def read(documents: Iterable[dict[str, Any]], told: Any) -> None:
    """As a call reads them, into an accumulator; nothing may be raised but what has a code."""
    accumulator, additions = Accumulator(), Additions()
    events: list[Event] = []
    failure = None
    try:
        for chunk in documents:
            additions.take(chunk)
            events.extend(additions.completed(told(chunk)))
    except FAILURES as error:
        failure = map_error(error)
    assert failure is None or failure.code in CODES
    for event in events:
        accumulator.add(event)
    json.dumps([accumulator.content(), accumulator.unknown, accumulator.unknown_raw])


@pytest.mark.parametrize("kind", KINDS)
def test_any_json_is_survived(kind: str) -> None:
    """R74: never an exception that has no code."""
    dialect, chance = KINDS[kind], Random(1)
    for _ in range(DOCUMENTS):
        read([anything(chance), anything(chance)], dialect().events)
        read([anything(chance)], dialect().whole)


@pytest.mark.parametrize("name", GOLDEN)
def test_a_damaged_answer_is_survived(name: str) -> None:
    """R74: one thing wrong in an answer that is otherwise good."""
    golden, chance = GOLDEN[name], Random(2)
    dialect = dialect_of(golden["model_id"])
    for _ in range(DOCUMENTS // 8):
        for end in golden["ends"].values():
            chunks = [damaged(chance, c) if chance.random() < 0.4 else c for c in end["chunks"]]
            read(json.loads(json.dumps(chunks)), dialect().events)
            read([damaged(chance, end["whole"])], dialect().whole)
