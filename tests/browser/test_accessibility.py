"""WCAG 2.2 AA on every page, in every state that one meets, in both themes (axe-core)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from playwright.sync_api import BrowserContext, Page, expect

from conversations.models import User
from streaming.localbedrock import samples
from tests.browser.axe import in_both_themes
from tests.browser.chat import Chat
from tests.people import answer, ask, ask_again
from tests.routes import Route, belongings, nobodys, routes


def pages(context: BrowserContext, found: list[Route], ids: dict[str, Any]) -> Iterator[str]:
    """The addresses that answer with a page, each where it leads to; each kind of error once."""
    seen = set()
    for route in found:
        response = context.request.get(route.path(ids))
        kind = str(response.status) if response.status >= 400 else response.url
        is_page = response.headers.get("content-type", "").startswith("text/html")
        if is_page and response.status != 405 and kind not in seen:
            seen.add(kind)
            yield response.url


def broken(page: Page, addresses: Iterator[str]) -> list[str]:
    found = []
    for address in addresses:
        page.goto(address)
        found += [f"{page.url}: {each}" for each in in_both_themes(page)]
    return found


def test_every_page_can_be_used_by_everybody(
    enter: Any, stranger: Chat, alice: User, carol: User
) -> None:
    """Every address that the site has, for whom it is there; a new one is among them by itself."""
    mine = belongings(alice)
    found = []
    for tab, rules, ids in (
        (stranger, ("public",), nobodys()),
        (enter(alice), ("person", "owner"), mine),
        (enter(carol), ("reviewer",), mine),
    ):
        tab.watch.allow("status of 40")
        found += broken(tab.page, pages(tab.context, routes(*rules), ids))
    assert not found, "\n".join(found)


BORDER = "element => getComputedStyle(element).borderTopWidth"
# By the object model of CSS, which the page's policy lets pass.
SPACED = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`* { line-height: 1.5 !important; letter-spacing: 0.12em !important;
    word-spacing: 0.16em !important; } p { margin-block-end: 2em !important; }`);
  document.adoptedStyleSheets.push(sheet);
}"""

RICH: list[dict[str, Any]] = [
    {"text": samples.EVERYTHING},
    {"toolUse": {"toolUseId": "t1", "name": "search", "input": {"words": "tides"}}},
    {
        "citationsContent": {
            "content": [{"text": "As the handbook says."}],
            "citations": [
                {
                    "title": "Handbook",
                    "sourceContent": [{"text": "Twice a day."}],
                    "location": {"documentPage": {"documentIndex": 0, "start": 3, "end": 4}},
                },
                {
                    "location": {
                        "web": {"url": "https://example.com/tides", "domain": "example.com"}
                    }
                },
            ],
        }
    },
    {"reasoningContent": {"redactedContent": "b64:AAAA"}},
]


def rich(user: User) -> str:
    """A conversation with everything that an answer can have, and all ways to end; its address."""
    turn = ask(user, "Everything, please.")
    made: dict[str, Any] = {
        "reasoning": "I think about tides.",
        "reasoning_ms": 1_200,
        "content": RICH,
    }
    answer(turn, samples.EVERYTHING, **made)
    talk_to = turn.conversation
    for status, code in (("failed", "model_overloaded"), ("interrupted", "worker_lost")):
        turn = ask(user, "And then?", conversation=talk_to)
        answer(turn, "The", status=status, error_code=code, error_reference="ab12cd34")
    turn = ask(user, "Stop.", conversation=talk_to)
    answer(turn, "The moon", status="stopped")
    again = ask_again(user, turn.assistant_message)
    answer(again, samples.EVERYTHING, **made)
    return f"/c/{talk_to.pk}/"


def test_the_chat_can_be_used_by_everybody_in_every_state(enter: Any, alice: User) -> None:
    found: list[str] = []

    def look(state: str) -> None:
        found.extend(f"{state}: {each}" for each in in_both_themes(tab.page))

    path = rich(alice)
    tab = enter(alice, path)
    expect(tab.text.locator("table")).to_be_visible()
    for fold in tab.page.locator("details.reasoning summary, .tool summary").all():
        if fold.is_visible():
            fold.click()
    look("a rich answer")
    tab.page.locator(".account-summary").click()
    look("the menu of the account")
    tab.page.get_by_role("button", name="Keyboard shortcuts").click()
    expect(tab.page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    look("the list of keys")
    tab.page.keyboard.press("Escape")
    tab.page.emulate_media(forced_colors="active", reduced_motion="reduce")
    assert (
        tab.evaluate("() => getComputedStyle(document.body).getPropertyValue('--quick')") == "0ms"
    )
    assert tab.page.locator(".button, .icon-button").first.evaluate(BORDER) != "0px"
    tab.page.emulate_media(forced_colors="none", reduced_motion="no-preference")
    # Twice as large, and with the distances of WCAG 1.4.12, nothing leaves the page.
    tab.page.set_viewport_size({"width": 640, "height": 400})
    tab.evaluate(SPACED)
    assert tab.evaluate("() => document.documentElement.scrollWidth") <= 640
    expect(tab.field).to_be_in_viewport()
    expect(tab.page.get_by_role("button", name="Send")).to_be_in_viewport(ratio=1)
    assert not found, "\n".join(found)
