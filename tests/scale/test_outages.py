"""Workers, broker and Redis end, freeze and come back; what was accepted is answered."""

from __future__ import annotations

import time

import pytest

from conversations.models import Generation, Message
from streaming.localbedrock import Answer, Controlled
from tests.scale.processes import Worker, until
from tests.socket.tab import Tab

pytestmark = pytest.mark.redis


def text_of(accepted):
    return Message.objects.get(uuid=accepted["assistant_message"]).text


def status_of(accepted):
    return Generation.objects.get(pk=accepted["generation"]).status


# --- workers --------------------------------------------------------------------------------------


def test_when_a_worker_is_killed_another_goes_on_with_its_answer(cluster, tab, alice, model):
    """R8, R10: within the lease and a look, and by no redelivery of the broker."""
    here, there = tab(alice, 0, strict=False), tab(alice, 1, strict=False)
    script = model.enqueue(Controlled(), match="Survive")
    accepted = here.ask("Survive.")
    generation = accepted["generation"]
    there.follow(accepted["conversation"])
    script.emit("Kept text, ")
    here.until_text(generation, "Kept text, ")
    until(lambda: text_of(accepted) == "Kept text, ", "no checkpoint")
    cluster.worker.kill()
    cluster.worker.start()
    second = model.enqueue(Controlled(), match="Survive")
    assert second.started.wait(60), "the broker delivers again after two hours only"
    second.emit("and more.")
    second.stop()
    for mine in (here, there):
        assert mine.finish(generation)["status"] == "complete"
        assert mine.texts[generation] == text_of(accepted)
    assert text_of(accepted).endswith("and more.")
    assert Generation.objects.get().attempt == 2


def test_a_worker_that_wakes_again_writes_nothing_into_what_another_took(
    cluster, tab, alice, model
):
    """R11, R78: it was frozen for longer than its lease; the other forks before it has clients."""
    mine = tab(alice, strict=False)
    first = model.enqueue(Controlled(), match="Who")
    accepted = mine.ask("Who writes this?")
    generation = accepted["generation"]
    first.emit("The first, ")
    mine.until_text(generation, "The first, ")
    until(lambda: text_of(accepted) == "The first, ", "no checkpoint")
    cluster.worker.freeze()
    second = model.enqueue(Controlled(), match="Who")
    other = Worker(cluster.environment, "generations", "prefork")
    other.start()
    try:
        assert second.started.wait(60)
        first.emit("who sleeps.")
        cluster.worker.thaw()
        second.emit("the second.")
        second.stop()
        assert mine.finish(generation)["status"] == "complete"
        stored = text_of(accepted)
        assert stored.endswith("the second.")
        assert mine.texts[generation] == stored
        # The first learns with its next checkpoint that it lost, and lets the model go.
        assert model.history[0].disconnected.wait(30)
        assert text_of(accepted) == stored
    finally:
        other.end()


def test_a_worker_that_is_asked_to_end_hands_over_what_it_writes(cluster, tab, alice, model):
    """R13: every word so far is saved, and it ends within its grace."""
    mine = tab(alice, strict=False)
    script = model.enqueue(Controlled(), match="Handed")
    accepted = mine.ask("Handed over.")
    generation = accepted["generation"]
    script.emit("Every word so far, ")
    mine.until_text(generation, "Every word so far, ")
    began = time.monotonic()
    cluster.worker.end()
    assert time.monotonic() - began < 150
    assert text_of(accepted) == "Every word so far, "
    second = model.enqueue(Controlled(), match="Handed")
    cluster.worker.start()
    assert second.started.wait(60)
    second.emit("and the rest.")
    second.stop()
    assert mine.finish(generation)["status"] == "complete"
    assert mine.texts[generation] == text_of(accepted)


# --- the broker -----------------------------------------------------------------------------------


def test_a_worker_outlives_a_broker_that_goes_away_in_mid_answer(cluster, tab, alice, model):
    """R15: and writes both the answer that it was at and the next one."""
    mine = tab(alice)
    script = model.enqueue(Controlled(), match="Through")
    accepted = mine.ask("Through.")
    script.emit("Before, ")
    mine.until_text(accepted["generation"], "Before, ")
    worker = cluster.worker.pid
    cluster.broker.kill()
    script.emit("during, ")
    mine.until_text(accepted["generation"], "Before, during, ")
    cluster.broker.start()
    # Once before it acknowledges a message that the broker forgot, and once after that.
    for question in ("Next?", "And then?"):
        model.enqueue(Answer(text="Yes."), match=question)
        other = mine.ask(question)
        assert mine.finish(other["generation"], timeout=60)["status"] == "complete"
        if question == "Next?":
            script.emit("after.")
            script.stop()
            assert mine.finish(accepted["generation"])["status"] == "complete"
    assert text_of(accepted) == "Before, during, after."
    assert cluster.worker.pid == worker
    assert cluster.worker.is_alive


