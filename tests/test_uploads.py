"""Where the settings say that files are kept: a folder, or S3 (and what speaks like it)."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.files.base import ContentFile
from django.core.files.storage import Storage, storages

from chatsite.uploads import store
from tests.quiet import QuietServer

pytestmark = pytest.mark.nodb


class Bucket(BaseHTTPRequestHandler):
    """As much of S3 as keeping a file takes."""

    objects: dict[str, bytes]

    def do_PUT(self) -> None:
        self.objects[self.path] = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(200)

    def do_GET(self) -> None:
        data = self.objects.get(self.path.partition("?")[0])
        self._answer(200, data) if data is not None else self._answer(404)

    do_HEAD = do_GET

    def do_DELETE(self) -> None:
        self.objects.pop(self.path, None)
        self._answer(204)

    def _answer(self, status: int, data: bytes = b"") -> None:
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def bucket() -> Iterator[tuple[str, dict[str, bytes]]]:
    objects: dict[str, bytes] = {}
    handler = type("OneBucket", (Bucket,), {"objects": objects})
    server = QuietServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", objects
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def made(address: str) -> Storage:
    return storages.create_storage(store(address, "eu-central-1"))


def kept(storage: Storage) -> None:
    name = storage.save("ab/cd/one.original", ContentFile(b"Words."))
    assert name == "ab/cd/one.original"
    with storage.open(name) as file:
        assert file.read() == b"Words."
    storage.delete(name)
    storage.delete(name)  # what is gone is no error
    with pytest.raises(FileNotFoundError):
        storage.open(name).read()


def test_a_folder_keeps_files_that_only_this_user_reads(tmp_path: Path) -> None:
    storage = made(str(tmp_path / "files"))
    storage.save("ab/one", ContentFile(b"Words."))
    assert (tmp_path / "files" / "ab" / "one").stat().st_mode & 0o777 == 0o600
    kept(storage)


def test_a_bucket_keeps_files_below_its_prefix() -> None:
    with bucket() as (endpoint, objects):
        storage = made(f"s3://files/of/chat?endpoint={endpoint}")
        storage.save("ab/one", ContentFile(b"Words."))
        assert list(objects) == ["/files/of/chat/ab/one"]
        kept(storage)


@pytest.mark.parametrize("address", ["s3://", "s3:///prefix", "s3://b?acl=public-read", "s3://b?x"])
def test_a_bucket_that_cannot_be_understood_stops_the_start(address: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="ATTACHMENTS takes"):
        store(address, "")


def test_what_is_not_said_of_a_bucket_is_left_to_the_sdk() -> None:
    options = store("s3://files", "")["OPTIONS"]
    assert options["region_name"] is None
    assert "endpoint_url" not in options
    assert (
        store("s3://files?region=eu-west-1", "us-east-1")["OPTIONS"]["region_name"] == "eu-west-1"
    )
