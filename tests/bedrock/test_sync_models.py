"""manage.py sync_models: what people may choose from, kept in step with the account."""

import json
from io import StringIO
from typing import Any

import pytest
from django.contrib.admin.utils import quote
from django.core.management import call_command
from django.test import Client
from pytest_django.fixtures import Settings

from conversations.models import BedrockModel, User
from streaming import localbedrock
from streaming.syncing import sync_quietly
from tests.bedrock.listing import listing, own_profile, summary

pytestmark = pytest.mark.django_db

DEFAULT = "amazon.nova-lite-v1:0"
STALE = {"context_window": 1_000, "name": "Nova", "dialect": "native"}


@pytest.fixture(autouse=True)
def on_aws(settings: Settings) -> None:
    settings.BEDROCK_DEMONSTRATION = False
    settings.BEDROCK_MODEL_ID = DEFAULT
    BedrockModel.objects.all().delete()


def sync(url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """What the command said."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK", url)
    out = StringIO()
    call_command("sync_models", stdout=out, stderr=out)
    return out.getvalue()


def sync_account(models: list[Any] | None, monkeypatch: pytest.MonkeyPatch, **others: Any) -> str:
    with listing(models, **others) as url:
        return sync(url, monkeypatch)


def test_the_listed_models_become_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """R73: with what is known of them, switched on where something is."""
    said = sync_account(
        [summary(DEFAULT, modelName="Nova Lite"), summary("newcomer.giant-v1:0")], monkeypatch
    )

    known = BedrockModel.objects.get(pk=DEFAULT)
    assert (known.name, known.provider) == ("Nova Lite", "Amazon")
    assert (known.context_window, known.max_output_tokens) == (300_000, 5_120)
    assert known.capabilities["images"] is True
    assert known.capabilities["reasoning"] is False
    assert known.prices["input"] == 0.06
    assert known.enabled
    assert not known.demonstration
    guessed = BedrockModel.objects.get(pk="newcomer.giant-v1:0")
    assert (guessed.context_window, guessed.enabled) == (8_192, False)
    assert "Models added: 2, there already: 0." in said
    assert "switched off: newcomer.giant-v1:0" in said


def test_what_an_administrator_set_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """What an administrator wrote, the sync fills in only where it is empty."""
    BedrockModel.objects.create(
        pk=DEFAULT,
        name="Our quick one",
        context_window=10_000,
        max_output_tokens=500,
        prices={"input": 9},
        enabled=False,
    )

    said = sync_account([summary(DEFAULT), summary("amazon.nova-pro-v1:0")], monkeypatch)

    row = BedrockModel.objects.get(pk=DEFAULT)
    assert (row.name, row.context_window, row.max_output_tokens) == ("Our quick one", 10_000, 500)
    assert row.prices == {"input": 9}
    assert not row.enabled
    assert row.provider == "Amazon"
    assert row.capabilities["system_prompt"] is True
    assert "Models added: 1, there already: 1." in said


def test_what_was_changed_by_hand_is_kept_value_by_value(monkeypatch: pytest.MonkeyPatch) -> None:
    """R73: the rest follows the table of this version."""
    sync_account([summary(DEFAULT)], monkeypatch)
    row = BedrockModel.objects.get()
    row.prices["output"] = 0.5
    row.prices.pop("cache_read")
    row.capabilities["images"] = False
    row.enabled = False
    row.save()
    old: dict[str, Any] = {**(row.synced or {}), **STALE}
    old["prices"] = {**old["prices"], "input": 0.99}
    old["capabilities"] = {**old["capabilities"], "tools": False}
    old["capabilities"].pop("count_tokens")
    prices = {**row.prices, "input": 0.99}
    capabilities = {**row.capabilities, "tools": False}
    capabilities.pop("count_tokens")
    # As an earlier version of the table had it.
    BedrockModel.objects.update(synced=old, prices=prices, capabilities=capabilities, **STALE)

    sync_account([summary(DEFAULT)], monkeypatch)

    row = BedrockModel.objects.get()
    assert row.prices == {"input": 0.06, "output": 0.5}
    assert (row.context_window, row.dialect, row.enabled) == (300_000, "converse", False)
    assert row.name == DEFAULT.upper()
    assert row.capabilities["images"] is False
    assert row.capabilities["tools"] is True
    assert row.capabilities["count_tokens"] is False


def test_a_change_in_the_admin_survives_every_sync(
    monkeypatch: pytest.MonkeyPatch, as_dora: Client
) -> None:
    sync_account([summary(DEFAULT)], monkeypatch)
    row = BedrockModel.objects.get()
    form = {
        "provider": "Ours",
        "name": row.name,
        "capabilities": json.dumps({**row.capabilities, "documents": False}),
        "prices": json.dumps(row.prices),
        "context_window": row.context_window,
        "max_output_tokens": 700,
        "dialect": "native",
    }
    as_dora.post(f"/admin/conversations/bedrockmodel/{quote(DEFAULT)}/change/", form)

    for _ in range(2):
        sync_account([summary(DEFAULT)], monkeypatch)

    row = BedrockModel.objects.get()
    assert (row.provider, row.max_output_tokens, row.dialect) == ("Ours", 700, "native")
    assert (row.capabilities["documents"], row.capabilities["images"]) == (False, True)
    assert not row.enabled


def test_profiles_of_the_accounts_own_are_described_by_the_model_behind_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """R73: their ARNs say nothing."""
    team = own_profile("team", "us.anthropic.claude-sonnet-4-20250514-v1:0")
    sync_account([summary(DEFAULT)], monkeypatch, own=[team])

    row = BedrockModel.objects.get(pk=team["inferenceProfileArn"])
    assert (row.name, row.foundation) == ("team", "us.anthropic.claude-sonnet-4-20250514-v1:0")
    assert (row.context_window, row.prices["output"], row.enabled) == (200_000, 15, True)
    assert row.capabilities["count_tokens"] is True


def test_profiles_that_may_not_be_listed_cost_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    said = sync_account([summary(DEFAULT), summary("amazon.nova-pro-v1:0")], monkeypatch, own=None)

    assert BedrockModel.objects.count() == 2
    assert "own inference profiles could not be listed" in said


@pytest.mark.parametrize(
    ("kind", "dialect"), [("provisioned-model", "converse"), ("imported-model", "native")]
)
def test_an_arn_that_an_administrator_adds_is_described_by_what_it_is_based_on(
    monkeypatch: pytest.MonkeyPatch, kind: str, dialect: str
) -> None:
    """R73: provisioned and imported models are in no list; what was written by hand stays."""
    arn = f"arn:aws:bedrock:us-east-1:123456789012:{kind}/abc"
    base = "meta.llama3-8b-instruct-v1:0"
    BedrockModel.objects.create(
        pk=arn, based_on=base, name="Ours", context_window=4_000, max_output_tokens=500
    )

    said = sync_account([summary(DEFAULT)], monkeypatch)

    row = BedrockModel.objects.get(pk=arn)
    assert (row.name, row.context_window, row.foundation) == ("Ours", 4_000, base)
    assert (row.provider, row.prices) == ("Meta", {"input": 0.3, "output": 0.6})
    assert row.capabilities["documents"] is True
    assert (row.dialect, row.enabled) == (dialect, True)
    assert arn in said


def test_by_the_clock_what_is_new_is_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever runs the site decides what may be used; what the default is was decided."""
    with listing([summary(DEFAULT), summary("amazon.nova-pro-v1:0")]) as url:
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK", url)
        sync_quietly()

    enabled = BedrockModel.objects.values_list("pk", "enabled")
    assert dict(enabled) == {DEFAULT: True, "amazon.nova-pro-v1:0": False}


def test_a_second_run_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """`make run` does it at every start."""
    models = [summary(DEFAULT), summary("newcomer.giant-v1:0")]
    sync_account(models, monkeypatch)
    before = list(BedrockModel.objects.order_by("pk").values())

    said = sync_account(models, monkeypatch)

    assert list(BedrockModel.objects.order_by("pk").values()) == before
    assert "Models added: 0, there already: 2." in said


def test_a_denied_listing_leaves_the_default_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """An account may forbid only the list; the chat works all the same."""
    said = sync_account(None, monkeypatch)

    row = BedrockModel.objects.get()
    assert (row.pk, row.name, row.enabled) == (DEFAULT, "Nova Lite", True)
    assert row.context_window == 300_000
    assert "could not be listed" in said
    assert "ListFoundationModels" in said


def test_nothing_listening_leaves_the_default_model(monkeypatch: pytest.MonkeyPatch) -> None:
    """Port 9 is closed."""
    said = sync("http://127.0.0.1:9", monkeypatch)

    assert BedrockModel.objects.get().pk == DEFAULT
    assert "could not be listed" in said


def test_an_unlisted_default_is_there_and_switched_on(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    """An inference profile of the organisation's own, which nobody here can know."""
    arn = "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc"
    settings.BEDROCK_MODEL_ID = arn

    said = sync_account([summary("amazon.nova-pro-v1:0")], monkeypatch)

    row = BedrockModel.objects.get(pk=arn)
    assert row.enabled
    assert (row.context_window, row.max_output_tokens) == (8_192, 2_048)
    assert "cautious guesses" in said


def test_what_is_no_longer_listed_is_kept_and_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Old conversations still name it."""
    sync_account([summary(DEFAULT), summary("amazon.nova-pro-v1:0")], monkeypatch)

    said = sync_account([summary(DEFAULT)], monkeypatch)

    assert BedrockModel.objects.filter(pk="amazon.nova-pro-v1:0", enabled=True).exists()
    assert "does not list them: amazon.nova-pro-v1:0" in said


def test_the_local_endpoints_models_are_a_demonstration(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, alice: User
) -> None:
    """People are told that no real model answers; the next listing says who answers then.

    The endpoint plays real models too, under their own ids.
    """
    sync_account([summary(DEFAULT)], monkeypatch)
    settings.BEDROCK_DEMONSTRATION = True
    settings.BEDROCK_MODEL_ID = "local.demonstration-v1:0"

    with localbedrock.LocalBedrock() as endpoint:
        sync(endpoint.url, monkeypatch)

    usable = set(BedrockModel.objects.open_to(alice).values_list("pk", flat=True))
    # Those that it only plays are there to be switched on, by the ids of their profiles.
    assert usable == {DEFAULT, *(model.id for model in localbedrock.MODELS)}
    played = BedrockModel.objects.get(pk="eu.anthropic.claude-sonnet-4-20250514-v1:0")
    assert (played.context_window, played.enabled, played.demonstration) == (200_000, False, True)
    settings.BEDROCK_DEMONSTRATION = False
    settings.BEDROCK_MODEL_ID = DEFAULT
    sync_account([summary(DEFAULT)], monkeypatch)
    assert [model.pk for model in BedrockModel.objects.open_to(alice)] == [DEFAULT]


def test_a_default_answered_by_the_local_endpoint_is_a_demonstration_meanwhile(
    monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    """BEDROCK_MODEL_ID may name a real model while the local endpoint answers for it."""
    sync_account([summary(DEFAULT)], monkeypatch)
    settings.BEDROCK_DEMONSTRATION = True

    sync_account(None, monkeypatch)
    assert BedrockModel.objects.get(pk=DEFAULT).demonstration

    settings.BEDROCK_DEMONSTRATION = False
    sync_account(None, monkeypatch)
    assert not BedrockModel.objects.get(pk=DEFAULT).demonstration
