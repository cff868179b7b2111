"""A small server with an API as OpenAI's, on loopback: what Ollama and llama.cpp are to the
endpoint."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.quiet import QuietServer

Json = dict[str, Any]
# Takes what a chat completion is asked, and writes its answer.
Play = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    server: "OpenAIServer"

    def do_GET(self) -> None:
        found = {"data": [{"id": name} for name in self.server.names]}
        self.reply(200, found)

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.asked.append((self.path, json.loads(body)))
        self.server.play(self)

    def reply(self, status: int, document: Json) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def begin(self) -> None:
        """The headers of a stream, whose end is the end of the connection."""
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.end_headers()

    def chunk(self, document: Json) -> None:
        self.wfile.write(f"data: {json.dumps(document)}\n\n".encode())

    def delta(self, finish_reason: str | None = None, **delta: Any) -> None:
        self.chunk({"choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}]})

    def done(self) -> None:
        self.wfile.write(b"data: [DONE]\n\n")

    def log_message(self, *args: Any) -> None:
        """Quiet."""


class OpenAIServer(QuietServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.names = ["tiny-model", "other-model"]
        self.asked: list[tuple[str, Json]] = []
        self.play: Play = say("Hello from here.")

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def request(self) -> Json:
        """The newest request."""
        return self.asked[-1][1]


def say(text: str, reason: str = "stop", usage: Json | None = None) -> Play:
    def play(handler: Handler) -> None:
        handler.begin()
        handler.delta(role="assistant", content="")
        for word in text.split(" "):
            handler.delta(content=f"{word} ")
        handler.delta(reason)
        if usage:
            handler.chunk({"choices": [], "usage": usage})
        handler.done()

    return play


@contextmanager
def serving() -> Iterator[OpenAIServer]:
    server = OpenAIServer()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
