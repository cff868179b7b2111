"""Hanging up through TLS, as it is in production: there the socket is not the whole line."""

import datetime
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from streaming.bedrock.client import build_client
from streaming.bedrock.converse import ConverseStream
from streaming.bedrock.errors import Aborted
from streaming.bedrock.request import Request
from tests.bedrock.framing import event
from tests.bedrock.test_abort import LIMIT, PATIENCE, Reader, has_text

pytestmark = pytest.mark.nodb

HEADERS = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.amazon.eventstream\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)


class SilentService:
    """Takes one call over TLS, says so much, and then nothing until the other side hangs up."""

    def __init__(self, context: ssl.SSLContext, says: bytes) -> None:
        self.asked = threading.Event()
        self.hung_up = threading.Event()
        self._context = context
        self._says = says
        self._server = socket.create_server(("127.0.0.1", 0))
        self.url = f"https://127.0.0.1:{self._server.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.close()
        self._thread.join(PATIENCE)

    def _serve(self) -> None:
        connection, _ = self._server.accept()
        connection.settimeout(PATIENCE)
        with suppress(OSError), self._context.wrap_socket(connection, server_side=True) as line:
            received = b""
            while b"inferenceConfig" not in received:
                received += line.recv(65_536)
            self.asked.set()
            line.sendall(self._says)
            while line.recv(65_536):
                pass
        self.hung_up.set()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1, with its key, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "a service of the tests")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "service.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return file


@pytest.fixture
def context(authority: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    monkeypatch.setenv("AWS_CA_BUNDLE", str(authority))
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(authority)
    return context


@pytest.fixture
def silent(context: ssl.SSLContext) -> Iterator[SilentService]:
    service = SilentService(context, b"")
    yield service
    service.close()


@pytest.fixture
def stalling(context: ssl.SSLContext) -> Iterator[SilentService]:
    delta = event("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "so far"}})
    service = SilentService(context, HEADERS + b"%x\r\n%b\r\n" % (len(delta), delta))
    yield service
    service.close()


def test_an_abort_ends_a_call_that_waits_for_its_response(
    silent: SilentService, request_: Request
) -> None:
    """R62"""
    client = build_client(region="us-east-1", endpoint_url=silent.url)
    stream = ConverseStream(client, request_)
    reader = Reader(stream)
    assert silent.asked.wait(PATIENCE)

    stream.abort()

    assert reader.ended_within(LIMIT)
    assert silent.hung_up.wait(LIMIT)
    assert isinstance(reader.failure, Aborted)
    client.close()


def test_an_abort_ends_a_stream_that_stalls(stalling: SilentService, request_: Request) -> None:
    """R62"""
    client = build_client(region="us-east-1", endpoint_url=stalling.url)
    stream = ConverseStream(client, request_)
    reader = Reader(stream)
    reader.wait_for(has_text("so far"))

    stream.abort()

    assert reader.ended_within(LIMIT)
    assert stalling.hung_up.wait(LIMIT)
    assert isinstance(reader.failure, Aborted)
    client.close()