def test_what_is_sent_while_the_broker_is_away_begins_when_it_is_back(cluster, tab, alice, model):
    """R15, R82: nobody has to do anything."""
    mine = tab(alice)
    cluster.broker.kill()
    began = time.monotonic()
    accepted = mine.ask("Begin later.")
    assert accepted["type"] == "accepted"
    assert time.monotonic() - began < 15
    mine.command("ping")
    assert status_of(accepted) == "pending"
    cluster.broker.start()
    assert mine.finish(accepted["generation"], timeout=60)["status"] == "complete"
    assert mine.texts[accepted["generation"]] == text_of(accepted)


def test_what_the_broker_lost_is_offered_again(cluster, tab, alice, model):
    """R15, R82."""
    cluster.worker.kill()
    mine = tab(alice)
    accepted = mine.ask("Begin later.")
    broker = cluster.broker.client()
    until(lambda: broker.llen("generations") == 1, "nobody told a worker")
    broker.flushall()
    cluster.worker.start()
    assert mine.finish(accepted["generation"], timeout=60)["status"] == "complete"


# --- the live log ---------------------------------------------------------------------------------


def test_without_redis_the_text_still_comes_and_nothing_is_closed(cluster, tab, alice, model):
    """R14: slower, from the checkpoints; people can open conversations and ask."""
    here, there = tab(alice, 0), tab(alice, 1)
    script = model.enqueue(Controlled(), match="Through")
    accepted = here.ask("Through an outage.")
    generation = accepted["generation"]
    there.follow(accepted["conversation"])
    script.emit("Before, ")
    for mine in (here, there):
        mine.until_text(generation, "Before, ")
    cluster.redis.kill()
    script.emit("during, ")
    for mine in (here, there):
        mine.until_text(generation, "Before, during, ")
    # Who comes now is let in, sees what there is, and is answered.
    with Tab(cluster.web[1], alice) as late:
        late.follow(accepted["conversation"])
        late.until_text(generation, "Before, during, ")
        model.enqueue(Answer(text="Yes."), match="Anybody")
        other = late.ask("Anybody there?")
        late.finish(other["generation"], timeout=60)
        assert late.texts[other["generation"]] == "Yes."
    cluster.redis.start()
    text = "Before, during, "

    def comes_by_an_update():
        nonlocal text
        script.emit("after ")
        text += "after "
        for mine in (here, there):
            mine.until_text(generation, text)
        return {mine.of(generation)[-1]["type"] for mine in (here, there)} == {"delta"}

    until(comes_by_an_update, "the log does not come back")
    script.stop()
    for mine in (here, there):
        assert mine.finish(generation)["status"] == "complete"
        assert mine.texts[generation] == text_of(accepted)


def test_a_redis_that_is_emptied_costs_no_text(cluster, tab, alice, model):
    """R14, R51: in mid-answer, several times; announcements find their way again, too."""
    here, there = tab(alice, 0), tab(alice, 1)
    script = model.enqueue(Controlled(), match="Emptied")
    accepted = here.ask("Emptied.")
    generation = accepted["generation"]
    there.follow(accepted["conversation"])
    text = ""
    for number in range(5):
        script.emit(f"{number} ")
        text += f"{number} "
        cluster.redis.client().flushall()
        for mine in (here, there):
            mine.until_text(generation, text)
    script.stop()
    for mine in (here, there):
        assert mine.finish(generation)["status"] == "complete"
        assert mine.texts[generation] == text_of(accepted) == text
    second = here.ask("And now?", conversation=accepted["conversation"])
    assert there.expect("accepted")["generation"] == second["generation"]
    there.finish(second["generation"])


def test_a_redis_that_hangs_holds_nobody_up_for_long(cluster, tab, alice, model):
    """R14: it takes connections and answers nothing; half-open connections look like that."""
    mine = tab(alice, 0)
    script = model.enqueue(Controlled(), match="Hanging")
    accepted = mine.ask("Hanging.")
    generation = accepted["generation"]
    script.emit("Before, ")
    mine.until_text(generation, "Before, ")
    cluster.redis.freeze()
    script.emit("during.")
    began = time.monotonic()
    mine.until_text(generation, "Before, during.")
    assert time.monotonic() - began < 20
    script.stop()
    assert mine.finish(generation)["status"] == "complete"
    with Tab(cluster.web[1], alice) as late:
        late.cursors[generation] = 1
        late.follow(accepted["conversation"], {generation: 1})
        late.finish(generation)
        assert late.texts[generation] == text_of(accepted) == "Before, during."
