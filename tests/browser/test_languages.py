"""German and English, by choice and as the browser asks; lines from right to left; fingers."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from conversations.models import User
from streaming.localbedrock import Refusal, samples
from tests.browser.test_devices import PHONE, WIDTH
from tests.people import answer, ask, talk

DESK = {"viewport": {"width": 1280, "height": 800}}
# What is touched, except links in a line of text, and what lies under something else.
SMALL = """() => {
  const touched = "a, button, summary, select, input:not([type=hidden], [type=checkbox]), textarea";
  return [...document.querySelectorAll(touched)]
    .filter((each) => each.checkVisibility({opacityProperty: false, visibilityProperty: true}))
    .filter((each) => !each.matches("p a, .skip-link, .message-text a"))
    .map((each) => [each, each.getBoundingClientRect()])
    .filter(([, {width, height}]) => width && height && (width < 43.5 || height < 43.5))
    .map(([each, {width, height}]) => `${each.outerHTML.slice(0, 120)}: ${width} × ${height}`);
}"""


def test_a_german_browser_has_a_german_page_and_hears_german_over_the_socket(enter, alice, model):
    """What went wrong is said by whatever writes the answer, in the language of who asked."""
    model.enqueue(Refusal("AccessDeniedException"))
    tab = enter(alice, locale="de-DE")
    expect(tab.page.get_by_role("heading", name="Was möchten Sie wissen?")).to_be_visible()
    assert tab.evaluate("document.documentElement.lang") == "de"
    tab.page.get_by_role("textbox", name="Ihre Nachricht").fill("Wie entstehen die Gezeiten?")
    tab.page.get_by_role("button", name="Senden").click()
    expect(tab.outcome).to_contain_text("Diese Website darf das Modell nicht benutzen.")
    expect(tab.page.locator(".conversation-group-label").first).to_have_text("Heute")


def test_a_person_chooses_german_in_an_english_browser_and_english_again(enter, alice):
    tab = enter(alice, "/settings/", locale="en-GB")
    tab.page.get_by_label("Language of this site").select_option("de")
    tab.page.get_by_role("button", name="Save the language").click()
    expect(tab.page.get_by_role("heading", name="Einstellungen", level=1)).to_be_visible()
    turn = ask(alice, "Und jetzt?")
    answer(turn, "", status="failed", error_code="throttled")
    tab.open(f"/c/{turn.conversation.pk}/")
    expect(tab.outcome).to_contain_text("Das Modell ist gerade überlastet.")
    expect(tab.outcome.get_by_role("button", name="Noch einmal versuchen")).to_be_visible()
    tab.open("/settings/")
    tab.page.get_by_label("Sprache dieser Website").select_option("en")
    tab.page.get_by_role("button", name="Sprache speichern").click()
    expect(tab.page.get_by_role("heading", name="Settings", level=1)).to_be_visible()


@pytest.mark.parametrize("options", [PHONE, DESK], ids=["phone", "desk"])
def test_lines_run_from_right_to_left_where_the_language_does(enter, alice: User, options):
    """Nothing is cut off or pushed out, and the list of conversations is on the right."""
    turn = ask(alice, "مرحبا، كيف تتكون ظاهرة المد والجزر؟")
    answer(turn, "بسبب **جاذبية** القمر.\n\n- أولًا\n- ثانيًا\n\n" + samples.EVERYTHING)
    width = options["viewport"]["width"]
    tab = enter(alice, f"/c/{turn.conversation.pk}/", **options)
    tab.evaluate("document.documentElement.dir = 'rtl'")
    expect(tab.text.locator("li").first).to_be_visible()
    assert tab.evaluate(WIDTH) == width
    if options is PHONE:
        tab.page.locator(".topbar [popovertarget=sidebar]").tap()
    sidebar = tab.page.locator("#sidebar").bounding_box()
    assert sidebar["x"] + sidebar["width"] == pytest.approx(width, abs=1)
    code = tab.text.locator(".code pre").first
    assert code.evaluate("pre => getComputedStyle(pre).direction") == "ltr"
    # Each list begins where its own words do, whatever the page does.
    of_lists = "lists => lists.map((list) => getComputedStyle(list).direction)"
    assert tab.text.locator("> ul").evaluate_all(of_lists)[:2] == ["rtl", "ltr"]


@pytest.mark.parametrize("path", ["/", "talk", "/settings/", "/accounts/password/change/"])
def test_whatever_is_touched_on_a_phone_is_as_large_as_a_finger(enter, alice, path):
    if path == "talk":
        path = f"/c/{talk(alice).conversation.pk}/"
    tab = enter(alice, path, **PHONE)
    assert tab.evaluate(SMALL) == []
    if menu := tab.page.locator(".topbar [popovertarget=sidebar]").all():
        menu[0].tap()
        assert tab.evaluate(SMALL) == []


@pytest.mark.parametrize("options", [PHONE, DESK], ids=["phone", "desk"])
@pytest.mark.parametrize("path", ["/", "/settings/", "/accounts/password/change/"])
def test_long_german_words_push_nothing_out(enter, alice, options, path):
    tab = enter(alice, path, locale="de-DE", **options)
    assert tab.evaluate(WIDTH) == options["viewport"]["width"]
