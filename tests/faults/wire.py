"""What is between a browser and the site: delays, half-open connections, resets at byte k."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
from contextlib import suppress

PIECE = 16_384  # bytes that are passed on at a time


class Connection:
    """``budget``: bytes towards the browser until the connection is reset; None: no limit."""

    def __init__(self, browser: asyncio.StreamWriter, site: asyncio.StreamWriter) -> None:
        self.budget: int | None = None
        self.is_hole = False
        self._ends = (browser, site)

    def reset(self) -> None:
        for end in self._ends:
            taken = end.get_extra_info("socket")
            with suppress(OSError):
                # Nothing lingers: what is not sent yet is lost, and the other side sees a reset.
                taken.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            end.transport.abort()


class Wire:
    """Passes each connection on to one of the web processes, whichever: none is sticky."""

    def __init__(self, site: list[int], chance: random.Random) -> None:
        self._site = site
        self._chance = chance
        self._connections: list[Connection] = []
        self._server: asyncio.Server | None = None
        self._busy: set[asyncio.Task[None]] = set()
        self.delay = 0.0
        self.port = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for connection in list(self._connections):
            connection.reset()
        await asyncio.gather(*self._busy, return_exceptions=True)

    # --- faults -------------------------------------------------------------------------------

    def reset_at(self, byte: int, share: float) -> int:
        """Some connections are reset after so many more bytes; says how many."""
        chosen = self._some(share)
        for connection in chosen:
            connection.budget = byte
        return len(chosen)

    def half_open(self, share: float) -> int:
        """Some connections stay open and carry nothing more."""
        chosen = self._some(share)
        for connection in chosen:
            connection.is_hole = True
        return len(chosen)

    def heal(self) -> None:
        """New connections are good; those that were half-open are for the browser to notice."""
        self.delay = 0.0
        for connection in self._connections:
            connection.budget = None

    def _some(self, share: float) -> list[Connection]:
        return [one for one in self._connections if self._chance.random() < share]

    # --- passing on ---------------------------------------------------------------------------

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        port = self._chance.choice(self._site)
        try:
            site_reader, site_writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            writer.transport.abort()
            return
        connection = Connection(writer, site_writer)
        self._connections.append(connection)
        ways = [
            asyncio.create_task(self._pass_on(reader, site_writer, connection, counted=False)),
            asyncio.create_task(self._pass_on(site_reader, writer, connection, counted=True)),
        ]
        self._busy.update(ways)
        await asyncio.wait(ways)
        self._busy.difference_update(ways)
        self._connections.remove(connection)
        for end in (writer, site_writer):
            end.close()

    async def _pass_on(
        self,
        source: asyncio.StreamReader,
        target: asyncio.StreamWriter,
        connection: Connection,
        *,
        counted: bool,
    ) -> None:
        with suppress(OSError):
            while data := await source.read(PIECE):
                if self.delay:
                    await asyncio.sleep(self.delay)
                if connection.is_hole:
                    continue
                if counted and connection.budget is not None:
                    data, connection.budget = _cut(data, connection.budget)
                target.write(data)
                await target.drain()
                if connection.budget == 0:
                    connection.reset()
                    return
            if not connection.is_hole:
                target.write_eof()


def _cut(data: bytes, budget: int) -> tuple[bytes, int]:
    return data[:budget], max(0, budget - len(data))
