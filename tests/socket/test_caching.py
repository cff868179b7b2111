"""What a model keeps between requests is marked, read from its cache, counted and priced (R112)."""

from __future__ import annotations

from decimal import Decimal

import pytest

from conversations.models import BedrockModel, Generation
from streaming.bedrock.request import CACHE_POINT

pytestmark = pytest.mark.matrix

SONNET = "anthropic.claude-sonnet-4-20250514-v1:0"
HAIKU = "anthropic.claude-haiku-4-5-20251001-v1:0"
PRICES = {"input": 3, "output": 15, "cache_read": 0.3, "cache_write": 3.75}


def questions(mine, model_id, count, words):
    BedrockModel.objects.create(
        id=model_id,
        name="Keeps",
        context_window=200_000,
        max_output_tokens=4_096,
        capabilities={"system_prompt": True, "caching": True},
        prices=PRICES,
        demonstration=True,
    )
    accepted = mine.ask(f"0 {'word ' * words}", model=model_id)
    told = [mine.finish(accepted["generation"])]
    for number in range(1, count):
        accepted = mine.ask(f"{number}?", conversation=accepted["conversation"])
        told.append(mine.finish(accepted["generation"]))
    return accepted, told


def test_the_next_answer_reads_the_conversation_from_the_cache(tab, alice, model):
    """R112"""
    accepted, told = questions(tab(alice), SONNET, 4, words=1_500)
    read = [each["usage"]["cache_read_tokens"] for each in told]
    written = [each["usage"]["cache_write_tokens"] for each in told]
    assert (read[0], written[0]) == (0, 0)  # nothing before the question yet
    assert written[1] > 1_024
    assert read[2] >= written[1]
    assert read[3] >= read[2]
    row = Generation.objects.get(pk=accepted["generation"])
    spent = {
        "input": row.input_tokens,
        "output": row.output_tokens,
        "cache_read": row.cache_read_tokens,
        "cache_write": row.cache_write_tokens,
    }
    priced = sum(Decimal(str(PRICES[name])) * spent[name] for name in PRICES) / 1_000_000
    assert row.cost == priced.quantize(Decimal("1e-8"))
    assert float(row.cost) == told[-1]["usage"]["cost"]


@pytest.mark.parametrize(("model_id", "words"), [(SONNET, 300), (HAIKU, 1_500)])
def test_a_beginning_that_is_too_short_for_the_model_is_not_marked(
    tab, alice, model, model_id, words
):
    questions(tab(alice), model_id, 2, words)
    # A call for the title may have come last.
    (second,) = [call for call in model.history if len(call.messages) == 3]
    assert CACHE_POINT not in second.messages[1]["content"]
    assert "cachePoint" not in str([call.body for call in model.history])
