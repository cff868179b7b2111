"""The prompt cache: what usage says of a beginning that comes again (R112)."""

import pytest

from streaming.localbedrock import Answer, prompt_cache

from .native.invoking import chunks
from .native.test_anthropic import BODY, CLAUDE
from .reading import ask, assistant, read, user

pytestmark = pytest.mark.nodb

POINT = {"cachePoint": {"type": "default"}}
LONG = "x" * 8_000  # 2,000 tokens


def usage(client, system, *messages, **more):
    response = ask(client, system=system, messages=list(messages) or [user("Hello")], **more)
    return read(response)[-1]["metadata"]["usage"]


def cached(used):
    return used["cacheReadInputTokens"], used["cacheWriteInputTokens"]


def marked(message):
    return message | {"content": [*message["content"], POINT]}


def test_a_beginning_is_written_and_then_read(endpoint, client):
    system = [{"text": LONG}, POINT]
    first = usage(client, system)
    assert cached(first) == (0, 2_000)
    assert cached(usage(client, system)) == (2_000, 0)
    assert cached(usage(client, system, user("Something else"))) == (2_000, 0)
    assert first["inputTokens"] < 100
    assert first["totalTokens"] == first["inputTokens"] + 2_000 + first["outputTokens"]


def test_what_differs_is_not_read(endpoint, client):
    usage(client, [{"text": LONG}, POINT])
    assert cached(usage(client, [{"text": f"{LONG}y"}, POINT])) == (0, 2_001)


def test_a_conversation_is_read_as_far_as_it_was(endpoint, client):
    """The mark may move on with the conversation: what an earlier one kept is found."""
    begun = [user(LONG), assistant("Yes.")]
    assert cached(usage(client, [], begun[0], marked(begun[1]), user("And?")))[0] == 0
    longer = [*begun, user("And?"), marked(assistant("No.")), user("Well?")]
    read_now, written = cached(usage(client, [], *longer))
    assert read_now == 2_001
    assert written > 0


def test_short_beginnings_are_not_kept(endpoint, client):
    for _ in range(2):
        assert cached(usage(client, [{"text": "Be brief."}, POINT])) == (0, 0)


def test_without_a_mark_usage_says_nothing_of_it(endpoint, client):
    assert "cacheReadInputTokens" not in usage(client, [{"text": LONG}])


def test_it_forgets_after_its_time(endpoint, client, monkeypatch):
    now = 1_000.0
    monkeypatch.setattr(prompt_cache, "monotonic", lambda: now)
    brief = [{"text": LONG}, POINT]
    lasting = [{"text": f"y{LONG}"}, {"cachePoint": {"type": "default", "ttl": "1h"}}]
    usage(client, brief)
    usage(client, lasting)
    now += 301
    assert cached(usage(client, brief))[0] == 0
    assert cached(usage(client, lasting))[0] == 2_001


def test_native_chunks_tell_it_too(endpoint, client):
    system = [{"type": "text", "text": LONG, "cache_control": {"type": "ephemeral"}}]
    endpoint.enqueue(Answer("Yes."), times=2)
    chunks(client, CLAUDE, BODY | {"system": system})
    found = chunks(client, CLAUDE, BODY | {"system": system})
    assert found[0]["message"]["usage"]["cache_read_input_tokens"] == 2_000
    assert found[-1]["amazon-bedrock-invocationMetrics"]["cacheReadInputTokenCount"] == 2_000
