"""Asking and being answered, over the socket of the real server."""

from __future__ import annotations

import re
import threading
from uuid import uuid4

import pytest

from conversations.models import BedrockModel, Conversation, Generation, Message
from streaming.localbedrock import Answer, Controlled


def test_a_question_is_accepted_answered_and_saved(tab, alice, model):
    """R1, R5, R36: the rows are there when `accepted` is, and the text is that of the deltas."""
    model.enqueue(Answer(text="The moon pulls, the sea follows."))
    mine = tab(alice)
    accepted = mine.ask("How do tides work?")
    assert Message.objects.filter(uuid=accepted["user_message"], text="How do tides work?").exists()
    finished = mine.finish(accepted["generation"])

    kinds = [update["type"] for update in mine.of(accepted["generation"])]
    assert kinds[:2] == ["accepted", "started"]
    assert kinds[-1] == "finished"
    generation = Generation.objects.get(pk=accepted["generation"])
    assert mine.texts[accepted["generation"]] == "The moon pulls, the sea follows."
    assert generation.message.text == "The moon pulls, the sea follows."
    assert (generation.status, generation.stop_reason) == ("complete", "end_turn")
    assert generation.seq == finished["seq"]
    assert finished["usage"]["output_tokens"] == generation.output_tokens > 0
    assert finished["timings"]["first_token_ms"] <= finished["timings"]["total_ms"]


def test_the_text_is_saved_at_message_stop_and_does_not_wait_for_the_usage(tab, alice, model):
    script = model.enqueue(Controlled())
    mine = tab(alice)
    accepted = mine.ask("How do tides work?")
    script.emit("The moon.")
    mine.until_text(accepted["generation"], "The moon.")
    script.stop("end_turn", metadata=False)
    # Nothing else comes: the usage is waited for, but not for long, and the text is not lost.
    finished = mine.finish(accepted["generation"])
    assert (finished["status"], finished["usage"]["estimated"]) == ("complete", True)
    assert Generation.objects.get(pk=accepted["generation"]).message.text == "The moon."


def test_the_same_key_gives_the_same_answer_and_starts_nothing(tab, alice, model):
    """R2."""
    model.enqueue(Answer(text="Once."))
    key = str(uuid4())
    mine, other = tab(alice), tab(alice)
    accepted = mine.ask("Say it once.", key=key)
    mine.finish(accepted["generation"])
    again = other.ask("Say it once.", key=key)
    assert {**again, "ref": ""} == {**accepted, "ref": ""}
    # And it catches up with what was answered.
    other.finish(accepted["generation"])
    assert other.texts[accepted["generation"]] == "Once."
    assert Message.objects.filter(role="user").count() == 1


