"""What every browser test relies on: nothing that a page must not do goes unheard."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

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
