"""Which models there are, and what is known of them."""

from typing import Any

import pytest

from scripts import models as models_page
from streaming import localbedrock
from streaming.bedrock.catalogue import (
    CAPABILITIES,
    FoundationModel,
    describe,
    families,
    list_models,
    list_own_profiles,
)
from streaming.bedrock.client import build_client
from streaming.bedrock.errors import BedrockError
from streaming.localbedrock.models import find
from tests.bedrock.listing import listing, own_profile, profile, summary

pytestmark = pytest.mark.nodb


def listed(*arguments: Any) -> list[FoundationModel]:
    with listing(*arguments) as url:
        client = build_client("bedrock", region="us-east-1", endpoint_url=url)
        try:
            return list_models(client)
        finally:
            client.close()


def test_the_models_that_can_chat_are_listed() -> None:
    """R73: text in, text out, streamed or not, on demand, and not on its way out."""
    found = listed(
        [
            summary("amazon.nova-lite-v1:0", inputModalities=["TEXT", "IMAGE"]),
            summary("amazon.titan-embed-text-v2:0", outputModalities=["EMBEDDING"]),
            summary("stability.picture-v1:0", outputModalities=["IMAGE"]),
            summary("ai21.j2-mid-v1", responseStreamingSupported=False),
            summary("anthropic.claude-v2:1", modelLifecycle={"status": "LEGACY"}),
            summary("meta.llama2-70b-v1", inferenceTypesSupported=["PROVISIONED"]),
            summary("mistral.new-v1:0", inferenceTypesSupported=["ON_DEMAND", "PROVISIONED"]),
        ]
    )

    ids = ["amazon.nova-lite-v1:0", "ai21.j2-mid-v1", "mistral.new-v1:0"]
    assert [model.id for model in found] == ids
    assert [model.streaming for model in found] == [True, False, True]
    assert found[0] == FoundationModel(
        id="amazon.nova-lite-v1:0",
        name="AMAZON.NOVA-LITE-V1:0",
        provider="Amazon",
        streaming=True,
        input_modalities=("TEXT", "IMAGE"),
    )


def test_a_model_behind_profiles_is_listed_by_their_ids() -> None:
    """The service refuses the model's own id: "Retry with an inference profile"."""
    claude = "anthropic.claude-sonnet-4-20250514-v1:0"
    found = listed(
        [summary(claude, inferenceTypesSupported=["INFERENCE_PROFILE"])],
        [
            [profile(f"us.{claude}", claude)],
            [profile(f"global.{claude}", claude), profile("us.other", "other.model")],
        ],
    )

    assert [model.id for model in found] == [f"us.{claude}", f"global.{claude}"]
    assert found[0].provider == "Anthropic"


def test_profiles_of_the_accounts_own_are_listed_by_their_arn() -> None:
    """R73: with the model behind them, which the ARN does not name."""
    with listing([], own=[own_profile("team", "amazon.nova-pro-v1:0")]) as url:
        client = build_client("bedrock", region="us-east-1", endpoint_url=url)
        (found,) = list_own_profiles(client)
        client.close()

    assert found == FoundationModel(
        id="arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/team",
        name="team",
        provider="Amazon",
        streaming=True,
        input_modalities=("TEXT", "IMAGE"),
        based_on="amazon.nova-pro-v1:0",
    )


@pytest.mark.parametrize(
    "models",
    [None, [summary("anthropic.new-v1:0", inferenceTypesSupported=["INFERENCE_PROFILE"])]],
    ids=["models", "profiles"],
)
def test_a_denied_listing_is_told(models: list[Any] | None) -> None:
    """R63: whichever of the two listings it is."""
    with pytest.raises(BedrockError) as error:
        listed(models, None)

    assert error.value.code == "model_access_denied"
    assert "123456789012" in error.value.cause


def test_the_local_endpoint_lists_its_models() -> None:
    """Its windows, as the table here knows them, are those that it holds requests to."""
    with localbedrock.LocalBedrock() as endpoint:
        client = build_client("bedrock", region="us-east-1", endpoint_url=endpoint.url)
        found = list_models(client)
        client.close()

    own = [model.id for model in found if model.id.startswith("local.")]
    assert own == [model.id for model in localbedrock.MODELS]
    assert "us.anthropic.claude-sonnet-4-5-20250929-v1:0" in {model.id for model in found}
    for model in localbedrock.MODELS:
        facts = describe(model.id)
        assert facts.known
        assert facts.context_window == model.window
        assert facts.max_output_tokens == model.max_output
        assert facts.name == model.name
        assert ("reasoning" in facts.capabilities) == model.can("always")


@pytest.mark.parametrize(
    "model_id",
    [
        "amazon.nova-pro-v1:0",
        "us.amazon.nova-pro-v1:0",
        "eu.amazon.nova-pro-v1:0",
        "apac.amazon.nova-pro-v1:0",
        "global.amazon.nova-pro-v1:0",
        "us-gov.amazon.nova-pro-v1:0",
        "amazon.nova-pro-v1:0:24k",
        "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-pro-v1:0",
        "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-pro-v1:0",
        "arn:aws:bedrock:us-east-1:123456789012:custom-model/amazon.nova-pro-v1:0:300k/abc123",
    ],
)
def test_a_model_is_known_by_any_of_its_names(model_id: str) -> None:
    """R73"""
    facts = describe(model_id)

    assert facts.known
    assert (facts.name, facts.provider) == ("Nova Pro", "Amazon")
    assert facts.context_window == 300_000
    assert {"system_prompt", "images", "streaming"} <= facts.capabilities
    assert facts.prices["input"] == 0.8


