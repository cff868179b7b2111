"""What can be done with a message: another wording, another answer, a link, a rating, paper."""

from __future__ import annotations

import re

import pytest
from django.conf import settings
from playwright.sync_api import expect

from conversations.models import BedrockModel, Feedback, Generation
from streaming.localbedrock import Answer
from tests import pictures
from tests.browser.conditions import until
from tests.people import answer, ask, ask_again, talk
from tests.pictures import uploaded

PHONE = {"viewport": {"width": 390, "height": 844}, "is_mobile": True, "has_touch": True}
PLACES = pytest.mark.parametrize(
    "place",
    [
        pytest.param({"color_scheme": "light"}, id="desktop"),
        pytest.param({**PHONE, "color_scheme": "dark"}, id="phone"),
    ],
)
SECOND = "local.demonstration-reasoning-v1:0"

TYPES = "async () => (await navigator.clipboard.read()).flatMap((item) => item.types)"


def versions(message):
    return message.get_by_role("navigation", name="Other versions")


def press(message, name):
    message.hover()
    message.get_by_role("button", name=name, exact=True).click()


@pytest.fixture
def reader(transactional_db: None) -> BedrockModel:
    """The site's model, one that reads images."""
    return BedrockModel.objects.create(
        id=settings.BEDROCK_MODEL_ID,
        name="Reader",
        capabilities={"images": True, "system_prompt": True},
        context_window=200_000,
        max_output_tokens=4_096,
    )


@PLACES
def test_a_question_is_edited_in_place_and_both_branches_stay(enter, alice, model, reader, place):
    image = uploaded(alice, pictures.image(), "moon.png")
    turn = talk(alice, "How do tides work?", "The moon pulls.", attachments=(image.pk,))
    answer(ask(alice, "How often?", conversation=turn.conversation), "Twice a day.")
    tab = enter(alice, f"/c/{turn.conversation.pk}/", **place)
    tab.write("A draft of something else")
    question = tab.page.locator(".message-user").first
    press(question, "Edit")
    field = tab.page.get_by_role("textbox", name="Edit your message")
    expect(field).to_be_focused()
    expect(field).to_have_value("How do tides work?")
    field.fill("How do ebb and flow work?")
    field.press("Escape")
    expect(field).to_have_count(0)
    expect(tab.questions).to_have_text(["How do tides work?", "How often?"])
    press(question, "Edit")
    expect(field).to_have_value("How do ebb and flow work?")

    model.enqueue(Answer("By gravity."))
    field.press("Enter")
    expect(tab.text).to_have_text("By gravity.")
    expect(tab.answer).to_have_attribute("data-status", "complete")
    expect(tab.questions).to_have_text(["How do ebb and flow work?"])
    expect(question.get_by_role("link", name=re.compile("moon.png"))).to_be_visible()
    expect(tab.field).to_have_value("A draft of something else")
    if "viewport" not in place:  # where it opens no keyboard on the glass
        expect(tab.field).to_be_focused()

    expect(versions(question)).to_contain_text("2 / 2")
    question.hover()
    versions(question).get_by_label("Previous version").click()
    expect(tab.questions).to_have_text(["How do tides work?", "How often?"])
    expect(tab.page).to_have_url(re.compile(f"at={turn.user_message.uuid}$"))
    # The focus is on the arrow that is left; keys go on from there.
    tab.page.keyboard.press("ArrowRight")
    expect(tab.questions).to_have_text(["How do ebb and flow work?"])
    tab.page.go_back()
    expect(tab.questions).to_have_text(["How do tides work?", "How often?"])
    tab.page.reload()
    expect(tab.questions).to_have_text(["How do tides work?", "How often?"])
    # What is written next belongs to the branch, which the plain address shows from now on.
    model.enqueue(Answer("In summer, too."))
    tab.ask("And in summer?")
    expect(tab.text).to_have_text("In summer, too.")
    expect(tab.page).to_have_url(re.compile(f"/c/{turn.conversation.pk}/"))
    expect(tab.questions).to_have_text(["How do tides work?", "How often?", "And in summer?"])
    assert "And in summer?" in tab.context.request.get(tab.page.url).text()


@PLACES
def test_an_answer_is_regenerated_with_another_model(enter, alice, model, two_models, place):
    turn = talk(alice, "How do tides work?", "The moon pulls.", model=two_models[0].pk)
    for words in ("By gravity.", "By the sun."):
        answer(ask_again(alice, turn.assistant_message), words)
    tab = enter(alice, f"/c/{turn.conversation.pk}/?at={turn.assistant_message.uuid}", **place)
    model.enqueue(Answer("Slowly."))
    press(tab.answer, "Regenerate with another model")
    menu = tab.page.get_by_role("menu", name="Regenerate with")
    expect(menu.get_by_role("menuitem").nth(0)).to_have_text("First model")
    expect(menu.get_by_role("menuitem").nth(1)).to_have_text("Second model")
    tab.page.keyboard.press("ArrowDown")
    tab.page.keyboard.press("Enter")
    expect(menu).to_be_hidden()
    expect(tab.text).to_have_text("Slowly.")
    expect(tab.answer).to_have_attribute("data-status", "complete")
    assert Generation.objects.get(command="regenerate", message__text="Slowly.").model == SECOND
    # Its neighbours are those that the server knows, not only the one that was on the page.
    expect(versions(tab.answer)).to_contain_text("4 / 4")
    tab.answer.hover()
    versions(tab.answer).get_by_label("Previous version").click()
    expect(tab.text).to_have_text("By the sun.")
    expect(versions(tab.answer)).to_contain_text("3 / 4")


