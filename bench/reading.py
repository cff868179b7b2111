"""What the frames of a measurement say: latencies, and whether every text is whole."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

Frames = list[tuple[int, bytes]]
PIECES_TOLD = 5  # of what went wrong


def figures(
    people: Iterable[tuple[int, Frames, str]],
    *,
    deltas: int | None,
    size: int,
    windows: Sequence[tuple[float, float]] = (),
) -> dict[str, Any]:
    """Milliseconds. ``people``: when each asked (µs), the frames, what went wrong.

    With ``deltas`` every answer must have so many. ``windows``: parts of the time (µs) whose
    latencies are wanted, by when the model sent.
    """
    people = list(people)
    told = [(asked, *_deltas(frames, size), trouble) for asked, frames, trouble in people]
    every = [(sent, (got - sent) / 1000) for _, stamps, _, _ in told for sent, got in stamps]
    troubles = [trouble or broken for _, _, broken, trouble in told if trouble or broken]
    if deltas is not None:
        troubles += [
            f"{len(stamps)} of {deltas} deltas"
            for _, stamps, broken, trouble in told
            if not trouble and not broken and len(stamps) != deltas
        ]
    return {
        "streams": len(people),
        "deltas": len(every),
        "frames": sum(len(frames) for _, frames, _ in people),
        "latency_ms": spread([late for _, late in every]),
        "windows_ms": [
            spread([late for sent, late in every if start <= sent < end]) for start, end in windows
        ],
        "first_ms": spread([(s[0][1] - asked) / 1000 for asked, s, _, _ in told if s]),
        # From the command to the model's first word, and from there to the client.
        "before_model_ms": spread([(s[0][0] - asked) / 1000 for asked, s, _, _ in told if s]),
        "after_model_ms": spread([(s[0][1] - s[0][0]) / 1000 for _, s, _, _ in told if s]),
        "troubles": len(troubles),
        "trouble": troubles[:PIECES_TOLD],
    }


def digest_of(frames: Frames) -> dict[str, Any]:
    """Which answer it was and a digest of its text, to be compared with what is stored."""
    updates = [json.loads(frame) for _, frame in frames]
    text = ""
    for update in updates:
        if update["type"] in {"delta", "snapshot"}:
            text = text * (update["type"] == "delta") + update["text"]
    accepted: dict[str, Any] = next((u for u in updates if u["type"] == "accepted"), {})
    return {
        "message": accepted.get("assistant_message"),
        "conversation": accepted.get("conversation"),
        "digest": hashlib.sha256(text.encode()).hexdigest(),
    }


def spread(values: list[float]) -> dict[str, float] | None:
    if not values:
        return None
    ordered = sorted(values)
    last = len(ordered) - 1
    return {
        name: round(ordered[round(last * share)], 2)
        for name, share in (("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("max", 1.0))
    }


def _deltas(frames: Frames, size: int) -> tuple[list[tuple[int, int]], str]:
    """When each delta was sent by the model and got here (µs), and what is wrong with the text."""
    found: list[tuple[int, int]] = []
    seq, broken = 0, ""
    for got, frame in frames:
        update = json.loads(frame)
        if "seq" in update:
            if update["type"] != "snapshot" and update["seq"] != seq + 1:
                broken = f"a gap: {update['seq']} after {seq}"
            seq = update["seq"]
        if update["type"] == "refused":
            broken = f"refused: {update['code']}"
        elif update["type"] == "finished" and update.get("status", "complete") != "complete":
            broken = f"{update['status']}: {update['error']}"
        elif update["type"] in {"delta", "snapshot"}:
            # Several of the model's deltas can be in one update: each says when it was sent. A
            # snapshot, under load, has all of them: those that were not there before count.
            text = update["text"]
            known = len(found) * size if update["type"] == "snapshot" else 0
            for start in range(known, len(text), size):
                found.append((int(text[start : start + size].split(" ", 1)[0]), got))
    if any(later[0] < sooner[0] for sooner, later in pairwise(found)):
        broken = "the text is not in order"
    return found, broken
