"""What every browser test relies on: nothing that a page must not do goes unheard."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.chat import Chat

MISDEEDS = {
    "an error on the console": ("console.error('oh')", "console error: oh"),
    "an uncaught error": ("setTimeout(() => { throw new Error('oh'); })", "uncaught"),
    "a request to elsewhere": ("fetch('https://elsewhere.invalid/').catch(() => 0)", "connect-src"),
    "an image from elsewhere": ("new Image().src = 'https://elsewhere.invalid/a'", "img-src"),
    "text as markup": ("document.body.innerHTML = '<b>oh</b>'", "TrustedHTML"),
    "a style of its own": (
        "document.body.append(Object.assign(document.createElement('style'), {innerText: 'a{}'}))",
        "style-src",
    ),
}


@pytest.mark.parametrize("misdeed", MISDEEDS)
def test_a_misdeed_is_heard(enter, alice, misdeed):
    """R28, R92"""
    script, words = MISDEEDS[misdeed]
    tab = enter(alice)
    expect(tab.field).to_be_visible()
    tab.evaluate(f"() => {{ try {{ {script} }} catch {{ /* refused */ }} }}")
    tab.evaluate("() => new Promise((done) => setTimeout(done, 50))")
    with pytest.raises(AssertionError, match=words):
        tab.watch.verify()
    tab.watch.allow(".")


LEAVE = """async () => {
  localStorage.setItem("left", "yes");
  sessionStorage.setItem("left", "yes");
  document.cookie = "left=yes";
  await (await caches.open("left")).put("/left", new Response("yes"));
  await new Promise((done) => { indexedDB.open("left").onsuccess = done; });
}"""
FOUND = """async () => [
  ...Object.keys(localStorage).filter((key) => key === "left"),
  ...Object.keys(sessionStorage).filter((key) => key === "left"),
  ...document.cookie.split("; ").filter((each) => each.includes("left")),
  ...(await caches.keys()),
  ...(await indexedDB.databases()).map(({ name }) => name).filter((name) => name === "left"),
]"""


def test_what_one_test_left_in_its_browser_is_not_the_next_ones(server, running_contexts):
    """A browser is used again, which only those notice who count seconds."""
    before, watch = running_contexts.open(server.origin)
    left = Chat(before, watch)
    left.open("/accounts/login/")
    left.evaluate(LEAVE)
    assert len(left.evaluate(FOUND)) == 5
    running_contexts.end_test()
    assert left.page.is_closed()

    after, watch = running_contexts.open(server.origin)
    assert after is before
    found = Chat(after, watch)
    found.open("/accounts/login/")
    assert found.evaluate(FOUND) == []
    found.context.set_offline(True)
    running_contexts.end_test()

    fresh, watch = running_contexts.open(server.origin)
    assert fresh is not after, "what a test changed is not used again"
    Chat(fresh, watch).page.clock.install()
    running_contexts.end_test()

    timely, _ = running_contexts.open(server.origin)
    assert timely is not fresh, "nor one with a clock of its own"
    running_contexts.end_test()
