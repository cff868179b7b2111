"""A tab without a network: it speaks to the application as a server does."""

from __future__ import annotations

import asyncio
import json
from typing import Any
from uuid import uuid4

from channels.db import database_sync_to_async
from channels.testing import WebsocketCommunicator
from django.test import Client

WAIT = 30.0


class Tab:
    def __init__(self, application: Any, user: Any, query: str = "") -> None:
        self._application = application
        self._path = f"/ws/chat/?{query}" if query else "/ws/chat/"
        self._user = user
        self.seen: list[dict[str, Any]] = []
        self.closed_with: int | None = None

    async def __aenter__(self) -> Tab:
        session = await database_sync_to_async(_session_of)(self._user)
        headers = [
            (b"origin", b"http://testserver"),
            (b"host", b"testserver"),
            (b"cookie", f'odd={{"a": 1}}; sessionid={session}'.encode()),
        ]
        self.socket = WebsocketCommunicator(self._application, self._path, headers=headers)
        connected, self.refused_with = await self.socket.connect(timeout=WAIT)
        assert connected, self.refused_with
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        if not self.socket.future.done():
            await self.socket.disconnect(timeout=WAIT)

    async def say(self, **command: Any) -> None:
        await self.socket.send_to(text_data=json.dumps(command))

    async def command(self, type: str, **fields: Any) -> dict[str, Any]:
        ref = str(uuid4())
        await self.say(type=type, ref=ref, **fields)
        while True:
            update = await self.receive()
            if update.get("ref") == ref:
                return update

    async def ask(self, text: str, **fields: Any) -> dict[str, Any]:
        fields.setdefault("key", str(uuid4()))
        return await self.command("send", text=text, **fields)

    async def receive(self) -> dict[str, Any]:
        message = await self.socket.receive_output(WAIT)
        if message["type"] == "websocket.close":
            self.closed_with = message.get("code")
            raise ConnectionError(f"closed with {self.closed_with}")
        update: dict[str, Any] = json.loads(message["text"])
        self.seen.append(update)
        if "seq" in update:
            await self.say(type="ack", cursors={update["generation"]: update["seq"]})
        return update

    async def expect(self, *kinds: str, within: float = WAIT, **fields: Any) -> dict[str, Any]:
        """The next update of one of these types and with these fields."""
        async with asyncio.timeout(within):
            while True:
                update = await self.receive()
                if update["type"] in kinds and fields.items() <= update.items():
                    return update

    async def close_code(self) -> int | None:
        try:
            while True:
                await self.receive()
        except ConnectionError:
            return self.closed_with

    def of(self, generation: str) -> list[dict[str, Any]]:
        return [each for each in self.seen if each.get("generation") == generation]

    def text(self, generation: str) -> str:
        return "".join(each["text"] for each in self.of(generation) if each["type"] == "delta")


def _session_of(user: Any) -> str:
    client = Client()
    client.force_login(user)
    return client.cookies["sessionid"].value
