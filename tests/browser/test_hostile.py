"""Text of a model runs nothing and requests nothing, wherever it is shown (R27, R28, R101)."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from streaming.localbedrock import Answer, samples
from tests.browser.chat import Chat
from tests.browser.corpus import HOSTILE
from tests.people import talk

WHOLE = "\n\n".join((*HOSTILE, samples.HOSTILE, "The end."))
# Everything that the renderer may make, and the attributes that it may give; formulas are KaTeX's.
INVENTORY = """root => {
  const found = new Set();
  for (const element of root.querySelectorAll("*:not(.formula *)")) {
    found.add(element.localName);
    for (const attribute of element.attributes) found.add(`@${attribute.name}`);
  }
  return [...found];
}"""
# fmt: off
TAGS = {
    "a", "blockquote", "br", "button", "code", "del", "div", "em", "h3", "h4", "h5", "h6", "hr",
    "input", "li", "ol", "p", "pre", "span", "strong", "sup", "table", "tbody", "td", "th",
    "thead", "tr", "ul",
}
ATTRIBUTES = {
    "@aria-label", "@aria-pressed", "@checked", "@class", "@data-act", "@data-footnote",
    "@data-language", "@data-note", "@data-place", "@dir", "@disabled", "@href", "@rel", "@start",
    "@tabindex", "@target", "@title", "@type",
}
# fmt: on
# What KaTeX sets has many elements; none of them loads, leads or acts.
IN_FORMULAS = """root => {
  const found = new Set();
  for (const element of root.querySelectorAll(".formula *")) {
    if (element.matches("a, embed, form, iframe, image, img, link, object, script, style, use")) {
      found.add(element.localName);
    }
    for (const { name, value } of element.attributes) {
      if (/^on|href|src|action|data/.test(name) || /url\\(/i.test(value)) found.add(`@${name}`);
    }
  }
  return [...found];
}"""
ADDRESSES = "root => [...root.querySelectorAll('[href]')].map((link) => link.href)"
ROUTES = ("/", "/c/", "/static/", "/api/v1/", "/session/", "/settings/", "/review/")


def expect_harmless(tab: Chat) -> None:
    assert tab.evaluate("() => window.hacked") is None
    found = set(tab.page.locator(".message").last.locator(".message-text").evaluate(INVENTORY))
    assert found <= TAGS | ATTRIBUTES
    assert not tab.page.locator(".message").last.locator(".message-text").evaluate(IN_FORMULAS)
    addresses = tab.text.evaluate(ADDRESSES)
    assert {urlsplit(each).scheme for each in addresses} <= {"http", "https", "mailto"}
    paths = {urlsplit(each).path for each in tab.watch.requests}
    assert all(path == "/" or path.startswith(ROUTES[1:]) for path in paths), paths


def test_hostile_text_stays_text_wherever_it_is_cut(enter, alice, script):
    """Each vector arrives in three pieces, and is looked at in between."""
    answer = script()
    tab = enter(alice)
    tab.ask("Do your worst.")
    # A part of them: each takes a round through the whole product.
    for number, vector in enumerate(HOSTILE[::3]):
        third = max(1, len(vector) // 3)
        for piece in (vector[:third], vector[third : 2 * third], vector[2 * third :]):
            answer.emit(piece)
        answer.emit(f"\n\nNumber {number}.\n\n")
        if number % 4 == 3:
            expect(tab.text).to_contain_text(f"Number {number}.")
            expect_harmless(tab)
    answer.stop()
    expect(tab.answer).to_have_attribute("data-status", "complete")
    expect_harmless(tab)


def test_hostile_text_is_harmless_in_small_pieces(enter, alice, script):
    """After every single character: tests/js/hostile.test.js."""
    answer = script()
    tab = enter(alice)
    tab.ask("Do your worst.")
    for at in range(0, len(WHOLE), 7):
        answer.emit(WHOLE[at : at + 7])
    expect(tab.text).to_contain_text("The end.")
    answer.stop()
    expect(tab.answer).to_have_attribute("data-status", "complete")
    expect_harmless(tab)
    streamed = tab.markup

    tab.arrives()
    tab.page.reload()
    expect(tab.text).to_contain_text("The end.")
    expect_harmless(tab)
    assert tab.markup == streamed


def test_hostile_text_is_harmless_where_it_was_asked_and_in_titles(enter, alice, carol, model):
    title = '<img src=x onerror="window.hacked=1"> </title><script>window.hacked=2</script>'
    model.enqueue(Answer(title), operation="Converse")
    model.enqueue(Answer("No."))
    tab = enter(alice)
    tab.write(WHOLE)
    tab.field.press("Enter")
    expect(tab.text).to_have_text("No.")
    path = tab.arrives()
    expect(tab.title).to_have_value(title)
    expect(tab.listed).to_have_text([title])
    expect_harmless(tab)
    tab.page.reload()
    expect(tab.title).to_have_value(title)
    expect(tab.questions).to_contain_text(["The end."])
    expect_harmless(tab)

    reader = enter(carol, path.replace("/c/", "/review/"))
    expect(reader.questions).to_contain_text(["The end."])
    expect_harmless(reader)
    reader.open("/review/?q=hacked")
    expect(reader.page.locator("mark").first).to_be_visible()
    assert reader.evaluate("() => window.hacked") is None
    tab.open("/settings/")
    assert tab.evaluate("() => window.hacked") is None


def test_hostile_text_is_harmless_for_the_reviewer(enter, alice, carol):
    """R86: also what cannot be seen is seen there."""
    unseen = "right to left: \u202eevil\u202c, nothing: \u200b, tag: \U000e0041."
    turn = talk(alice, "Do your worst.", f"{WHOLE}\n\n{unseen}")
    reader = enter(carol, f"/review/{turn.conversation.pk}/")
    expect(reader.text).to_contain_text("The end.")
    expect_harmless(reader)
    shown = reader.text.inner_text()
    assert not set(shown) & {"\u202e", "\u202c", "\u200b", "\U000e0041"}
    assert "202E" in shown.upper()


def test_hostile_text_is_harmless_where_it_is_found(enter, alice):
    """Search hits, in the dialog and in its titles."""
    turn = talk(alice, WHOLE, WHOLE)
    turn.conversation.rename("<img src=x onerror=window.hacked=1> hacked")
    tab = enter(alice)
    before = set(tab.page.locator("body").evaluate(INVENTORY))
    tab.page.locator("[data-act='open-search']").first.click()
    dialog = tab.page.get_by_role("dialog")
    dialog.get_by_role("searchbox").or_(dialog.get_by_role("combobox")).first.fill("hacked")
    expect(dialog.locator("mark").first).to_be_visible()
    assert tab.evaluate("() => window.hacked") is None
    more = set(tab.page.locator("body").evaluate(INVENTORY)) - before
    assert not more & {"script", "img", "iframe", "svg", "style", "object", "@onerror", "@src"}


@pytest.mark.parametrize("javascript", [True, False])
def test_hostile_text_is_harmless_with_and_without_javascript(enter, alice, javascript):
    turn = talk(alice, WHOLE, WHOLE)
    tab = enter(alice, f"/c/{turn.conversation.pk}/", java_script_enabled=javascript)
    expect(tab.text).to_contain_text("The end.")
    expect_harmless(tab)


def test_a_link_opens_beside_the_chat_and_tells_its_host(enter, alice):
    """R101"""
    turn = talk(alice, "A link, please.", "See [here](https://example.com/page).")
    tab = enter(alice, f"/c/{turn.conversation.pk}/")
    link = tab.text.get_by_role("link", name="here")
    expect(link).to_have_attribute("href", "https://example.com/page")
    expect(link).to_have_attribute("rel", "noopener noreferrer")
    expect(link).to_have_attribute("target", "_blank")
    expect(link).to_have_attribute("title", "example.com")
