"""Asking, watching the answer arrive, and stopping it."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from conversations.models import Conversation, Generation, Message
from streaming.localbedrock import Answer, samples
from tests.browser.conditions import until
from tests.people import talk

SELECT_FIRST = """() => {
  window.firstBlock = document.querySelector(".message-assistant .message-text").firstElementChild;
  const text = document.createTreeWalker(window.firstBlock, NodeFilter.SHOW_TEXT).nextNode();
  getSelection().setBaseAndExtent(text, 0, text, text.length);
}"""
STILL_FIRST = """() => ({
  same: window.firstBlock === document.querySelector(".message-assistant .message-text").firstChild,
  selected: String(getSelection()),
})"""


def test_the_first_question_becomes_a_conversation_and_the_answer_arrives(enter, alice, script):
    """R92: nothing of it violates the policy."""
    answer = script()
    tab = enter(alice)
    expect(tab.page.get_by_role("heading", name="What would you like to know?")).to_be_visible()
    tab.ask("How do tides work?")

    expect(tab.questions).to_have_text(["How do tides work?"])
    assert tab.arrives() == f"/c/{Conversation.objects.get().pk}/"
    expect(tab.waiting).to_contain_text("model")
    answer.emit("The moon ")
    expect(tab.text).to_have_text("The moon")
    answer.emit("pulls.")
    expect(tab.text).to_have_text("The moon pulls.")
    expect(tab.waiting).to_have_text("")
    expect(tab.stop_button).to_be_visible()
    answer.stop()
    expect(tab.answer).to_have_attribute("data-status", "complete")
    expect(tab.stop_button).to_be_hidden()
    assert Message.objects.get(role="assistant").text == "The moon pulls."


def test_finished_blocks_are_not_touched_again_and_a_selection_stays(enter, alice, script):
    answer = script()
    tab = enter(alice)
    tab.ask("How do tides work?")
    answer.emit("The moon *pulls*.\n\nThe sea ")
    expect(tab.text.locator("p")).to_have_text(["The moon pulls.", "The sea"])
    tab.evaluate(SELECT_FIRST)
    for piece in ("follows.\n\n- high\n", "- low\n\n", "```python\nprint(1)\n", "```\n\nThe end."):
        answer.emit(piece)
    expect(tab.text).to_contain_text("The end.")
    assert tab.evaluate(STILL_FIRST) == {"same": True, "selected": "The moon "}
    answer.stop()
    expect(tab.answer).to_have_attribute("data-status", "complete")
    assert tab.evaluate(STILL_FIRST) == {"same": True, "selected": "The moon "}


def test_text_that_grows_is_added_to_the_paragraph_that_is_there(enter, alice, script):
    answer = script()
    tab = enter(alice)
    tab.ask("How do tides work?")
    answer.emit("The moon pulls")
    expect(tab.text).to_have_text("The moon pulls")
    tab.evaluate(SELECT_FIRST)
    answer.emit(" the sea")
    expect(tab.text).to_have_text("The moon pulls the sea")
    assert tab.evaluate(STILL_FIRST) == {"same": True, "selected": "The moon pulls"}


def test_a_reload_in_mid_answer_loses_nothing_and_repeats_nothing(enter, alice, script):
    answer = script()
    tab = enter(alice)
    tab.ask("Count.")
    answer.emit("one ")
    expect(tab.text).to_have_text("one")
    tab.arrives()
    tab.page.reload()
    expect(tab.text).to_have_text("one")
    answer.emit("two ")
    expect(tab.text).to_have_text("one two")
    tab.page.reload()
    answer.emit("three")
    answer.stop()
    expect(tab.text).to_have_text("one two three")
    expect(tab.answer).to_have_attribute("data-status", "complete")
    tab.page.reload()
    expect(tab.text).to_have_text("one two three")
    expect(tab.messages).to_have_count(2)
    assert Message.objects.count() == 2


def test_a_second_tab_shows_the_same_live(enter, alice, script):
    answer = script()
    tab = enter(alice)
    tab.ask("Count.")
    answer.emit("one ")
    expect(tab.text).to_have_text("one")
    other = tab.tab(tab.arrives())
    expect(other.text).to_have_text("one")
    answer.emit("two ")
    expect(tab.text).to_have_text("one two")
    expect(other.text).to_have_text("one two")
    other.stop_button.click()
    for each in (tab, other):
        expect(each.answer).to_have_attribute("data-status", "stopped")
        expect(each.field).to_be_editable()


def test_a_question_asked_in_one_tab_appears_in_the_other(enter, alice, model):
    """R97"""
    path = f"/c/{talk(alice).conversation.pk}/"
    tab = enter(alice, path)
    other = tab.tab(path)
    model.enqueue(Answer("Twice a day."))
    tab.ask("How often?")
    for each in (tab, other):
        expect(each.questions).to_have_text(["How do tides work?", "How often?"])
        expect(each.text).to_have_text("Twice a day.")


def test_the_answer_goes_on_while_the_person_reads_something_else(enter, alice, script):
    elsewhere = talk(alice, "Who was Ada?", "A mathematician.").conversation
    answer = script()
    tab = enter(alice)
    tab.ask("Count.")
    answer.emit("one ")
    expect(tab.text).to_have_text("one")
    path = tab.arrives()
    tab.open(f"/c/{elsewhere.pk}/")
    expect(tab.text).to_have_text("A mathematician.")
    answer.emit("two")
    answer.stop()
    until(lambda: Generation.objects.filter(conversation__messages__text="one two").exists())
    tab.open(path)
    expect(tab.text).to_have_text("one two")


def test_the_question_is_sent_with_what_was_said_before(enter, alice, model):
    model.enqueue(Answer("By the moon."))
    model.enqueue(Answer("Twice a day."))
    tab = enter(alice)
    tab.ask_and_read("How do tides work?", "By the moon.")
    tab.ask_and_read("How often?", "Twice a day.")
    expect(tab.messages).to_have_count(4)
    asked = [call for call in model.history if call.operation == "ConverseStream"]
    texts = [message["content"][0]["text"] for message in asked[-1].messages]
    assert texts == ["How do tides work?", "By the moon.", "How often?"]


@pytest.mark.parametrize("how", ["button", "escape"])
def test_stop_ends_the_call_and_keeps_the_text(enter, alice, script, how):
    answer = script()
    tab = enter(alice)
    tab.ask("Count.")
    answer.emit("one two")
    expect(tab.text).to_have_text("one two")
    if how == "button":
        tab.stop_button.click()
    else:
        tab.field.press("Escape")
    expect(tab.answer).to_have_attribute("data-status", "stopped")
    expect(tab.outcome).to_contain_text("You stopped this answer.")
    assert answer.disconnected.wait(30)
    tab.page.reload()
    expect(tab.text).to_have_text("one two")
    expect(tab.outcome).to_contain_text("You stopped this answer.")


def test_stop_works_before_the_first_word(enter, alice, script):
    answer = script(hold=True)
    tab = enter(alice)
    tab.ask("Count.")
    assert answer.started.wait(30)
    tab.stop_button.click()
    expect(tab.outcome).to_contain_text("You stopped it before the first words.")
    assert answer.disconnected.wait(30)


def test_markdown_looks_the_same_streamed_and_loaded(enter, alice, model):
    model.enqueue(Answer(samples.EVERYTHING))
    tab = enter(alice)
    tab.ask("Everything, please.")
    expect(tab.answer).to_have_attribute("data-status", "complete")
    tab.arrives()
    streamed = tab.markup
    tab.page.reload()
    expect(tab.text.locator("table")).to_be_visible()
    assert tab.markup == streamed


def test_reasoning_is_there_for_who_wants_to_read_it(enter, alice, script):
    answer = script()
    tab = enter(alice)
    tab.ask("How do tides work?")
    answer.reason("The moon, I think.")
    reasoning = tab.answer.locator(".reasoning-text")
    expect(tab.waiting).to_contain_text("The model is thinking")
    answer.emit("The moon pulls.")
    answer.stop()
    expect(tab.text).to_have_text("The moon pulls.")
    expect(reasoning).to_be_hidden()
    tab.answer.get_by_text("Thought for").click()
    expect(reasoning).to_have_text("The moon, I think.")


def test_the_end_stays_in_view_unless_the_reader_scrolls_up(enter, alice, script):
    answer = script()
    tab = enter(alice)
    tab.ask("Something long.")
    answer.emit(samples.long_text(1_500))
    to_end = tab.page.get_by_role("button", name="To the end")
    left = "s => Math.round(s.scrollHeight - s.scrollTop - s.clientHeight)"
    scroller = tab.page.locator("#scroller")
    expect(tab.text.locator("p")).not_to_have_count(0)
    until(lambda: scroller.evaluate("s => s.scrollTop") > 1_000 and scroller.evaluate(left) < 5)
    expect(to_end).to_be_hidden()

    scroller.hover()
    tab.page.mouse.wheel(0, -900)
    expect(to_end).to_be_visible()
    before = scroller.evaluate("s => s.scrollTop")
    answer.emit("\n\nThe last words.")
    expect(tab.text).to_contain_text("The last words.")
    assert scroller.evaluate("s => s.scrollTop") == before
    to_end.click()
    until(lambda: scroller.evaluate(left) < 5)
    answer.stop()
