"""Everything that a page must never do, in any test: an error, a violation, a foreign request."""

from __future__ import annotations

import re

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request, WebError, WebSocket

# Said on the console, since that is heard here from the first moment of every document.
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
        context.add_init_script(TELL_VIOLATIONS)
        context.on("console", self._console)
        context.on("weberror", self._error)
        context.on("request", self._request)
        context.on("page", self._page)

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
