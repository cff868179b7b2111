"""Everything that a page must never do, in any test: an error, a violation, a foreign request."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, WebError, WebSocket

# Every context says it on the console, which is heard here from the first moment of every document.
TELL_VIOLATIONS = """
document.addEventListener("securitypolicyviolation", (event) => {
  console.error(`violated ${event.effectiveDirective}: ${event.blockedURI} ${event.sample}`);
});
"""


class Watch:
    """Hears what every page of a browser context says and asks for.

    ``allow`` is for what a test provokes itself: a missing page, a server that is gone.
    """

    def __init__(self, context: BrowserContext, origin: str) -> None:
        self._origin = origin
        self._allowed: list[str] = []
        self._problems: list[str] = []
        self.requests: list[str] = []
        self._context = context
        self._heard: dict[str, Callable[[Any], None]] = {
            "console": self._console,
            "weberror": self._error,
            "request": self._request,
            "page": self._page,
        }
        for event, hear in self._heard.items():
            context.on(event, hear)  # type: ignore[call-overload]

    def leave(self) -> None:
        """What the context's pages do from now on is somebody else's."""
        for event, hear in self._heard.items():
            self._context.remove_listener(event, hear)

    def allow(self, pattern: str) -> None:
        """Console errors with this pattern are what the test is about."""
        self._allowed.append(pattern)

    def verify(self) -> None:
        problems = [each for each in self._problems if not self._is_allowed(each)]
        assert not problems, "\n".join(problems)

    def _is_allowed(self, problem: str) -> bool:
        return any(re.search(pattern, problem) for pattern in self._allowed)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            where = message.location.get("url", "")
            self._problems.append(f"console {message.type}: {message.text} ({where})")

    def _error(self, error: WebError) -> None:
        self._problems.append(f"uncaught: {error.error}")

    def _request(self, request: Request) -> None:
        self.requests.append(request.url)
        if not request.url.startswith(f"{self._origin}/"):
            self._problems.append(f"foreign request: {request.url}")

    def _page(self, page: Page) -> None:
        page.on("websocket", self._socket)

    def _socket(self, socket: WebSocket) -> None:
        if not socket.url.startswith(f"{self._origin.replace('http', 'ws', 1)}/"):
            self._problems.append(f"foreign socket: {socket.url}")
