"""A streamed HTTP call to a server that speaks as OpenAI's does: server-sent events, one by one."""

import asyncio
import json
import ssl
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from typing import Any
from urllib.parse import SplitResult, urlsplit

import h11

Json = dict[str, Any]

_CONNECT_SECONDS = 10.0
_PIECE = 65_536


class AnsweredError(Exception):
    """The server answered with an HTTP error: `status`, and what it said."""

    def __init__(self, status: int, message: str) -> None:
        self.status = status
        self.message = message
        super().__init__(f"{status}: {message}")


class BrokenError(Exception):
    """The server could not be reached, or broke off."""


def checked(url: str) -> str:
    """The base address without a slash or `/v1` at its end. Raises ValueError for what is none."""
    parts = urlsplit(url.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.username:
        raise ValueError(f"LOCAL_MODEL_URL must be like http://127.0.0.1:11434, not {url!r}.")
    _ = parts.port  # which raises for a port that is no number
    return url.strip().rstrip("/").removesuffix("/v1").rstrip("/")


async def models(base: str) -> list[str]:
    """The names of the server's models. Raises AnsweredError, BrokenError."""
    async with aclosing(_exchange(base, "GET", "/v1/models", b"")) as pieces:
        document = _loads(b"".join([piece async for piece in pieces]))
    found = document.get("data") if document else None
    listed = found if isinstance(found, list) else []
    return [str(model["id"]) for model in listed if isinstance(model, dict) and "id" in model]


async def completion(base: str, body: Json) -> AsyncGenerator[Json | None, None]:
    """The chunks of a streamed chat completion; first None, when the server has begun to answer.

    It ends with `[DONE]` or with the body. Closing it ends the call. Raises AnsweredError,
    BrokenError.
    """
    data = json.dumps(body).encode()
    buffered = b""
    async with aclosing(_exchange(base, "POST", "/v1/chat/completions", data)) as pieces:
        async for piece in pieces:
            if not piece:
                yield None
            *lines, buffered = (buffered + piece).split(b"\n")
            for line in lines:
                if line.startswith(b"data:"):
                    if line[5:].strip() == b"[DONE]":
                        return
                    if chunk := _loads(line[5:]):
                        yield chunk


async def _exchange(base: str, method: str, path: str, body: bytes) -> AsyncGenerator[bytes, None]:
    """The pieces of a body; the first is empty, and comes with the status."""
    url = urlsplit(base)
    async with _connection(url) as (reader, writer):
        connection = h11.Connection(h11.CLIENT)
        request = h11.Request(
            method=method,
            target=f"{url.path}{path}",
            headers=[
                ("host", url.netloc),
                ("content-type", "application/json"),
                ("content-length", str(len(body))),
                ("connection", "close"),
            ],
        )
        writer.write((connection.send(request) or b"") + body)
        connection.send(h11.Data(data=body))
        connection.send(h11.EndOfMessage())
        refused: h11.Response | None = None
        said = b""
        try:
            while not isinstance(event := await _next(connection, reader), h11.EndOfMessage):
                if isinstance(event, h11.Response) and event.status_code >= 300:
                    refused = event
                elif isinstance(event, h11.Response):
                    yield b""
                elif isinstance(event, h11.Data) and refused:
                    said += event.data
                elif isinstance(event, h11.Data):
                    yield bytes(event.data)
        except (OSError, h11.RemoteProtocolError) as failure:
            raise BrokenError("The server of the local model broke off.") from failure
        if refused:
            raise AnsweredError(refused.status_code, _message_in(said))


@asynccontextmanager
async def _connection(
    url: SplitResult,
) -> AsyncGenerator[tuple[asyncio.StreamReader, asyncio.StreamWriter], None]:
    secure = ssl.create_default_context() if url.scheme == "https" else None
    port = url.port or (443 if secure else 80)
    try:
        async with asyncio.timeout(_CONNECT_SECONDS):
            reader, writer = await asyncio.open_connection(url.hostname, port, ssl=secure)
    except (OSError, TimeoutError) as failure:
        raise BrokenError("The server of the local model cannot be reached.") from failure
    try:
        yield reader, writer
    finally:
        # At once: a server that still writes learns so that nobody reads.
        writer.transport.abort()


async def _next(connection: h11.Connection, reader: asyncio.StreamReader) -> Any:
    while (event := connection.next_event()) is h11.NEED_DATA:
        connection.receive_data(await reader.read(_PIECE))
    return event


def _message_in(said: bytes) -> str:
    """What an error says: `{"error": {"message": …}}`, or `{"error": …}`, or anything else."""
    match _loads(said):
        case {"error": {"message": str(message)}} | {"error": str(message)}:
            return message
    return said.decode(errors="replace")[:500]


def _loads(data: bytes) -> Json:
    try:
        document = json.loads(data)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
