"""What the page says while it waits, and how an answer ended: in words, with what helps."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from playwright.sync_api import expect

from conversations.models import Guardrail
from streaming.localbedrock import Answer, Cut, Refusal, faults


def test_a_throttled_question_says_that_it_waits(enter, alice, model, script):
    """R67"""
    model.enqueue(faults.throttled())
    answer = script(hold=True)
    tab = enter(alice)
    tab.ask("How do tides work?")
    assert answer.started.wait(30)
    expect(tab.answer).to_have_attribute("data-status", "streaming")
    expect(tab.waiting).to_contain_text("busy")
    answer.emit("The moon pulls.")
    expect(tab.text).to_have_text("The moon pulls.")
    expect(tab.waiting).to_have_text("")
    answer.stop()


def test_a_failed_answer_can_be_tried_again(enter, alice, model):
    """R67"""
    model.enqueue(faults.throttled(), times=3)
    tab = enter(alice)
    tab.ask("How do tides work?")
    expect(tab.outcome).to_contain_text("The model is overloaded right now.")
    expect(tab.answer).to_have_attribute("data-status", "failed")
    tab.arrives()
    tab.page.reload()
    expect(tab.outcome).to_contain_text("The model is overloaded right now.")

    model.enqueue(Answer("The moon pulls."))
    tab.page.get_by_role("button", name="Try again").click()
    expect(tab.text).to_have_text("The moon pulls.")
    expect(tab.outcome).to_be_hidden()
    expect(tab.questions).to_have_count(1)


def test_an_answer_that_breaks_off_is_begun_again_by_itself(enter, alice, script):
    """What was shown of the first attempt gives way to the second, and nothing stands twice."""
    answer, again = script(), script(hold=True)
    tab = enter(alice)
    tab.ask("How do tides work?")
    answer.emit("The moon ")
    expect(tab.text).to_have_text("The moon")
    answer.cut()
    assert again.started.wait(30)
    expect(tab.waiting).to_contain_text("broke off")
    again.emit("The moon pulls.")
    again.stop()
    expect(tab.text).to_have_text("The moon pulls.")
    expect(tab.answer).to_have_attribute("data-status", "complete")
    expect(tab.outcome).to_be_hidden()


def test_an_answer_that_breaks_off_again_and_again_keeps_its_text(enter, alice, model, script):
    model.enqueue(Answer("The moon pulls", then=Cut()), times=3)
    tab = enter(alice)
    tab.ask("How do tides work?")
    expect(tab.answer).to_have_attribute("data-status", "interrupted")
    expect(tab.outcome).to_contain_text("The connection to the model broke in mid-answer.")
    expect(tab.text).to_contain_text("The moon")

    again = script()
    tab.page.get_by_role("button", name="Try again").click()
    again.emit("By gravity.")
    expect(tab.text).to_have_text("By gravity.")
    again.stop()
    expect(tab.answer).to_have_attribute("data-status", "complete")


def test_a_stopped_answer_can_be_continued(enter, alice, script):
    answer = script()
    tab = enter(alice)
    tab.ask("Count.")
    answer.emit("one two")
    expect(tab.text).to_have_text("one two")
    tab.stop_button.click()
    expect(tab.outcome).to_contain_text("You stopped this answer.")
    rest = script()
    tab.page.get_by_role("button", name="Continue").click()
    rest.emit(" three")
    expect(tab.text).to_have_text("one two three")
    rest.stop()
    expect(tab.answer).to_have_attribute("data-status", "complete")
    expect(tab.outcome).to_be_hidden()
    tab.page.reload()
    expect(tab.text).to_have_text("one two three")
    expect(tab.messages).to_have_count(2)


def test_a_slow_model_is_told(enter, alice, script):
    answer = script()
    tab = enter(alice)
    tab.ask("How do tides work?")
    answer.emit("The moon ")
    expect(tab.text).to_have_text("The moon")
    # The server of these tests says so after three seconds of silence.
    expect(tab.waiting).to_contain_text("longer")
    answer.emit("pulls.")
    expect(tab.waiting).to_have_text("")
    answer.stop()


def test_what_a_guardrail_withdraws_goes_from_every_tab_and_stays_gone(enter, alice, script):
    """R72"""
    group = Group.objects.create(name="Strict")
    alice.groups.add(group)
    Guardrail.objects.create(name="Strict", identifier="g1", mode="async").groups.add(group)
    answer = script()
    tab = enter(alice)
    tab.ask("How?")
    answer.reason("It is about poison.")
    answer.emit("Take some poison")
    expect(tab.text).to_have_text("Take some poison")
    other = tab.tab(tab.arrives())
    expect(other.text).to_have_text("Take some poison")
    answer.next_block()
    answer.emit("Sorry, no.")
    answer.stop("guardrail_intervened")
    for each in (tab, other):
        expect(each.outcome).to_contain_text("A guardrail withdrew this answer")
        expect(each.text).to_have_text("Sorry, no.")
    tab.page.reload()
    expect(tab.outcome).to_contain_text("A guardrail withdrew this answer")
    for each in (tab, other):
        expect(each.text).to_have_text("Sorry, no.")
        assert "poison" not in (each.page.locator("main").text_content() or "")


ENDINGS = {
    "max_tokens": (
        Answer("The moon", stop_reason="max_tokens"),
        "The answer reached its maximum length.",
    ),
    "empty": (Answer(""), "The model sent an empty answer."),
    "guardrail": (
        Answer("I may not say.", stop_reason="guardrail_intervened"),
        "A guardrail stopped or changed this answer.",
    ),
    "filtered": (
        Answer("The", stop_reason="content_filtered"),
        "A content filter cut this answer off.",
    ),
    "no space": (
        Answer("The", stop_reason="model_context_window_exceeded"),
        "The conversation no longer fits the model.",
    ),
    "no access": (Refusal("AccessDeniedException"), "This site may not use the model."),
    "cut": (Answer("The moon", then=Cut(), after=1), "The connection to the model broke"),
}


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_ending_is_told_at_once_and_after_a_reload(enter, alice, model, ending):
    reply, words = ENDINGS[ending]
    model.enqueue(reply, times=3)  # where another attempt may help, there are three
    tab = enter(alice)
    tab.ask("How do tides work?")
    expect(tab.outcome).to_be_visible()
    expect(tab.outcome).to_contain_text(words)
    expect(tab.stop_button).to_be_hidden()
    tab.arrives()
    said = tab.outcome.inner_text()
    tab.page.reload()
    expect(tab.outcome).to_be_visible()
    assert tab.outcome.inner_text() == said


def test_a_conversation_that_is_full_leads_to_a_new_one(enter, alice, model):
    for _ in range(2):  # it is asked once more with less
        model.enqueue(ENDINGS["no space"][0], operation="ConverseStream")
    tab = enter(alice)
    tab.ask("How do tides work?")
    tab.outcome.get_by_role("link", name="New conversation").click()
    expect(tab.page.get_by_role("heading", name="What would you like to know?")).to_be_visible()
