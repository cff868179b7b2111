"""Whatever is sent, the endpoint refuses it as the service would or takes it; nothing breaks it."""

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streaming.localbedrock.families import UNKNOWN
from streaming.localbedrock.models import Model
from streaming.localbedrock.native import DIALECTS, anthropic_messages, nova
from streaming.localbedrock.refusals import ServiceError
from streaming.localbedrock.validation import check_conversation

pytestmark = pytest.mark.nodb

MODEL = Model("local.x", "x", takes=UNKNOWN.takes | {"prefill"})
WORDS = (
    *("role", "content", "text", "type", "image", "source", "bytes", "format", "document", "name"),
    *("user", "assistant", "messages", "toolUse", "toolUseId", "toolResult", "input", "tools"),
    *("cachePoint", "reasoningContent", "reasoningText", "signature", "thinking", "enabled"),
    *("tool_use", "tool_result", "id", "tool_use_id", "data", "media_type", "base64", "system"),
    *("citationsContent", "citations", "prompt", "message", "inputText", "default", "title"),
)

names = st.sampled_from(WORDS)
leaves = st.none() | st.booleans() | st.integers(-2, 3) | st.sampled_from([*WORDS, "", " ", "png"])
json = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4),
    max_leaves=12,
)
blocks = st.lists(st.dictionaries(names, json, max_size=3) | json, max_size=3)
turn = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant"]), "content": blocks | json}
)
messages = st.lists(turn | json, max_size=3)
members = st.dictionaries(names, json, max_size=3)


def taken_or_refused(read: Any) -> None:
    with suppress(ServiceError):
        check_conversation(read(), MODEL)


@settings(max_examples=60)
@given(
    messages | json,
    st.fixed_dictionaries(
        {},
        optional={
            "system": blocks | json,
            "inferenceConfig": members | json,
            "toolConfig": json,
            "guardrailConfig": members | json,
            "additionalModelRequestFields": members | json,
            "requestMetadata": json,
        },
    ),
)
def test_any_request_of_converse_is_taken_or_refused(messages: Any, more: Any) -> None:
    taken_or_refused(lambda: {"messages": messages} | more)


@settings(max_examples=40)
@given(messages | json, blocks | json)
def test_any_messages_of_anthropic_are_taken_or_refused(messages: Any, system: Any) -> None:
    body = {
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 9,
        "messages": messages,
        "system": system,
    }
    taken_or_refused(lambda: anthropic_messages.read(body, MODEL))


@settings(max_examples=40)
@given(messages | json, members | json)
def test_any_messages_of_nova_are_taken_or_refused(messages: Any, config: Any) -> None:
    body = {"messages": messages, "inferenceConfig": config}
    taken_or_refused(lambda: nova.read(body, MODEL))


@pytest.mark.parametrize("name", DIALECTS)
@settings(max_examples=15)
@given(data=st.data())
def test_any_body_of_a_dialect_is_taken_or_refused(name: str, data: st.DataObject) -> None:
    limits = ("max_tokens", "max_gen_len", "max_tokens_to_sample", "textGenerationConfig", "stop")
    body = data.draw(st.dictionaries(names | st.sampled_from(limits), json, max_size=4))
    taken_or_refused(lambda: DIALECTS[name].read(body, MODEL))
