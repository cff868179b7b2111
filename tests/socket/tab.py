"""A client of docs/protocol.md and of nothing else: one tab of one person's browser."""

from __future__ import annotations

import json
from contextlib import ExitStack, suppress
from typing import Any
from uuid import uuid4

from django.test import Client
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

WAIT = 60.0  # seconds, for anything that must come


class Closed(Exception):
    """The server closed the socket."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def session_of(user: Any) -> str:
    """A signed-in session, as the sign-in page makes one."""
    client = Client()
    client.force_login(user)
    return client.cookies["sessionid"].value


class Tab:
    """Sends commands, receives updates, and keeps what a browser keeps: cursors and texts."""

    def __init__(
        self, server: Any, user: Any, *, session: str = "", acks: bool = True, strict: bool = True
    ) -> None:
        self.session = session or session_of(user)
        self.acks = acks
        # Not strict: what was seen may come again (after the same key), and an end out of turn.
        self.strict = strict
        self.cursors: dict[str, int] = {}
        self.texts: dict[str, str] = {}
        self.reasonings: dict[str, str] = {}
        self.seen: list[dict[str, Any]] = []
        self._open = ExitStack()
        connecting = connect(
            f"ws://127.0.0.1:{server.port}/ws/chat/",
            origin=server.origin,
            additional_headers={"Cookie": f"sessionid={self.session}"},
            compression=None,
            max_size=None,
            close_timeout=2,
        )
        self.socket: ClientConnection = self._open.enter_context(connecting)
        self.ready = self.expect("ready")

    def __enter__(self) -> Tab:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    # --- commands -----------------------------------------------------------------------------

    def say(self, **command: Any) -> None:
        self.socket.send(json.dumps(command))

    def ask(self, text: str, **fields: Any) -> dict[str, Any]:
        """Send a message and wait until it is accepted."""
        ref = str(uuid4())
        self.say(type="send", ref=ref, key=fields.pop("key", str(uuid4())), text=text, **fields)
        return self.answer_to(ref)

    def follow(self, conversation: str, cursors: dict[str, int] | None = None) -> dict[str, Any]:
        ref = str(uuid4())
        fields = {"cursors": cursors} if cursors is not None else {}
        self.say(type="follow", ref=ref, conversation=conversation, **fields)
        return self.answer_to(ref)

    def stop(self, message: str) -> dict[str, Any]:
        ref = str(uuid4())
        self.say(type="stop", ref=ref, message=message)
        return self.answer_to(ref)

    def command(self, type: str, **fields: Any) -> dict[str, Any]:
        ref = str(uuid4())
        self.say(type=type, ref=ref, **fields)
        return self.answer_to(ref)

    # --- updates ------------------------------------------------------------------------------

    def receive(self, timeout: float = WAIT) -> dict[str, Any]:
        try:
            frame = self.socket.recv(timeout=timeout)
        except ConnectionClosed as closed:
            raise Closed(closed.rcvd.code if closed.rcvd else 1006) from None
        update: dict[str, Any] = json.loads(frame)
        self.seen.append(update)
        self._keep(update)
        return update

    def expect(self, *kinds: str, timeout: float = WAIT) -> dict[str, Any]:
        """The next update of one of these types; others are kept and passed over."""
        while True:
            update = self.receive(timeout)
            if update["type"] in kinds:
                return update

    def answer_to(self, ref: str) -> dict[str, Any]:
        while True:
            update = self.receive()
            if update.get("ref") == ref:
                return update

    def until_text(self, generation: str, text: str) -> None:
        """Wait until the text of a generation is this."""
        while self.texts.get(generation, "") != text:
            update = self.receive()
            assert update["type"] != "finished", update

    def finish(self, generation: str, timeout: float = WAIT) -> dict[str, Any]:
        while True:
            update = self.expect("finished", timeout=timeout)
            if update["generation"] == generation:
                return update

    def close_code(self, timeout: float = WAIT) -> int:
        """Read on until the server closes; ``timeout`` is the longest silence before that."""
        try:
            while True:
                self.receive(timeout)
        except Closed as closed:
            return closed.code

    def of(self, generation: str) -> list[dict[str, Any]]:
        return [update for update in self.seen if update.get("generation") == generation]

    def _keep(self, update: dict[str, Any]) -> None:
        if "seq" not in update:
            return
        generation = update["generation"]
        last = self.cursors.get(generation, 0)
        if update["type"] == "snapshot":
            self.texts[generation] = update["text"]
            self.reasonings[generation] = update["reasoning"]
        else:
            if update["seq"] <= last and (update["type"] == "finished" or not self.strict):
                return
            assert update["seq"] == last + 1 or not self.strict, _gap(last, update)
        if update["type"] == "restarted":
            self.texts[generation] = self.reasonings[generation] = ""
        if update["type"] == "delta":
            kept = self.texts if update["kind"] == "text" else self.reasonings
            kept[generation] = kept.get(generation, "") + update["text"]
        self.cursors[generation] = update["seq"]
        if self.acks:
            with suppress(ConnectionClosed):  # what came before the close is read first
                self.say(type="ack", cursors={generation: update["seq"]})


def _gap(last: int, update: dict[str, Any]) -> str:
    return f"a gap: {last}, then {update['seq']} ({update['type']})"
