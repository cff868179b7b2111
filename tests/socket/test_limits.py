"""What is too much waits, in a fair queue, or is refused with a time to come back."""

from __future__ import annotations

import json
from uuid import uuid4

import pytest

from conversations.models import Generation
from streaming.localbedrock import Controlled
from tests.socket.events import Api
from tests.socket.servers import ChatServer
from tests.socket.tab import Tab


def running(model, mine, count):
    """So many answers of one person, each in a conversation of its own."""
    # Not for titles: those of the test before quote the same words, and may be asked for now.
    scripts = [
        model.enqueue(Controlled(), match=f"Number {number}.", operation="ConverseStream")
        for number in range(count)
    ]
    accepted = [mine.ask(f"Number {number}.") for number in range(count)]
    return list(zip(scripts, accepted, strict=True))


def end(mine, script, accepted):
    assert script.started.wait(30)
    script.stop()
    mine.finish(accepted["generation"])


def test_a_persons_fourth_answer_waits_and_says_so_and_anothers_first_does_not(
    tab, alice, bob, model
):
    """R66: of one person three run at once here."""
    mine, other = tab(alice), tab(bob)
    *first, (last_script, last) = running(model, mine, 4)
    notice = mine.expect("notice")
    assert (notice["code"], notice["generation"]) == ("waiting", last["generation"])
    assert not last_script.started.is_set()
    script = model.enqueue(Controlled(), match="Bob")
    his = other.ask("Bob's first.")
    assert script.started.wait(30)
    end(other, script, his)
    for each in first:
        end(mine, *each)
    end(mine, last_script, last)


def test_what_waits_can_be_stopped(tab, alice, model):
    """R81."""
    mine = tab(alice)
    *first, (last_script, last) = running(model, mine, 4)
    assert mine.expect("notice")["code"] == "waiting"
    mine.stop(last["assistant_message"])
    assert mine.finish(last["generation"])["status"] == "stopped"
    assert not last_script.started.is_set()
    for each in first:
        end(mine, *each)


def test_more_questions_than_can_wait_are_refused_with_a_time_to_come_back(tab, alice, model):
    """R88."""
    mine = tab(alice)
    answers = running(model, mine, 10)
    refused = mine.ask("One too many.")
    assert (refused["code"], refused["retry_after"]) == ("rate_limited", 5)
    assert Generation.objects.count() == 10
    for script, accepted in answers:
        if accepted["generation"] not in mine.texts:
            mine.stop(accepted["assistant_message"])
        mine.finish(accepted["generation"])
        script.stop() if script.started.is_set() else None


def test_commands_that_come_too_fast_are_refused_and_the_socket_stays(tab, alice):
    """R42, R88."""
    mine = tab(alice)
    answers = []
    for number in range(700):
        mine.say(type="ping", ref=str(number))
        if number % 20 == 19:
            answers += [mine.expect("pong", "refused") for _ in range(20)]
    refused = [answer for answer in answers if answer["type"] == "refused"]
    assert refused
    assert {(each["code"], each["retry_after"]) for each in refused} == {("rate_limited", 1.0)}
    assert [each["ref"] for each in answers] == [str(number) for number in range(700)]


def test_the_sockets_of_a_person_have_a_pace_together(tab, alice, bob):
    """R88: each within its own, and all of them not."""
    mine = [tab(alice) for _ in range(4)]
    for _ in range(20):
        for number, each in enumerate(mine):
            for _ in range(20):
                each.say(type="ping", ref=str(number))
        answers = [each.expect("pong", "refused") for each in mine for _ in range(20)]
        refused = [answer for answer in answers if answer["type"] == "refused"]
        if refused:
            break
    assert {(each["code"], each["retry_after"]) for each in refused} == {("rate_limited", 1.0)}
    assert tab(bob).command("ping")["type"] == "pong"


@pytest.fixture
def strict(running_model, own_server):
    """Beside nobody, and slow with everybody."""
    own_server.stop()
    server = ChatServer("daphne", running_model.url, MAX_FRAMES_PER_PERSON="1")
    server.start()
    yield server
    server.stop()


def test_calls_over_http_and_commands_over_sockets_share_the_pace(strict, alice, bob):
    """R88: five at once and then one a second, whatever carries them."""
    api = Api(strict, alice)
    statuses = []
    for _ in range(20):
        with api.call("POST", f"/messages/{uuid4()}/stop", {}) as response:
            statuses.append(response.status)
            told = json.loads(response.read())["error"]["code"], response.headers["Retry-After"]
        if response.status == 429:
            break
    assert statuses == [404] * (len(statuses) - 1) + [429]
    assert told == ("rate_limited", "1")
    with Tab(strict, alice) as mine, Tab(strict, bob) as his:
        for number in range(20):
            mine.say(type="ping", ref=str(number))
        assert "refused" in {mine.expect("pong", "refused")["type"] for _ in range(20)}
        assert his.command("ping")["type"] == "pong"
