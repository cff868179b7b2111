"""Where WebSockets are blocked: the same over server-sent events, as reliable (R98)."""

from __future__ import annotations

from uuid import uuid4

import pytest

from conversations.models import Generation, Message
from streaming.localbedrock import Answer, Controlled
from tests.socket.events import Api, text_of


@pytest.fixture
def api(server, alice) -> Api:
    return Api(server, alice)


def stored(generation: str) -> str:
    return Message.objects.get(generations__pk=generation).text


def test_a_first_message_is_answered_with_its_updates(api, model):
    """R98"""
    model.enqueue(Answer(text="The moon pulls."))
    stream = api.begin("/messages", {"text": "How do tides work?"})
    updates = [stream.until(kind) for kind in ("accepted", "started")]
    accepted = updates[0]
    assert accepted["text"] == "How do tides work?"
    for update in stream:
        updates.append(update)
        if update["type"] == "finished":
            break
    stream.close()
    assert text_of(updates, accepted["generation"]) == "The moon pulls."
    assert updates[-1]["status"] == "complete"
    assert stream.last_id == f"{accepted['generation']}:{updates[-1]['seq']}"
    assert stored(accepted["generation"]) == "The moon pulls."


def test_who_asks_for_json_waits_for_the_finished_answer(api, model):
    """R98"""
    model.enqueue(Answer(text="The moon pulls."))
    status, message = api.send("/messages", {"text": "How do tides work?"})
    assert status == 200
    assert (message["role"], message["text"], message["status"]) == (
        "assistant",
        "The moon pulls.",
        "complete",
    )
    row = Message.objects.get(uuid=message["id"])
    model.enqueue(Answer(text="Twice a day."))
    path = f"/conversations/{row.conversation_id}/messages"
    status, second = api.send(path, {"text": "How often?"})
    assert (status, second["text"]) == (200, "Twice a day.")
    status, again = api.send(f"/messages/{second['id']}/regenerate", {})
    assert status == 200
    assert again["parent"] == second["parent"]


def test_the_first_message_goes_to_a_conversation_that_was_made_for_it(api, model):
    """R98"""
    status, made = api.json("POST", "/conversations", {"system_prompt": "Be brief."})
    assert status == 201
    model.enqueue(Answer(text="Yes."))
    status, message = api.send(f"/conversations/{made['id']}/messages", {"text": "Hello?"})
    assert (status, message["text"]) == (200, "Yes.")
    asked = [call for call in model.history if call.operation == "ConverseStream"]
    assert asked[-1].body["system"] == [{"text": "Be brief."}]


def test_resuming_after_every_id_gives_the_text_byte_by_byte(api, model):
    """R7, R98"""
    model.enqueue(Answer(deltas=[f"{number} ä" for number in range(60)], pace=200))
    whole = api.begin("/messages", {"text": "Count."})
    ids, updates = [], []
    for update in whole:
        updates.append(update)
        ids.append(whole.last_id)
        if update["type"] == "finished":
            break
    whole.close()
    generation = updates[0]["generation"]
    conversation = updates[0]["conversation"]
    text = stored(generation)
    assert text_of(updates, generation) == text
    assert len(ids) > 10
    for place, event_id in enumerate(ids):
        seen = updates[: place + 1]
        rest = api.events(f"/conversations/{conversation}/events", after=event_id)
        assert rest.until("following")["conversation"] == conversation
        if place + 1 < len(ids):
            for update in rest:
                seen.append(update)
                if update["type"] == "finished":
                    break
        rest.close()
        assert text_of(seen, generation) == text


