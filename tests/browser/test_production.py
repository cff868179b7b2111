"""The product as it runs in production: the compose file's settings, TLS, hashed static files."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Response, expect

from streaming.localbedrock import Answer, LocalBedrock
from tests import deployment, people
from tests.browser.chat import Chat
from tests.browser.test_entrance import sign_in
from tests.certificates import self_signed
from tests.socket.servers import ROOT, ChatServer

HASHED = re.compile(r"/static/.+\.[0-9a-f]{12}\.\w+$")


class ProductionServer(ChatServer):
    """Daphne with the environment of the compose file's web container, TLS and its own files."""

    def __init__(self, endpoint_url: str, folder: Path) -> None:
        super().__init__("daphne", endpoint_url)
        self.folder = folder
        self.origin = f"https://127.0.0.1:{self.port}"
        given = deployment.environment("web", {"SITE_ORIGIN": self.origin})
        # One process and the test's database: what is many there is one here.
        for name in ("DATABASE_URL", "REDIS_URL", "CELERY_BROKER_URL"):
            given.pop(name)
        self._environment = {
            **{name: value for name, value in self._environment.items() if name != "DEBUG"},
            **given,
            "ALLOWED_HOSTS": "127.0.0.1",
            "STATIC_ROOT": str(folder / "collected"),
        }

    def command(self) -> list[str]:
        certificate, key = self_signed(self.folder, "127.0.0.1")
        listen = f"ssl:{self.port}:interface=127.0.0.1:privateKey={key}:certKey={certificate}"
        return ["-m", "daphne", "--no-server-name", "-v", "0", "-e", listen]

    def collect(self) -> None:
        subprocess.run(
            (sys.executable, "manage.py", "collectstatic", "--noinput", "--verbosity", "0"),
            cwd=ROOT,
            env=self._environment,
            check=True,
        )


@pytest.fixture
def production(
    running_endpoint: LocalBedrock, transactional_db: None, tmp_path: Path
) -> Iterator[ProductionServer]:
    server = ProductionServer(running_endpoint.url, tmp_path)
    server.collect()
    server.start()
    yield server
    server.stop()


def test_a_person_signs_in_asks_and_reads_in_production(
    production: ProductionServer, contexts: Any, model: LocalBedrock
) -> None:
    """R90, R91, R92, R114, R115: no violation, nothing missing, nothing told about the server."""
    people.person("alice")
    model.enqueue(Answer(text="By the moon's **gravity**."), operation="ConverseStream")
    context, watch = contexts(production.origin, ignore_https_errors=True)
    responses: list[Response] = []
    context.on("response", lambda response: responses.append(response))
    chat = Chat(context, watch)
    chat.open("/")
    sign_in(chat.page, "alice")
    chat.page.wait_for_url(f"{production.origin}/")
    chat.ask_and_read("How do tides work?", "By the moon's gravity.")
    expect(chat.text.locator("strong")).to_have_text("gravity")
    chat.page.reload()
    expect(chat.text.locator("strong")).to_have_text("gravity")

    assert not [(each.url, each.status) for each in responses if each.status >= 400]
    static = [each for each in responses if "/static/" in each.url]
    assert not [each.url for each in static if not HASHED.search(each.url)]
    modules = {urlsplit(each.url).path for each in static if each.url.endswith(".js")}
    assert len(modules) > 15
    assert any("/static/vendor/markdown." in path for path in modules)
    for response in static:
        assert "immutable" in response.headers["cache-control"]
    for response in responses:
        assert_protected(response)
    cookies = {cookie["name"]: cookie for cookie in context.cookies()}
    assert {"__Host-sessionid", "__Host-csrftoken"} <= set(cookies)
    assert all(cookie["secure"] and cookie["sameSite"] == "Lax" for cookie in cookies.values())
    assert cookies["__Host-sessionid"]["httpOnly"]


def assert_protected(response: Response) -> None:
    headers = response.headers
    assert headers["server"] == "chat", response.url
    assert int(re.findall(r"max-age=(\d+)", headers["strict-transport-security"])[0]) >= 31_536_000
    assert "includeSubDomains" in headers["strict-transport-security"]
    assert headers["cross-origin-opener-policy"] == "same-origin", response.url
    assert headers["cross-origin-resource-policy"] == "same-origin", response.url
    assert headers["referrer-policy"] == "same-origin", response.url
    assert "camera=()" in headers["permissions-policy"], response.url
    assert headers["x-content-type-options"] == "nosniff", response.url
    assert "default-src 'none'" in headers["content-security-policy"], response.url