def test_twenty_parallel_sends_of_one_key_make_one_turn(tab, alice, model):
    """R2."""
    key = str(uuid4())
    tabs = [tab(alice, strict=False) for _ in range(5)]
    answers = []

    def send(mine):
        answers.extend(mine.ask("Only once.", key=key) for _ in range(4))

    threads = [threading.Thread(target=send, args=(mine,)) for mine in tabs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    assert {answer["type"] for answer in answers} == {"accepted"}
    assert len({answer["generation"] for answer in answers}) == 1
    assert Generation.objects.count() == Message.objects.filter(role="user").count() == 1
    tabs[0].finish(answers[0]["generation"])
    asked = [call for call in model.history if call.operation == "ConverseStream"]
    assert len(asked) == 1


def test_a_key_cannot_be_used_for_something_else(tab, alice, model):
    """R2: a refused command uses up no key."""
    key = str(uuid4())
    mine = tab(alice)
    first = mine.ask("One thing.", key=key)
    mine.finish(first["generation"])
    refused = mine.ask("Another thing.", key=key)
    assert (refused["type"], refused["code"]) == ("refused", "malformed")


def test_a_conversation_answers_one_question_at_a_time(tab, alice, model):
    """R37."""
    script = model.enqueue(Controlled())
    mine, other = tab(alice), tab(alice)
    accepted = mine.ask("First.")
    refused = other.ask("Second.", conversation=accepted["conversation"])
    assert (refused["code"], refused["retry_after"]) == ("busy", None)
    script.emit("Done.")
    script.stop()
    mine.finish(accepted["generation"])
    second = other.ask("Second.", conversation=accepted["conversation"])
    assert second["type"] == "accepted"
    assert second["parent"] == accepted["assistant_message"]
    other.finish(second["generation"])


def test_twenty_sends_at_once_leave_one_live_answer(tab, alice, model):
    """R37: the database decides, whichever tab was first."""
    first = tab(alice)
    accepted = first.ask("Begin.")
    first.finish(accepted["generation"])
    script = model.enqueue(Controlled(), match="All at once")
    tabs = [tab(alice) for _ in range(4)]
    answers = []

    def send(mine):
        where = {"conversation": accepted["conversation"]}
        answers.extend(mine.ask(f"All at once {i}.", **where) for i in range(5))

    threads = [threading.Thread(target=send, args=(mine,)) for mine in tabs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    began = [answer for answer in answers if answer["type"] == "accepted"]
    assert len(began) == 1
    assert {answer["code"] for answer in answers if answer["type"] == "refused"} == {"busy"}
    script.stop()
    first.finish(began[0]["generation"])


def test_a_message_can_be_written_below_any_answer_and_at_the_beginning(tab, alice, model):
    mine = tab(alice)
    one = mine.ask("One.")
    mine.finish(one["generation"])
    two = mine.ask("Two.", conversation=one["conversation"])
    mine.finish(two["generation"])
    edited = mine.ask(
        "Two, edited.", conversation=one["conversation"], parent=one["assistant_message"]
    )
    mine.finish(edited["generation"])
    restarted = mine.ask("Zero.", conversation=one["conversation"], parent=None)
    mine.finish(restarted["generation"])
    parents = {
        str(message.uuid): message.parent and str(message.parent.uuid)
        for message in Message.objects.filter(role="user")
    }
    assert parents[two["user_message"]] == parents[edited["user_message"]]
    assert parents[restarted["user_message"]] is None
    # What is sent to the model is the branch, not the conversation.
    sent = [call.messages for call in model.history if call.operation == "ConverseStream"]
    assert [len(messages) for messages in sent] == [1, 3, 3, 1]


def test_a_message_is_not_written_below_a_message(tab, alice, model):
    mine = tab(alice)
    one = mine.ask("One.")
    mine.finish(one["generation"])
    refused = mine.ask("Two.", conversation=one["conversation"], parent=one["user_message"])
    assert refused["code"] == "conflict"


def test_an_answer_can_be_written_again_beside_the_first(tab, alice, model):
    model.enqueue(Answer(text="First."), match="Tell me")
    model.enqueue(Answer(text="Second."), match="Tell me", operation="ConverseStream")
    mine = tab(alice)
    one = mine.ask("Tell me.")
    mine.finish(one["generation"])
    again = mine.command("regenerate", key=str(uuid4()), message=one["assistant_message"])
    assert (again["user_message"], again["parent"]) == (None, one["user_message"])
    mine.finish(again["generation"])
    texts = Message.objects.filter(role="assistant").values_list("text", flat=True)
    assert sorted(texts) == ["First.", "Second."]


def test_a_new_conversation_keeps_its_options_and_sends_them(tab, alice, model):
    mine = tab(alice)
    options = {"system_prompt": "  Answer briefly. ", "temperature": 0.2, "max_tokens": 77}
    accepted = mine.ask("Go.", options=options)
    mine.finish(accepted["generation"])
    conversation = Conversation.objects.get(pk=accepted["conversation"])
    assert conversation.system_prompt == "  Answer briefly. "
    body = model.history[0].body
    assert body["system"] == [{"text": "  Answer briefly. "}]
    assert body["inferenceConfig"] == {"maxTokens": 77, "temperature": 0.2}


def test_only_models_of_the_catalogue_can_be_asked(tab, alice, model):
    """R26."""
    BedrockModel.objects.create(
        id="local.other", name="Other", context_window=4096, max_output_tokens=512, enabled=False
    )
    mine = tab(alice)
    for asked in ("local.other", "arn:aws:bedrock:us-east-1:1:imported-model/x"):
        assert mine.ask("Hello.", model=asked)["code"] == "unsupported_model"
    assert not Message.objects.exists()


def test_a_message_that_cannot_fit_is_refused_before_anything_is_stored(tab, alice, model):
    mine = tab(alice)
    refused = mine.ask("word " * 39_000)
    assert refused["code"] == "too_long"
    size, limit = re.findall(r"[\d,]{5,}", refused["detail"])  # what it has, what fits
    assert int(size.replace(",", "")) > int(limit.replace(",", "")) > 1_000
    assert mine.ask("x" * 200_001)["code"] == "too_large"
    assert not Conversation.objects.exists()


@pytest.mark.parametrize("role", ["system", "assistant", "tool"])
def test_a_client_cannot_choose_a_role(tab, alice, model, role):
    """R26."""
    mine = tab(alice)
    assert mine.ask("Obey.", role=role)["code"] == "malformed"


def test_text_that_databases_refuse_is_cleaned_at_the_door(tab, alice, model):
    """R16."""
    model.enqueue(Answer(text="nul\x00 lone\ud800 pair\ud83d\ude00."), match="odd")
    mine = tab(alice)
    accepted = mine.ask("odd \x00 and \udcff text")
    mine.finish(accepted["generation"])
    asked = Message.objects.get(uuid=accepted["user_message"])
    answered = Message.objects.get(uuid=accepted["assistant_message"])
    assert asked.text == accepted["text"] == "odd \ufffd and \ufffd text"
    assert answered.text == mine.texts[accepted["generation"]] == "nul\ufffd lone\ufffd pair😀."


def test_the_model_writes_the_title_unless_a_person_did(tab, alice, model):
    mine = tab(alice)
    model.enqueue(Answer(text='"Tides and the moon"'), operation="Converse")
    accepted = mine.ask("How do tides work?")
    mine.finish(accepted["generation"])
    while (update := mine.expect("conversation")).get("title") != "Tides and the moon":
        assert update["conversation"] == accepted["conversation"]
    conversation = Conversation.objects.get(pk=accepted["conversation"])
    conversation.rename("My own title")
    assert not conversation.suggest_title("Another title")
    conversation.refresh_from_db()
    assert conversation.title == "My own title"


def test_a_second_tab_of_the_conversation_sees_the_question_and_the_answer_live(tab, alice, model):
    """R3, R97."""
    mine = tab(alice)
    first = mine.ask("One.")
    mine.finish(first["generation"])
    other = tab(alice)
    assert other.follow(first["conversation"])["newest"] == first["assistant_message"]
    script = model.enqueue(Controlled(), match="Two")
    accepted = mine.ask("Two.", conversation=first["conversation"])
    told = other.expect("accepted")
    assert "ref" not in told
    assert told == {name: value for name, value in accepted.items() if name != "ref"}
    script.emit("Both see this.")
    other.until_text(told["generation"], "Both see this.")
    mine.until_text(told["generation"], "Both see this.")
    script.stop()
    assert other.finish(told["generation"]) == mine.finish(told["generation"])
