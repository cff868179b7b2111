"""The wire contract, version 1: commands decoded and checked, updates encoded.

The public text is docs/protocol.md, the mirror static/js/protocol.js; both implementations read
the samples in tests/samples/protocol.json. This module knows no socket and no database.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from json.encoder import encode_basestring
from typing import Annotated, Any, Final, Literal, NamedTuple
from urllib.parse import parse_qs
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, StrictInt, StrictStr
from pydantic import ValidationError as _ValidationError

from conversations.options import Opening
from conversations.text import clean, clean_json

VERSION: Final = 1
FRAME_LIMIT: Final = 256 * 1024  # bytes of UTF-8; larger ones are refused and otherwise ignored

# Close codes. An application under Daphne can send only 1000 and 3000-4999.
RESTARTING: Final = 4001
TRY_LATER: Final = 4013
NOT_JSON: Final = 4400
SESSION_ENDED: Final = 4401
TOO_MANY_SOCKETS: Final = 4429

Cursor = Annotated[StrictInt, Field(ge=0)]
Cursors = dict[UUID, Cursor]


def is_spoken(query: bytes) -> bool:
    """Whether a client speaks this version: one says so in its address, or says nothing (R99)."""
    stated = parse_qs(query.decode("ascii", "replace")).get("protocol", [])
    return all(version == str(VERSION) for version in stated)


class _Command(BaseModel):
    # Unknown fields are refused: nothing a client invents may reach a model (R26, R47).
    model_config = ConfigDict(extra="forbid", frozen=True)

    ref: Annotated[StrictStr, Field(max_length=64)] | None = None


class Follow(_Command):
    type: Literal["follow"]
    conversation: UUID
    cursors: Cursors = Field(default_factory=dict)


class Unfollow(_Command):
    type: Literal["unfollow"]
    conversation: UUID


class Options(Opening):
    system_prompt: StrictStr | None = None


class Send(_Command):
    type: Literal["send"]
    key: UUID
    text: StrictStr
    # Absent: a new conversation. Null is no id.
    conversation: UUID = Field(default=None)  # type: ignore[assignment]
    parent: UUID | None = None
    # How many a model takes is its own: more than this no model does.
    attachments: Annotated[list[UUID], Field(max_length=100)] = Field(default_factory=list)
    model: Annotated[StrictStr, Field(min_length=1, max_length=256)] | None = None
    options: Options | None = None

    @property
    def is_new(self) -> bool:
        return "conversation" not in self.model_fields_set

    @property
    def names_parent(self) -> bool:
        """``parent: null`` is a new first message; absent means below the newest."""
        return "parent" in self.model_fields_set


class Regenerate(_Command):
    type: Literal["regenerate"]
    key: UUID
    message: UUID
    model: Annotated[StrictStr, Field(min_length=1, max_length=256)] | None = None


class Continue(_Command):
    type: Literal["continue"]
    key: UUID
    message: UUID


class Stop(_Command):
    type: Literal["stop"]
    message: UUID


class Ack(_Command):
    type: Literal["ack"]
    cursors: Cursors


class Ping(_Command):
    type: Literal["ping"]


Command = Follow | Unfollow | Send | Regenerate | Continue | Stop | Ack | Ping
_TYPES: Final[dict[str, type[Command]]] = {
    "follow": Follow,
    "unfollow": Unfollow,
    "send": Send,
    "regenerate": Regenerate,
    "continue": Continue,
    "stop": Stop,
    "ack": Ack,
    "ping": Ping,
}


class NotACommand(Exception):
    """The frame is not JSON or not an object: there is nothing to answer to."""


@dataclass(eq=False)
class Malformed(Exception):
    """An object that is no command of this version; answered by ``refused``."""

    code: str
    detail: str
    ref: str | None


def decode(frame: str) -> tuple[Command, dict[str, Any]]:
    """A frame as a command and as the cleaned object that it was (for its digest).

    Raises ``NotACommand`` or ``Malformed``; no other exception, whatever the bytes (R45).
    """
    body = parse(frame)
    if len(frame) * 4 > FRAME_LIMIT and len(frame.encode("utf-8", "replace")) > FRAME_LIMIT:
        raise Malformed("too_large", "This is longer than the server accepts.", _ref_of(body))
    return understand(body)


def understand(body: dict[str, Any]) -> tuple[Command, dict[str, Any]]:
    """The same of an object that is parsed already; raises alike."""
    body = _clean(body)
    ref = _ref_of(body)
    if not isinstance(body.get("type"), str):
        raise Malformed("malformed", "A command needs a type.", ref)
    if body["type"] not in _TYPES:
        raise Malformed("unknown_type", "This server does not know such a command.", ref)
    try:
        command = _TYPES[body["type"]].model_validate(body)
    except _ValidationError as error:
        raise Malformed("malformed", _complaint(error), ref) from None
    _check(command, ref)
    return command, body


def parse(frame: str | bytes) -> dict[str, Any]:
    """The JSON object in it; raises ``NotACommand``."""
    try:
        body = json.loads(frame)
    # ValueError: also a number of too many digits; RecursionError: 60,000 nested brackets.
    except (ValueError, RecursionError):
        raise NotACommand from None
    if not isinstance(body, dict):
        raise NotACommand
    return body


def _clean(body: dict[str, Any]) -> dict[str, Any]:
    try:
        cleaned: dict[str, Any] = clean_json(body)
    except RecursionError:
        raise NotACommand from None
    return cleaned


def _ref_of(body: dict[str, Any]) -> str | None:
    ref = body.get("ref")
    return clean(ref) if isinstance(ref, str) and len(ref) <= 64 else None


def _complaint(error: _ValidationError) -> str:
    """Which field is wrong, without repeating what it held."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    where = ".".join(str(part) for part in first["loc"]) or "command"
    # A field of the client's own invention would be repeated here: cut it.
    return f"The field {where[:80]} is not as the protocol says."


