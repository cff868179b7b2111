"""A conversation that is longer than the window: cut, told, drawn as it was sent (R18, R64)."""

from __future__ import annotations

import pytest

from conversations.models import BedrockModel, Generation, Message
from streaming.localbedrock import Answer, Controlled, Refusal

SMALL = "local.demonstration-small-v1:0"


def overflowing(how, text=""):
    script = Controlled()
    if text:
        script.emit(text)
    if how == "in the stream":
        script.fail("validationException", "Input is too long for requested model.")
    else:
        script.stop("model_context_window_exceeded")
    return script


SHAPES = {
    "refused": lambda: Refusal("ValidationException", "Input is too long for requested model."),
    "refused with figures": lambda: Refusal(
        "ValidationException", "prompt is too long: 205000 tokens > 200000 maximum"
    ),
    "in the stream": lambda: overflowing("in the stream"),
    "in the stream, after words": lambda: overflowing("in the stream", "The first"),
    "as a stop reason": lambda: overflowing("stop reason"),
    "as a stop reason, after words": lambda: overflowing("stop reason", "The first"),
}


@pytest.fixture
def small():
    return BedrockModel.objects.create(
        id=SMALL, name="Small", context_window=4_096, max_output_tokens=512, demonstration=True
    )


def talk(mine, times, size=300, **more):
    accepted = mine.ask(f"0 {'word ' * size}", **more)
    mine.finish(accepted["generation"])
    for number in range(1, times):
        accepted = mine.ask(f"{number} {'word ' * size}", conversation=accepted["conversation"])
        mine.finish(accepted["generation"])
    return accepted


def asked(model):
    return [call for call in model.history if call.operation == "ConverseStream"]


@pytest.mark.parametrize("shape", SHAPES)
def test_what_the_model_finds_too_long_is_cut_harder_and_asked_once_more(
    tab, alice, model, small, shape
):
    """R64"""
    mine = tab(alice)
    before = talk(mine, 4, model=SMALL)
    model.enqueue(SHAPES[shape]())
    model.enqueue(Answer(text="It fits."))
    accepted = mine.ask("And now?", conversation=before["conversation"])
    finished = mine.finish(accepted["generation"])
    assert (finished["status"], finished["stop_reason"]) == ("complete", "end_turn")
    assert mine.texts[accepted["generation"]] == "It fits."
    first, second = asked(model)[-2:]
    assert len(second.messages) < len(first.messages)
    assert second.messages[-1]["content"][-1]["text"] == "And now?"
    told = [each for each in mine.of(accepted["generation"]) if each["type"] == "notice"]
    assert "retrying" in [each["code"] for each in told]


@pytest.mark.parametrize("shape", ["refused", "in the stream"])
def test_what_stays_too_long_is_told_and_the_conversation_goes_on(tab, alice, model, small, shape):
    """R19, R64: one retry, not three."""
    mine = tab(alice)
    before = talk(mine, 2, model=SMALL)
    model.enqueue(SHAPES[shape]())
    model.enqueue(SHAPES[shape]())
    accepted = mine.ask("And now?", conversation=before["conversation"])
    finished = mine.finish(accepted["generation"])
    assert (finished["status"], finished["error"]["code"]) == ("failed", "too_long")
    assert "does not fit" in finished["error"]["detail"]
    assert len(asked(model)) == 4
    after = mine.ask("Still there?", conversation=before["conversation"])
    assert mine.finish(after["generation"])["status"] == "complete"


def test_a_window_that_is_exceeded_twice_keeps_what_was_written(tab, alice, model, small):
    """R64"""
    mine = tab(alice)
    before = talk(mine, 2, model=SMALL)
    for _ in range(2):
        model.enqueue(overflowing("stop reason", "As far as it came"))
    accepted = mine.ask("And now?", conversation=before["conversation"])
    finished = mine.finish(accepted["generation"])
    assert finished["status"] == "complete"
    assert finished["stop_reason"] == "model_context_window_exceeded"
    assert "new_conversation" in finished["actions"]
    assert mine.texts[accepted["generation"]] == "As far as it came"


def test_where_the_view_begins_is_told_as_it_was_sent(tab, alice, model, small):
    """What is drawn is what is sent: also with a message that is pinned."""
    mine = tab(alice)
    accepted = talk(mine, 3, size=300, model=SMALL)
    pinned = Message.objects.filter(role="user").order_by("id")[1]
    Message.objects.filter(pk=pinned.pk).update(pinned=True)
    for number in range(3, 9):
        accepted = mine.ask(f"{number} {'word ' * 300}", conversation=accepted["conversation"])
        told = mine.finish(accepted["generation"])["context"]
        sent = asked(model)[-1].messages
        path = list(Message.objects.order_by("id"))[:-1]  # all but the answer
        uuids = [str(row.uuid) for row in path]
        drawn = [row.text for row in path if str(row.uuid) in told["kept"]] + [
            row.text for row in path[uuids.index(told["from"]) :]
        ]
        assert drawn == [block["text"] for each in sent for block in each["content"]]
        assert told["left_out"] == len(path) - len(drawn)
        assert told["tokens"] <= told["budget"] < told["window"] == 4_096
    assert told["kept"] == [str(pinned.uuid), str(path[path.index(pinned) + 1].uuid)]
    assert told["left_out"] > 0
    assert Generation.objects.get(pk=accepted["generation"]).context == told


def test_near_the_limit_the_model_counts_each_message_once(tab, alice, model):
    """By the page too: what is shown says where it comes from."""
    able = "anthropic.claude-3-5-sonnet-20240620-v1:0"
    BedrockModel.objects.create(
        id=able,
        name="Able",
        context_window=4_096,
        max_output_tokens=512,
        capabilities={"count_tokens": True, "system_prompt": True},
        demonstration=True,
    )
    mine = tab(alice)
    accepted = mine.ask(f"0 {'word ' * 300}", model=able)
    told = [mine.finish(accepted["generation"])["context"]]
    for number in range(1, 8):
        accepted = mine.ask(f"{number} {'word ' * 300}", conversation=accepted["conversation"])
        told.append(mine.finish(accepted["generation"])["context"])
    assert [each["counted"] for each in told[:4]] == [False] * 4  # far from the limit
    assert told[-1]["counted"]
    counts = list(model.counts)
    texts = [
        block["text"].strip()
        for call in counts
        for message in call.messages
        for block in message["content"]
        if block["text"] != "."
    ]
    assert texts
    assert len(texts) == len(set(texts))
    answer = next(call for call in reversed(asked(model)))
    assert answer.messages[-1]["content"][-1]["text"].startswith("7 ")
