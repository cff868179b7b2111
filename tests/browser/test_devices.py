"""Phones, and light and dark."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from streaming.localbedrock import Answer, samples
from tests.people import talk

PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
WIDTH = "() => document.documentElement.scrollWidth"
COLOURS = """element => {
  const canvas = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const numbers = (colour) => {
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3);
  };
  const page = getComputedStyle(document.body).backgroundColor;
  return [numbers(page), numbers(getComputedStyle(element).color)];
}"""


def luminance(colour):
    """Of an sRGB colour, as WCAG defines it."""
    parts = [c / 255 for c in colour]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_on_a_phone_one_asks_and_reads(enter, alice, model):
    model.enqueue(Answer(samples.EVERYTHING))
    tab = enter(alice, **PHONE)
    tab.field.tap()
    tab.write("Everything, please.")
    tab.page.get_by_role("button", name="Send").tap()
    expect(tab.answer).to_have_attribute("data-status", "complete")
    # Tables and code scroll in themselves, never the page.
    assert tab.evaluate(WIDTH) == 390
    box = tab.field.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    assert box["y"] + box["height"] <= 844
    # Smaller, and a phone zooms in when the field is tapped.
    assert tab.field.evaluate("field => parseFloat(getComputedStyle(field).fontSize)") >= 16


def test_on_a_phone_the_list_is_a_drawer(enter, alice):
    conversation = talk(alice).conversation
    conversation.rename("Tides")
    tab = enter(alice, **PHONE)
    expect(tab.listed).to_be_hidden()
    tab.page.get_by_role("button", name="Conversations").tap()
    expect(tab.listed).to_be_visible()
    tab.page.get_by_role("button", name="Close the list").tap()
    expect(tab.listed).to_be_hidden()
    tab.page.get_by_role("button", name="Conversations").tap()
    tab.page.get_by_role("link", name="Tides").tap()
    expect(tab.text).to_have_text("By gravity.")
    expect(tab.listed).to_be_hidden()


@pytest.mark.parametrize("path", ["/settings/", "/accounts/login/", "/conversations/"])
def test_on_a_phone_no_page_is_wider_than_it(enter, alice, path):
    tab = enter(alice, path, **PHONE)
    assert tab.evaluate(WIDTH) == 390


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_readable_in_light_and_dark(enter, alice, scheme):
    tab = enter(alice, f"/c/{talk(alice).conversation.pk}/", color_scheme=scheme)
    page, text = tab.text.evaluate(COLOURS)
    assert (luminance(page) > 0.5) == (scheme == "light")
    assert contrast(page, text) >= 7
    _, quiet = tab.page.locator(".composer-note").evaluate(COLOURS)
    assert contrast(page, quiet) >= 4.5
