"""CountTokens: a figure by the service, or none; never a failure for whoever waits."""

from typing import Any

import pytest

from streaming.bedrock.counting import PAUSE, Counter

pytestmark = pytest.mark.nodb

MODEL = "anthropic.claude-3-5-sonnet-20240620-v1:0"
QUESTION = [{"role": "user", "content": [{"text": "How do tides work?"}]}]


def test_the_service_counts_for_the_model_behind_a_profile(endpoint: Any, client: Any) -> None:
    counter = Counter(lambda: client)
    tokens = counter.count(MODEL, QUESTION)
    assert tokens
    assert counter.count(f"eu.{MODEL}", QUESTION) == tokens
    counted = list(endpoint.counts)[-2:]
    assert {call.model_id for call in counted} == {MODEL}


def test_after_a_failure_nothing_is_counted_for_a_while(endpoint: Any, client: Any) -> None:
    now = [0.0]
    counter = Counter(lambda: client, clock=lambda: now[0])
    assert counter.count("amazon.titan-text-lite-v1", QUESTION) is None
    assert counter.count(MODEL, QUESTION) is None
    now[0] = PAUSE
    assert counter.count(MODEL, QUESTION)