@pytest.mark.parametrize(
    ("model_id", "name"),
    [
        ("anthropic.claude-sonnet-4-20250514-v1:0", "Claude Sonnet 4"),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "Claude Sonnet 4.5"),
        ("us.anthropic.claude-sonnet-5", "Claude Sonnet"),
        ("anthropic.claude-3-5-sonnet-20241022-v2:0", "Claude 3.5 Sonnet v2"),
        ("anthropic.claude-3-5-sonnet-20240620-v1:0", "Claude 3.5 Sonnet"),
        ("amazon.nova-2-lite-v1:0", "Nova 2 Lite"),
        ("cohere.command-r-plus-v1:0", "Command R+"),
    ],
)
def test_the_longest_prefix_describes_a_model(model_id: str, name: str) -> None:
    """R73: a family's newer members are not mistaken for an older one with its price."""
    assert describe(model_id).name == name


@pytest.mark.parametrize(
    "model_id",
    [
        "newcomer.giant-v1:0",
        "us.newcomer.giant-v1:0",
        "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123",
        "",
    ],
)
def test_an_unknown_model_is_described_with_caution(model_id: str) -> None:
    """R65, R73: a small window, no attachments, and no price rather than a wrong one."""
    facts = describe(model_id)

    assert not facts.known
    assert (facts.context_window, facts.max_output_tokens) == (8_192, 2_048)
    assert facts.capabilities == {"streaming", "system_prompt"}
    assert facts.prices == {}
    assert "123456789012" not in facts.name


def test_the_families_make_sense() -> None:
    """R65, R73: sizes that leave room for a question, prices that are complete or absent."""
    for prefix, facts in families().items():
        assert facts.name, prefix
        assert facts.provider, prefix
        assert 0 < facts.max_output_tokens < facts.context_window, prefix
        assert facts.capabilities <= set(CAPABILITIES), prefix
        assert facts.dialect in {"converse", "native"}, prefix
        assert set(facts.prices) in (
            set(),
            {"input", "output"},
            {"input", "output", "cache_read"},
            {"input", "output", "cache_read", "cache_write"},
        ), prefix
        assert all(price > 0 for price in facts.prices.values()), prefix


@pytest.mark.parametrize(
    "model_id",
    [
        "amazon.titan-text-lite-v1",
        "amazon.titan-text-express-v1",
        "amazon.titan-text-premier-v1:0",
        "ai21.j2-ultra-v1",
        "cohere.command-text-v14",
        "cohere.command-light-text-v14",
        "mistral.mistral-7b-instruct-v0:2",
        "mistral.mixtral-8x7b-instruct-v0:1",
    ],
)
def test_models_without_a_system_prompt_are_known(model_id: str) -> None:
    """R73"""
    assert "system_prompt" not in describe(model_id).capabilities


def test_jurassic_does_not_stream() -> None:
    """R73"""
    assert "streaming" not in describe("ai21.j2-mid-v1").capabilities


@pytest.mark.parametrize(
    "model_id",
    [
        "ai21.j2-ultra-v1",
        "cohere.command-text-v14",
        "cohere.command-light-text-v14",
        "arn:aws:bedrock:us-east-1:123456789012:imported-model/abc",
    ],
)
def test_what_has_no_conversations_in_converse_is_asked_natively(model_id: str) -> None:
    """R73: "Limited. No chat support", says its documentation; and nothing of imported models."""
    assert describe(model_id).dialect == "native"
    assert describe("cohere.command-r-v1:0").dialect == "converse"


def test_what_can_be_counted_is_known() -> None:
    assert "count_tokens" in describe("anthropic.claude-sonnet-4-20250514-v1:0").capabilities
    assert "count_tokens" not in describe("amazon.nova-pro-v1:0").capabilities


def test_the_page_about_models_has_the_table_as_it_is() -> None:
    """R73: what each family can do here is told as it is decided."""
    page = models_page.PAGE.read_text(encoding="utf-8")
    assert page == models_page.with_table(page), "run python -m scripts.models"
    assert page.count("\n| `") == len(families())


ABILITIES = {
    "streaming": "stream",
    "system_prompt": "system",
    "images": "images",
    "documents": "documents",
    "tools": "tools",
    "caching": "caching",
    "prefill": "prefill",
    "count_tokens": "count",
}


def test_the_local_endpoint_refuses_nothing_that_the_table_here_promises() -> None:
    """Two tables on purpose: what is sent because of the one is checked against the other."""
    with localbedrock.LocalBedrock() as endpoint:
        client = build_client("bedrock", region="us-east-1", endpoint_url=endpoint.url)
        found = client.list_foundation_models()["modelSummaries"]
        client.close()

    for listed in found:
        facts, played = describe(listed["modelId"]), find(listed["modelId"])
        promised = {ABILITIES[name] for name in facts.capabilities & ABILITIES.keys()}
        assert promised <= played.takes, played.id
        assert facts.context_window <= played.window, played.id
        assert facts.max_output_tokens <= played.max_output, played.id
        if "reasoning" in facts.capabilities:
            assert played.can("always") or played.reasons_on_request, played.id
