"""The recorded answers of the real service, served again. They are not part of the project."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

from tests.quiet import QuietServer

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "recordings"
HOP_BY_HOP = {"transfer-encoding", "content-length", "connection", "content-encoding"}
# An odd size, so that frames are cut in every place.
CHUNK = 611

# The providers' words for the end, and Bedrock's.
STOP_WORDS = {
    "COMPLETE": "end_turn",
    "FINISH": "end_turn",
    "LENGTH": "max_tokens",
    "MAX_TOKENS": "max_tokens",
    "endoftext": "end_turn",
    "length": "max_tokens",
    "stop": "end_turn",
    # Claude 2 stops there because a turn of its template would begin.
    "stop_sequence": "end_turn",
}

# What is in the error that was recorded, and the code that it has here.
CODES = {
    "ExpiredTokenException": "credentials",
    "InvalidSignatureException": "credentials",
    "doesn't support the video content block": "unsupported_attachment",
    "tools.0": "model_error",
}


def recordings(operation: str, *, failed: bool = False) -> list[dict[str, Any]]:
    """The recordings of an operation that succeeded, or that failed."""
    found = [json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.json"))]
    return [
        recording
        for recording in found
        if recording["operation"] == operation and (recording["status"] != 200) == failed
    ]


@dataclass
class Replay:
    """A server's URL, and the recording that answers its next requests."""

    url: str
    recording: dict[str, Any] = field(default_factory=dict)


@contextmanager
def replaying() -> Iterator[Replay]:
    """A server that answers with recordings, headers and all."""

    class Answer(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Pieces arrive as they were written, so that frames are cut in every place.
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            recording = replay.recording
            body = base64.b64decode(recording["body_base64"])
            self.send_response(recording["status"])
            for name, value in recording["headers"].items():
                if name.lower() not in HOP_BY_HOP:
                    self.send_header(name, value)
            if recording["status"] == 200 and recording["operation"].endswith("Stream"):
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                for start in range(0, len(body), CHUNK):
                    piece = body[start : start + CHUNK]
                    self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
                self.wfile.write(b"0\r\n\r\n")
            else:
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *args: object) -> None:
            """The output of the tests is not the place."""

    with QuietServer(("127.0.0.1", 0), Answer) as server:
        replay = Replay(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield replay
        finally:
            server.shutdown()
            thread.join()
