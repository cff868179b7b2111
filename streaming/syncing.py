"""The catalogue of models kept in step with what the account lists and what this version knows.

What an administrator changed stays. Each row remembers what was written into it last, and only what
is still as it was written is written again: value by value, those of capabilities and prices too.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Final

import structlog
from django.conf import settings

from conversations.models import BedrockModel
from conversations.writing import write
from streaming.bedrock.catalogue import (
    CAPABILITIES,
    Description,
    FoundationModel,
    describe,
    list_models,
    list_own_profiles,
)
from streaming.bedrock.client import build_client
from streaming.bedrock.errors import BedrockError

log = structlog.get_logger(__name__)

DEMONSTRATION: Final = "local."  # what the ids of the local endpoint's own models begin with
_ABSENT: Final = object()


@dataclass(slots=True)
class Synced:
    """Ids. ``guessed``: added without knowing what they can do; ``unlisted``: kept all the same.

    ``problems``: sentences, for the administrator.
    """

    added: list[str] = field(default_factory=list)
    known_before: int = 0
    guessed: list[str] = field(default_factory=list)
    unlisted: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


def sync(*, enable: bool) -> Synced:
    """Add what the account lists, and bring what is there up to date.

    ``enable``: what is added and known may be used at once. A model that nobody described, or that
    the local endpoint only imitates, is added switched off: people should not find out by trying.
    The site's default is always there, also where the account may not list models.
    """
    done = Synced()
    listed = _listed(done)
    ids = {model.id for model in listed}
    default = settings.BEDROCK_MODEL_ID
    with write():
        # Locked: what an administrator saves meanwhile comes after this, and not under it.
        rows = {row.pk: row for row in BedrockModel.objects.select_for_update()}
        here = [row for row in rows.values() if row.demonstration == settings.BEDROCK_DEMONSTRATION]
        others = [row for row in here if row.pk not in ids and row.pk != default]
        unlisted = [] if default in ids else [_unlisted(default, rows.get(default))]
        unlisted += [_unlisted(row.pk, row) for row in others]
        for model in [*listed, *unlisted]:
            row = rows.get(model.id)
            facts = _describe(model)
            if row is not None:
                _update(row, model, facts)
                continue
            _add(model, facts, enabled=model.id == default or (enable and _is_ready(model, facts)))
            done.added.append(model.id)
            if not facts.known:
                done.guessed.append(model.id)
    done.known_before = len(listed) + len(unlisted) - len(done.added) - len(others)
    if listed:
        done.unlisted = [row.pk for row in others]
    return done


def sync_quietly() -> None:
    """By the clock: what is new is added switched off, and the log says so."""
    done = sync(enable=False)
    if done.added or done.problems:
        log.info("models_synced", added=done.added, problems=done.problems)


def merged(now: Any, before: Any, found: Any) -> Any:
    """What becomes of a value that the last sync left as ``before``, and that is ``now``."""
    if isinstance(found, dict) and isinstance(now, dict):
        earlier = before if isinstance(before, dict) else {}
        values = {
            name: merged(
                now.get(name, _ABSENT), earlier.get(name, _ABSENT), found.get(name, _ABSENT)
            )
            for name in {**now, **found}
        }
        return {name: value for name, value in values.items() if value is not _ABSENT}
    return found if now == before else now


def _listed(done: Synced) -> list[FoundationModel]:
    client = build_client("bedrock", region=settings.AWS_REGION or "us-east-1", read_timeout=20)
    models: list[FoundationModel] = []
    try:
        models = list_models(client)
        models += list_own_profiles(client)
    except BedrockError as error:
        what = "own inference profiles" if models else "models"
        done.problems.append(f"The account's {what} could not be listed ({error.cause}).")
    finally:
        client.close()
    return models


def _unlisted(model_id: str, row: BedrockModel | None) -> FoundationModel:
    """As it was listed last, if ever."""
    based_on = row.based_on if row else ""
    facts = describe(based_on or model_id)
    last = (row.synced if row else None) or {}
    capabilities = last.get("capabilities", {})
    return FoundationModel(
        id=model_id,
        name=last.get("name", facts.name),
        provider=last.get("provider", facts.provider),
        streaming=capabilities.get("streaming", "streaming" in facts.capabilities),
        input_modalities=("TEXT", "IMAGE") if "images" in facts.capabilities else ("TEXT",),
        based_on=based_on,
    )


def _describe(model: FoundationModel) -> Description:
    facts = describe(model.based_on or model.id)
    # Of what is behind an ARN all is known by what it is based on, but not how it can be asked.
    native = "native" in (facts.dialect, describe(model.id).dialect)
    return replace(facts, dialect="native" if native else "converse")


def _is_ready(model: FoundationModel, facts: Description) -> bool:
    imitated = settings.BEDROCK_DEMONSTRATION and not model.id.startswith(DEMONSTRATION)
    return facts.known and not imitated


def _found(model: FoundationModel, facts: Description) -> dict[str, Any]:
    """What a row would say if nobody had changed it."""
    capabilities = {name: name in facts.capabilities for name in CAPABILITIES}
    return {
        "provider": model.provider or facts.provider,
        "name": model.name,
        "based_on": model.based_on,
        "capabilities": capabilities | {"streaming": model.streaming},
        "context_window": facts.context_window,
        "max_output_tokens": facts.max_output_tokens,
        "prices": dict(facts.prices),
        "dialect": facts.dialect,
    }


def _add(model: FoundationModel, facts: Description, *, enabled: bool) -> None:
    found = _found(model, facts)
    other = {"demonstration": settings.BEDROCK_DEMONSTRATION, "enabled": enabled, "synced": found}
    # Two may do this at once; the other one's row says the same.
    BedrockModel.objects.get_or_create(pk=model.id, defaults=found | other)


def _update(row: BedrockModel, model: FoundationModel, facts: Description) -> None:
    found = _found(model, facts)
    before = row.synced if isinstance(row.synced, dict) else _as_if_synced(row, found)
    now = {name: getattr(row, name) for name in found}
    # Which endpoint answers now is not a matter of taste.
    changed = merged(now, before, found) | {"demonstration": settings.BEDROCK_DEMONSTRATION}
    if changed != now | {"demonstration": row.demonstration} or row.synced != found:
        BedrockModel.objects.filter(pk=row.pk).update(**changed, synced=found)


def _as_if_synced(row: BedrockModel, found: dict[str, Any]) -> dict[str, Any]:
    """Of a row that no sync has written, so that what is empty in it is filled in.

    What it says was written by hand, or by a version that did not remember: then it lacks what that
    version did not know of capabilities. Prices are one's own or they are not.
    """
    names = ("provider", "name", "based_on", "capabilities", "prices")
    empty = {name: getattr(row, name) for name in names if not getattr(row, name)}
    own_prices = {"prices": found["prices"]} if row.prices else {}
    return {"dialect": BedrockModel.Dialect.CONVERSE.value, **empty, **own_prices}
