"""Browsers for the tests: cookies, storage and what pages did belong to one test alone.

A new context costs Chromium as much as a test: it opens a window, and reads and compiles every
script anew. So a context that is as plain as at its beginning is emptied and used again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from playwright.sync_api import Browser, BrowserContext

from tests.browser.watch import TELL_VIOLATIONS, Watch

# What a loaded machine needs at the most; nothing waits that long when all is well.
PATIENCE = 30_000  # milliseconds
KEPT = 2  # as many as a test with two people needs

# What lasts as long as the context does: one that was asked for any of these is not used again.
LASTING = (
    "add_init_script",
    "expose_binding",
    "expose_function",
    "grant_permissions",
    "on",
    "once",
    "route",
    "route_from_har",
    "route_web_socket",
    "set_default_navigation_timeout",
    "set_default_timeout",
    "set_extra_http_headers",
    "set_geolocation",
    "set_offline",
)


class Plain:
    """A context without options, which can be emptied. One page stays open, and so the window."""

    def __init__(self, context: BrowserContext, origin: str) -> None:
        self.context = context
        self.origin = origin
        self.changed = False
        self._blank = context.new_page()
        self._devices = context.new_cdp_session(self._blank)
        for name in LASTING:
            setattr(context, name, self._changes(getattr(context, name)))

    def _changes(self, method: Callable[..., Any]) -> Callable[..., Any]:
        def changes(*arguments: Any, **options: Any) -> Any:
            self.changed = True
            return method(*arguments, **options)

        return changes

    @property
    def is_plain(self) -> bool:
        """Whether the next test may have it. A page's own clock would be in all of its pages."""
        return not self.changed and not self._blank.evaluate("'__pwClock' in globalThis")

    def close_pages(self) -> None:
        for page in self.context.pages:
            if page != self._blank:
                page.close()

    def empty(self) -> None:
        everything = {"origin": self.origin, "storageTypes": "all"}
        self._devices.send("Storage.clearDataForOrigin", everything)
        self.context.clear_cookies()


class Contexts:
    def __init__(self, browser: Browser) -> None:
        self._browser = browser
        self._kept: list[Plain] = []
        self._lent: list[Plain] = []
        self._others: list[BrowserContext] = []
        self._watches: list[Watch] = []

    def open(self, origin: str, **options: Any) -> tuple[BrowserContext, Watch]:
        if options:
            self._others.append(self._new(origin, **options))
            self._watches.append(Watch(self._others[-1], origin))
            return self._others[-1], self._watches[-1]
        plain = self._plain(origin)
        self._lent.append(plain)
        self._watches.append(Watch(plain.context, origin))
        plain.changed = False  # the watch leaves again
        return plain.context, self._watches[-1]

    def _new(self, origin: str, **options: Any) -> BrowserContext:
        context = self._browser.new_context(base_url=origin, **options)
        context.set_default_timeout(PATIENCE)
        context.add_init_script(TELL_VIOLATIONS)
        return context

    def _plain(self, origin: str) -> Plain:
        for each in reversed(self._kept):
            if each.origin == origin:
                self._kept.remove(each)
                each.empty()
                return each
        return Plain(self._new(origin), origin)

    def end_test(self) -> None:
        """Nothing is open any more, and no page may have misbehaved."""
        watches, self._watches = self._watches, []
        for context in self._others:
            context.close()
        for each in self._lent:
            if each.is_plain:
                each.close_pages()
                self._kept.append(each)
            else:
                each.context.close()
        self._others, self._lent = [], []
        for watch in watches:
            watch.leave()
        for each in self._kept[:-KEPT]:
            each.context.close()
        self._kept = self._kept[-KEPT:]
        for watch in watches:
            watch.verify()