def _check(command: Command, ref: str | None) -> None:
    if not isinstance(command, Send):
        return
    if command.is_new and command.names_parent:
        raise Malformed("malformed", "A new conversation has no parent to answer below.", ref)
    if not command.is_new and command.options is not None:
        raise Malformed("malformed", "Options belong to a new conversation.", ref)
    if not command.text.strip() and not command.attachments:
        raise Malformed("empty", "There is nothing to send.", ref)


# --- updates ----------------------------------------------------------------------------------


def encode(kind: str, ref: str | None = None, **fields: Any) -> str:
    """An update that is not numbered, as a frame; ``ref`` only where there is one to repeat."""
    body: dict[str, Any] = {"type": kind, **fields}
    if ref is not None:
        body["ref"] = ref
    return _dumps(body)


class Update(NamedTuple):
    """A numbered update of a generation, encoded once for all sockets."""

    seq: int
    frame: str
    last: bool = False  # nothing comes after it
    behind: str = ""  # a frame that is not counted and comes right behind


def retracts(update: Update) -> bool:
    """Whether it withdraws what the updates before it said."""
    return update.frame.startswith('{"type":"retracted",')


def emptied(update: Update) -> Update:
    """The same number without what the model said: as a delta without text."""
    body = json.loads(update.frame)
    if body["type"] not in ("delta", "notice"):
        return update
    ids = {name: body[name] for name in ("conversation", "message", "generation", "seq")}
    return update._replace(frame=_dumps({"type": "delta", **ids, "kind": "text", "text": ""}))


class Encoder:
    """Encodes the updates of one generation; what is the same in all of them is encoded once."""

    def __init__(self, *, conversation: UUID, message: UUID, generation: UUID) -> None:
        self._ids = (
            f'"conversation":"{conversation}","message":"{message}","generation":"{generation}"'
        )
        self._delta = f'{{"type":"delta",{self._ids},"seq":'

    def delta(self, seq: int, kind: str, text: str) -> Update:
        # The hot path: some twenty times a second for each answer that is being written.
        return Update(seq, f'{self._delta}{seq},"kind":"{kind}","text":{encode_basestring(text)}}}')

    def started(self, seq: int, *, model: str, attempt: int) -> Update:
        return self._update("started", seq, model=model, attempt=attempt)

    def restarted(self, seq: int, *, attempt: int, reason: str) -> Update:
        return self._update("restarted", seq, attempt=attempt, reason=reason)

    def retracted(self, seq: int, *, reason: str, text: str) -> Update:
        return self._update("retracted", seq, reason=reason, text=text)

    def notice(self, seq: int, code: str, detail: str, data: dict[str, Any]) -> Update:
        return self._update("notice", seq, code=code, detail=detail, data=data)

    def finished(self, seq: int, fields: dict[str, Any]) -> Update:
        return self._update("finished", seq, **fields)._replace(last=True)

    def snapshot(self, seq: int, *, text: str, reasoning: str, status: str) -> Update:
        return self._update("snapshot", seq, text=text, reasoning=reasoning, status=status)

    def _update(self, kind: str, seq: int, **fields: Any) -> Update:
        rest = _dumps(fields)[1:]
        return Update(seq, f'{{"type":"{kind}",{self._ids},"seq":{seq},{rest}')


def _dumps(body: dict[str, Any]) -> str:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
