"""Reasoning that is asked for, in each of the ways there are (R70)."""

import pytest

from streaming.localbedrock.reasoning import is_genuine

from .reading import MODEL, ask, read

pytestmark = pytest.mark.nodb


def reasoned(client, fields, model=MODEL):
    """The reasoning, and its signature."""
    more = {"additionalModelRequestFields": fields} if fields else {}
    config = {"maxTokens": 8_000}
    text, signature = "", None
    for event in read(ask(client, model=model, inferenceConfig=config, **more)):
        delta = event.get("contentBlockDelta", {}).get("delta", {}).get("reasoningContent", {})
        text += delta.get("text", "")
        signature = delta.get("signature", signature)
    return text, signature


def test_it_comes_only_when_it_is_asked_for(endpoint, client):
    assert reasoned(client, {}) == ("", None)
    assert reasoned(client, {}, "local.demonstration-reasoning-v1:0")[0]


@pytest.mark.parametrize(
    "fields",
    [
        {"thinking": {"type": "enabled", "budget_tokens": 1_024}},
        {"thinking": {"type": "adaptive"}},
        {"reasoning_config": {"type": "enabled", "budget_tokens": 1_024}},
        {"reasoning_effort": "low"},
        {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "low"}},
    ],
)
def test_it_can_be_asked_for_in_several_ways(endpoint, client, fields):
    text, signature = reasoned(client, fields)
    assert "The user wrote" in text
    assert is_genuine(text, signature)
    assert not is_genuine(text + " ", signature)


@pytest.mark.parametrize(
    ("less", "more"),
    [
        (
            {"thinking": {"type": "enabled", "budget_tokens": 1_024}},
            {"thinking": {"type": "enabled", "budget_tokens": 4_096}},
        ),
        ({"reasoning_effort": "low"}, {"reasoning_effort": "high"}),
        (
            {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "low"}},
            {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "high"}},
        ),
        (
            {"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}},
            {"thinking": {"type": "adaptive"}, "output_config": {"effort": "max"}},
        ),
    ],
)
def test_more_of_it_is_longer(endpoint, client, less, more):
    assert len(reasoned(client, less)[0]) < len(reasoned(client, more)[0])


@pytest.mark.parametrize(
    "fields",
    [
        {"thinking": {"type": "disabled"}},
        {"reasoning_effort": "none"},
        {"reasoningConfig": {"type": "disabled"}},
    ],
)
def test_it_can_be_asked_not_to_come(endpoint, client, fields):
    assert reasoned(client, fields) == ("", None)


def test_models_without_signatures_have_none(endpoint, client):
    """What they would not take back is not given to them."""
    text, signature = reasoned(client, {}, "us.deepseek.r1-v1:0")
    assert text
    assert signature is None
