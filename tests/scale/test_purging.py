"""What is deleted while it is being written is gone from every store, and stays gone."""

from __future__ import annotations

from datetime import timedelta

import pytest
from celery import Celery
from django.apps import apps
from django.test import Client
from django.utils import timezone

from conversations.models import Conversation, Generation
from conversations.purge import purge
from streaming.localbedrock import Controlled
from streaming.redislog import FORGOTTEN_SECONDS, KEY
from tests.scale.processes import until

pytestmark = pytest.mark.redis

CANARY = "canary-a1b2c3"


def tables_with(text):
    return {
        model.__name__
        for model in apps.get_models()
        if any(text in str(row) for row in model._base_manager.values_list())
    }


def keys_with(client, text):
    """Of one database of Redis, whatever their types."""
    readers = {
        "string": client.get,
        "hash": client.hgetall,
        "set": client.smembers,
        "list": lambda key: client.lrange(key, 0, -1),
        "zset": lambda key: client.zrange(key, 0, -1),
        "stream": client.xrange,
    }
    return {
        key.decode()
        for key in client.scan_iter("*")
        if text in str(readers[client.type(key).decode()](key))
    }


def test_an_answer_that_is_deleted_in_mid_sentence_leaves_nothing(cluster, tab, alice, bob, model):
    """R38: neither rows nor jobs nor text in Redis, and nothing comes back."""
    script = model.enqueue(Controlled(), match=CANARY)
    mine = tab(alice)
    accepted = mine.ask(f"Say {CANARY}.")
    generation = accepted["generation"]
    script.emit(f"{CANARY} it is, ")
    mine.until_text(generation, f"{CANARY} it is, ")
    until(lambda: Generation.objects.get().seq > 1, "no checkpoint")
    page = Client()
    page.force_login(alice)
    page.post(f"/c/{accepted['conversation']}/delete/")
    assert mine.finish(generation)["status"] == "stopped"
    assert script.disconnected.wait(30)

    assert purge(timezone.now()).conversations == 1
    assert tables_with(CANARY) == set()
    row = Generation.objects.get()
    assert (row.status, row.conversation, row.message) == ("stopped", None, None)
    # What the tabs were told goes by itself, long before what was deleted is due.
    redis = cluster.redis.client()
    assert keys_with(redis, CANARY) <= {KEY}
    assert 0 < redis.ttl(KEY) <= FORGOTTEN_SECONDS < 86_400
    assert keys_with(cluster.broker.client(), CANARY) == set()

    # A message of the broker that comes late, and whoever comes back with a cursor.
    with Celery(broker=cluster.broker.url) as app:
        for name in ("run_generation", "suggest_title"):
            app.send_task(f"streaming.tasks.{name}", args=[generation], queue="generations")
    other = tab(bob)
    other.finish(other.ask("Hello.")["generation"])
    again = tab(alice, 1).follow(accepted["conversation"], {generation: 1})
    assert (again["type"], again["code"]) == ("refused", "not_found")
    assert tables_with(CANARY) == set()


def test_a_worker_purges_when_the_scheduler_says_so(cluster, tab, alice, model):
    """R83: twice at once does no harm."""
    mine = tab(alice)
    accepted = mine.ask("Hello.")
    mine.finish(accepted["generation"])
    Conversation.objects.update(deleted_at=timezone.now() - timedelta(days=31))
    with Celery(broker=cluster.broker.url) as app:
        for _ in range(2):
            app.send_task("streaming.tasks.purge", queue="background")
    until(lambda: not Conversation.objects.exists(), "it stays")
    assert Generation.objects.get().conversation_id is None