@PLACES
def test_a_rating_is_thanked_for_explained_and_there_after_a_reload(enter, alice, place):
    turn = talk(alice)
    tab = enter(alice, f"/c/{turn.conversation.pk}/", **place)
    press(tab.answer, "Bad answer")
    expect(tab.page.locator("#announcer")).to_have_text("Thank you.")
    panel = tab.page.get_by_role("dialog", name="Thank you. Would you like to say why?")
    panel.get_by_text("Not correct", exact=True).click()
    panel.get_by_label("In your own words").fill("It is the sun, too.")
    # A press elsewhere closes the panel, and what was written is still in it.
    tab.page.locator(".topbar").click(position={"x": 5, "y": 5})
    expect(panel).to_be_hidden()
    press(tab.answer, "More")
    tab.page.get_by_role("menuitem", name="Say why you rated it so").click()
    expect(panel.get_by_label("In your own words")).to_have_value("It is the sun, too.")
    panel.get_by_role("button", name="Send").click()
    expect(panel).to_be_hidden()
    given = Feedback.objects.get()
    assert (given.rating, given.reasons) == ("down", ["incorrect"])
    assert given.comment == "It is the sun, too."

    tab.page.reload()
    bad = tab.answer.get_by_role("button", name="Bad answer")
    expect(bad).to_have_attribute("aria-pressed", "true")
    # By the keyboard alone: the other one, and back again.
    tab.answer.get_by_role("button", name="Good answer").focus()
    tab.page.keyboard.press("Enter")
    expect(bad).to_have_attribute("aria-pressed", "false")
    expect(panel).to_be_visible()
    tab.page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    good = tab.answer.get_by_role("button", name="Good answer")
    expect(good).to_be_focused()
    tab.page.keyboard.press("Enter")
    expect(good).to_have_attribute("aria-pressed", "false")
    until(lambda: not Feedback.objects.exists())


@PLACES
def test_a_copied_link_leads_to_the_message_on_its_branch(enter, alice, model, place):
    turn = talk(alice, "How do tides work?", "The moon pulls.")
    first = turn.assistant_message
    for number in range(12):
        answer(ask(alice, f"Question {number}", conversation=turn.conversation), "Words. " * 60)
    answer(ask_again(alice, first), "Another branch.")
    tab = enter(alice, f"/c/{turn.conversation.pk}/?at={first.uuid}", **place)
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    message = tab.answers.nth(6)
    press(message, "More")
    tab.page.get_by_role("menuitem", name="Copy link").click()
    expect(tab.page.locator("#announcer")).to_have_text("Copied.")
    link = tab.evaluate("() => navigator.clipboard.readText()")
    key = message.get_attribute("data-message")
    assert link.endswith(f"/c/{turn.conversation.pk}/?at={key}#m-{key}")

    press(message, "More")
    tab.page.get_by_role("menuitem", name="Copy with formatting").click()
    until(lambda: "text/html" in tab.evaluate(TYPES))

    other = tab.tab(link)
    linked = other.page.locator(f"#m-{key}")
    expect(linked).to_be_in_viewport()
    expect(other.questions).to_have_count(13)
    assert linked.evaluate("message => message.matches(':target')")
    assert linked.bounding_box()["y"] < 200
    model.enqueue(Answer("In winter, too."))
    other.ask("And in winter?")
    expect(other.text).to_have_text("In winter, too.")


def test_on_paper_stands_the_whole_conversation_with_title_and_date(enter, alice):
    wide = "| a | b |\n|---|---|\n| " + "word " * 40 + "| x |\n\n```\n" + "long " * 80 + "\n```\n\n"
    link = "[the tide](https://example.com/tides)"
    turn = talk(alice, "How do tides work?", f"The moon pulls. {link}\n\n{wide}")
    for number in range(8):
        answer(ask(alice, f"Question {number}", conversation=turn.conversation), "Words. " * 90)
    turn.conversation.rename("About the tides")
    tab = enter(alice, f"/c/{turn.conversation.pk}/", color_scheme="dark")
    tab.evaluate("() => { window.print = () => dispatchEvent(new Event('beforeprint')); }")
    tab.page.get_by_role("button", name="Print").click()
    expect(tab.page.locator("#printed")).to_contain_text("printed on")
    tab.page.emulate_media(media="print")
    expect(tab.page.get_by_role("heading", name="About the tides")).to_be_visible()
    expect(tab.page.locator("#printed")).to_be_visible()
    for gone in ("#sidebar", "#composer", ".message-foot", ".title-form", ".code-copy"):
        expect(tab.page.locator(gone).first).to_be_hidden()
    look = (
        "() => { const s = getComputedStyle(document.body); return [s.color, s.backgroundColor]; }"
    )
    assert tab.evaluate(look) == ["rgb(28, 28, 26)", "rgb(255, 255, 255)"]
    tab.page.set_viewport_size({"width": 640, "height": 900})  # as wide as paper
    assert tab.evaluate("() => document.documentElement.scrollWidth") <= 640
    cut = """() => [...document.querySelectorAll(".code pre, .table")]
        .filter((each) => each.scrollWidth > each.clientWidth + 1).length"""
    assert tab.evaluate(cut) == 0
    shown = "a => getComputedStyle(a, '::after').content"
    address = tab.page.get_by_role("link", name="the tide").evaluate(shown)
    assert "https://example.com/tides" in address
    pages = tab.page.pdf(format="A4").count(b"/Type /Page\n")
    assert pages >= 2, "all of it, not only what the window shows"
