"""The message field: what sends, what does not, and that nothing typed is ever lost."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from conversations.models import BedrockModel, Conversation, Generation, Message
from streaming.localbedrock import Answer
from tests.people import talk

# What an input method's Enter looks like: in Chrome and Firefox, and in Safari.
COMPOSING = ("{isComposing: true}", "{keyCode: 229}")
PRESS_ENTER = """(field, how) => field.dispatchEvent(
  new KeyboardEvent("keydown", {key: "Enter", bubbles: true, cancelable: true, ...how}))"""


def test_enter_sends_and_shift_enter_breaks_the_line(enter, alice, model):
    model.enqueue(Answer("Yes."))
    tab = enter(alice)
    tab.field.press_sequentially("one")
    tab.field.press("Shift+Enter")
    tab.field.press_sequentially("two")
    expect(tab.field).to_have_value("one\ntwo")
    expect(tab.messages).to_have_count(0)
    tab.field.press("Enter")
    expect(tab.text).to_have_text("Yes.")
    expect(tab.field).to_have_value("")
    assert Message.objects.get(role="user").text == "one\ntwo"


@pytest.mark.parametrize("how", COMPOSING)
def test_enter_that_takes_a_word_of_an_input_method_sends_nothing(enter, alice, model, how):
    model.enqueue(Answer("はい。"))
    tab = enter(alice)
    tab.write("こんにちは")
    untouched = tab.field.evaluate(PRESS_ENTER.replace("...how", f"...{how}"))
    assert untouched, "the key is the input method's"
    expect(tab.field).to_have_value("こんにちは")
    # Had it been sent, this would be a second message.
    tab.field.press("Enter")
    expect(tab.text).to_have_text("はい。")
    expect(tab.questions).to_have_text(["こんにちは"])
    assert Message.objects.filter(role="user").count() == 1


def test_a_composition_of_the_browser_itself_is_not_sent(enter, alice, model):
    tab = enter(alice)
    tab.field.focus()
    devices = tab.context.new_cdp_session(tab.page)
    composing = {"text": "にほん", "selectionStart": 3, "selectionEnd": 3}
    devices.send("Input.imeSetComposition", composing)
    enter_key = {"type": "rawKeyDown", "key": "Enter", "windowsVirtualKeyCode": 229}
    devices.send("Input.dispatchKeyEvent", enter_key)
    devices.send("Input.insertText", {"text": "日本"})
    expect(tab.field).to_have_value("日本")
    expect(tab.messages).to_have_count(0)


def test_white_space_alone_is_not_sent(enter, alice):
    tab = enter(alice)
    send = tab.page.get_by_role("button", name="Send")
    expect(send).to_be_disabled()
    tab.ask("  \n ")
    expect(send).to_be_disabled()
    expect(tab.messages).to_have_count(0)


def test_the_field_grows_with_its_text_and_not_without_end(enter, alice):
    tab = enter(alice)
    height = "field => field.getBoundingClientRect().height"
    one_line = tab.field.evaluate(height)
    tab.write("line\n" * 5)
    assert one_line * 3 < tab.field.evaluate(height)
    tab.write("line\n" * 500)
    assert tab.field.evaluate(height) < tab.page.viewport_size["height"] / 2
    tab.write("")
    assert tab.field.evaluate(height) == one_line


def test_a_draft_survives_a_reload_and_belongs_to_its_conversation(enter, alice):
    """R96"""
    path = f"/c/{talk(alice).conversation.pk}/"
    tab = enter(alice, path)
    tab.field.press_sequentially("and in the Baltic")
    tab.page.reload()
    expect(tab.field).to_have_value("and in the Baltic")
    tab.open("/")
    expect(tab.field).to_have_value("")
    tab.field.press_sequentially("something else")
    tab.open(path)
    expect(tab.field).to_have_value("and in the Baltic")


def test_what_was_sent_is_no_draft_any_more(enter, alice, model):
    model.enqueue(Answer("The moon pulls."))
    tab = enter(alice)
    tab.ask_and_read("How do tides work?", "The moon pulls.")
    tab.page.reload()
    expect(tab.field).to_have_value("")
    tab.open("/")
    expect(tab.field).to_have_value("")


TOO_LONG = {
    "for the server": (200_001, "200,000 are allowed"),
    "for a frame": (300_000, "longer than one message can be"),
}


@pytest.mark.parametrize("limit", TOO_LONG)
def test_text_that_is_too_long_comes_back_with_the_reason(enter, alice, limit):
    """R46, R96: nothing is lost, and the connection stays."""
    length, reason = TOO_LONG[limit]
    text = "x" * length
    tab = enter(alice)
    tab.ask(text)
    expect(tab.problem).to_be_visible()
    expect(tab.problem).to_contain_text(reason)
    expect(tab.field).to_have_value(text)
    expect(tab.messages).to_have_count(0)
    expect(tab.line).to_be_hidden()
    assert tab.path == "/"
    tab.page.reload()
    expect(tab.field).to_have_value(text)


def test_a_refused_text_stays_until_it_is_taken(enter, alice, model):
    tab = enter(alice)
    tab.ask("x" * 200_001)
    expect(tab.problem).to_be_visible()
    model.enqueue(Answer("Better."))
    tab.ask_and_read("Shorter.", "Better.")
    expect(tab.problem).to_be_hidden()
    expect(tab.questions).to_have_text(["Shorter."])


def test_the_chosen_model_is_asked(enter, alice, model, two_models):
    model.enqueue(Answer("From the second."))
    tab = enter(alice)
    picker = tab.page.get_by_role("combobox", name="Model")
    picker.select_option(label="Second model")
    tab.ask_and_read("Who are you?", "From the second.")
    assert model.history[0].model_id == two_models[1].pk
    expect(tab.answer.locator(".message-model")).to_have_text("Second model")
    tab.page.reload()
    assert picker.evaluate("field => field.value") == two_models[1].pk


def test_a_demonstration_is_called_so(enter, alice):
    expect(enter(alice).page.get_by_text("Demonstration")).to_be_visible()


def test_an_answer_shows_what_it_took_and_a_picked_model_stays(enter, alice, script, two_models):
    """R73, R77: live, and after a reload, with the model that was picked for the next question."""
    BedrockModel.objects.update(prices={"input": 1, "output": 2})
    answer = script()
    tab = enter(alice)
    picker = tab.page.get_by_role("combobox", name="Model")
    picker.select_option(two_models[0].pk)
    tab.ask("How do tides work?")
    answer.emit("The moon pulls.")
    answer.stop()
    expect(tab.answer).to_have_attribute("data-status", "complete")
    figures = tab.answer.locator('[data-part="figures"]')
    shown = re.compile(r"\d+ tokens · \$0\.0\d+ · first words after \d")
    expect(figures).to_have_text(shown)
    cost = Generation.objects.get().cost
    assert cost is not None
    assert cost > 0

    with tab.page.expect_response(lambda response: response.request.method == "PATCH"):
        picker.select_option(two_models[1].pk)
    tab.page.reload()
    expect(figures).to_have_text(shown)
    assert picker.evaluate("field => field.value") == two_models[1].pk
    assert Conversation.objects.get().model == two_models[1].pk