def test_turns_that_began_meanwhile_are_told_after_resuming(api, tab, alice, model):
    """R98: whatever happened between two responses."""
    model.enqueue(Answer(text="First."))
    stream = api.begin("/messages", {"text": "One?"})
    first = stream.until("accepted")
    stream.until("finished")
    stream.close()
    conversation = first["conversation"]
    other = tab(alice)
    asked = []
    for text in ("Second.", "Third."):
        model.enqueue(Answer(text=text))
        asked.append(other.ask("And?", conversation=conversation))
        other.finish(asked[-1]["generation"])
    resumed = api.events(f"/conversations/{conversation}/events", after=stream.last_id)
    updates = []
    for update in resumed:
        updates.append(update)
        if update["type"] == "finished" and update["generation"] == asked[-1]["generation"]:
            break
    resumed.close()
    for turn, text in zip(asked, ("Second.", "Third."), strict=True):
        assert text_of(updates, turn["generation"]) == text
    order = [update["generation"] for update in updates if update["type"] == "accepted"]
    assert order == [turn["generation"] for turn in asked]
    ended = [update["type"] for update in updates].index("finished")
    assert ended < [update.get("generation") for update in updates].index(asked[1]["generation"])


def test_the_same_key_over_both_ways_is_one_turn(api, tab, alice, model):
    """R2, R98"""
    key = str(uuid4())
    model.enqueue(Answer(text="Once."))
    mine = tab(alice)
    accepted = mine.ask("Only once?", key=key)
    mine.finish(accepted["generation"])
    status, message = api.send("/messages", {"text": "Only once?"}, key=key)
    assert (status, message["id"]) == (200, accepted["assistant_message"])
    again = {name: value for name, value in accepted.items() if name != "ref"}
    repeated = api.begin("/messages", {"text": "Only once?"}, key=key)
    assert repeated.until("accepted") == again
    repeated.until("finished")
    repeated.close()
    status, error = api.send("/messages", {"text": "Something else"}, key=key)
    assert (status, error["error"]["code"]) == (400, "malformed")
    # And the other way round, below an answer.
    key, conversation = str(uuid4()), accepted["conversation"]
    body = {"text": "Again?", "parent": accepted["assistant_message"]}
    status, message = api.send(f"/conversations/{conversation}/messages", body, key=key)
    assert status == 200
    same = mine.ask(**body, key=key, conversation=conversation)
    assert same["assistant_message"] == message["id"]
    assert Generation.objects.count() == 2


def test_a_stop_ends_the_answer_and_the_call_to_the_model(api, model):
    """R98"""
    script = model.enqueue(Controlled())
    stream = api.begin("/messages", {"text": "Go on."})
    accepted = stream.until("accepted")
    script.emit("Some words")
    stream.until("delta")
    status, said = api.json("POST", f"/messages/{accepted['assistant_message']}/stop")
    assert (status, said) == (200, {"type": "stopping", "finished": None})
    finished = stream.until("finished")
    stream.close()
    assert finished["status"] == "stopped"
    assert script.disconnected.wait(30)
    status, said = api.json("POST", f"/messages/{accepted['assistant_message']}/stop")
    assert said["finished"]["status"] == "stopped"
    model.enqueue(Answer(text=" and more."))
    path = f"/messages/{accepted['assistant_message']}/continue"
    status, message = api.send(path, {})
    assert (status, message["status"]) == (200, "complete")
    assert message["text"].startswith("Some words")


def test_a_response_ends_by_itself_and_the_next_one_goes_on(api, model):
    """R41, R98: nobody's memory grows by a client that does not read."""
    model.enqueue(Answer(deltas=["x" * 400] * 200, pace=100, whole=True))
    stream = api.begin("/messages", {"text": "Something long."})
    updates, sizes = [], []
    while "finished" not in [update["type"] for update in updates]:
        assert len(sizes) < 20, "no progress"
        updates += [update for update in stream if update["type"] != "ready"]
        sizes.append(stream.size)
        path = f"/conversations/{updates[0]['conversation']}/events"
        stream = api.events(path, after=stream.last_id)
    stream.close()
    generation = updates[0]["generation"]
    assert text_of(updates, generation) == stored(generation)
    assert len(sizes) > 1
    assert max(sizes) < 3 * 32_768  # the setting of these tests, and one snapshot


def test_other_conversations_changes_arrive_too(api, tab, alice, model):
    """R98: whatever page is open."""
    stream = api.events("/events")
    assert stream.until("ready")["user"] == str(alice.public_id)
    model.enqueue(Answer(text="Yes."))
    accepted = tab(alice).ask("Elsewhere?")
    changed = stream.until("conversation", running=True)
    stream.close()
    assert changed["conversation"] == accepted["conversation"]
