"""Presets over HTTP: those that a person may choose, and the changing of one's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Status

from conversations import presets
from conversations.api.reading import person, router
from conversations.api.schemas import (
    ChangedPreset,
    ErrorBody,
    NewPreset,
    PresetItem,
    PresetList,
)
from conversations.api.writing import given_in

if TYPE_CHECKING:
    from conversations.models import Preset, User

_REFUSED = dict.fromkeys((400, 401, 403, 404, 413, 422), ErrorBody)
UNCHANGED = ChangedPreset()


@router.get("/presets", response={200: PresetList, 401: ErrorBody}, url_name="presets")
def listed(request: HttpRequest) -> dict[str, Any]:
    """The presets that you may choose, your own first."""
    return {"items": presets.described(person(request))}


@router.post("/presets", response={201: PresetItem, **_REFUSED, 409: ErrorBody})
def create(request: HttpRequest, new: NewPreset) -> Any:
    """A preset of your own."""
    owner = person(request)
    made = presets.keep(owner, {"system_prompt": "", "options": {}, **given_in(new)})
    return Status(201, _one(owner, made))


@router.patch(
    "/presets/{uuid:preset_id}", response={200: PresetItem, **_REFUSED}, url_name="preset"
)
def change(request: HttpRequest, preset_id: UUID, wanted: ChangedPreset = UNCHANGED) -> Any:
    """Change one of your own. Conversations that began with it stay as they are."""
    owner = person(request)
    return _one(owner, presets.change(owner, preset_id, given_in(wanted)))


@router.delete("/presets/{uuid:preset_id}", response={204: None, **_REFUSED})
def discard(request: HttpRequest, preset_id: UUID) -> Any:
    """Delete one of your own. Conversations that began with it stay as they are."""
    presets.discard(person(request), preset_id)
    return Status(204, None)


@router.put(
    "/presets/{uuid:preset_id}/default",
    response={204: None, **_REFUSED},
    url_name="preset-default",
)
def make_default(request: HttpRequest, preset_id: UUID) -> Any:
    """Begin new conversations with it on the page. A call names a preset by itself."""
    presets.make_default(person(request), preset_id)
    return Status(204, None)


@router.delete("/presets/{uuid:preset_id}/default", response={204: None, **_REFUSED})
def no_default(request: HttpRequest, preset_id: UUID) -> Any:
    """Begin new conversations with nothing in particular again."""
    presets.no_default(person(request), preset_id)
    return Status(204, None)


def _one(owner: User, preset: Preset) -> dict[str, Any]:
    return next(each for each in presets.described(owner) if each["id"] == str(preset.pk))
