"""Connections of redis-py's for asyncio whose commands can be cancelled at any moment."""

from __future__ import annotations

import asyncio
from functools import cache
from typing import Any


class Obedient:
    """Goes before a connection class of the library's.

    That sends by ``asyncio.wait_for``, which before Python 3.12 keeps a cancellation to itself when
    it comes in the moment in which the sending is done. Of the sockets that end under load one in
    fifty then waited for announcements for ever.
    """

    async def send_packed_command(self, *args: Any, **how: Any) -> None:
        task = asyncio.current_task()
        before = task.cancelling() if task else 0
        await super().send_packed_command(*args, **how)  # type: ignore[misc]
        if task and task.cancelling() > before:
            # What was asked is answered to nobody, so the connection is of no more use.
            await self.disconnect(nowait=True)  # type: ignore[attr-defined]
            raise asyncio.CancelledError


@cache
def obedient(connection_class: type) -> type:
    return type(f"Obedient{connection_class.__name__}", (Obedient, connection_class), {})
