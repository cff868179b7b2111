"""How a conversation begins: with what is asked for, and with what a preset says of the rest."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from conversations.limits import check_limits, check_prompt
from conversations.models import BedrockModel, Preset, User
from conversations.refusals import Refused, not_found
from conversations.text import clean
from conversations.writing import write

MOST = 100  # of one person


@dataclass(frozen=True, slots=True)
class Beginning:
    """Checked: ``model`` is one that the person may use, and does what ``options`` ask of it."""

    model: str
    system_prompt: str
    options: dict[str, Any]
    preset: UUID | None = None
    temporary: bool = False


def beginning(user: User, *, model: str | None, **given: Any) -> Beginning:
    """What a new conversation begins with; raises ``Refused``.

    ``given``: ``system_prompt``, ``preset``, ``temporary`` and options, each only where it was
    given. It goes before what the preset says, from which all of this is copied.
    """
    temporary = bool(given.pop("temporary", False))
    named = given.pop("preset", None)
    preset = named and find(user, named)
    wanted = {**_said(preset), **given} if preset else given
    system_prompt = wanted.pop("system_prompt", "")
    chosen = _model(user, model, preset)
    check_prompt(system_prompt)
    check_limits(wanted, BedrockModel.objects.filter(pk=chosen).first())
    return Beginning(chosen, system_prompt, wanted, preset.pk if preset else None, temporary)


def _said(preset: Preset) -> dict[str, Any]:
    return {**preset.options, "system_prompt": preset.system_prompt}


def _model(user: User, asked: str | None, preset: Preset | None) -> str:
    if asked or preset is None:
        return BedrockModel.objects.choose(user, asked)
    try:
        return BedrockModel.objects.choose(user, preset.model)
    except Refused as refused:
        words = _(
            "The preset “%(name)s” wants a model that cannot be used here. Choose another one."
        )
        raise Refused(refused.code, words % {"name": preset.name}) from None


# --- one's own ------------------------------------------------------------------------------------


def find(user: User, preset: UUID) -> Preset:
    """One that the person may choose."""
    found = Preset.objects.open_to(user).filter(pk=preset).first()
    if found is None:
        raise not_found("preset")
    return found


def keep(user: User, fields: dict[str, Any]) -> Preset:
    """A new preset of the person's own; raises ``Refused``."""
    checked = _checked(user, fields)
    with write():
        # Whoever makes many at once waits for each other here.
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        if Preset.objects.owned_by(user).count() >= MOST:
            words = _("You have %(most)d presets, which is the most. Delete one first.")
            raise Refused("conflict", words % {"most": MOST})
        return Preset.objects.create(owner=user, **checked)


def change(user: User, preset: UUID, fields: dict[str, Any]) -> Preset:
    """Conversations that began with it stay as they are."""
    found = _own(user, preset)
    checked = _checked(user, fields, before=found)
    with write():
        Preset.objects.owned_by(user).filter(pk=found.pk).update(**checked)
    return _own(user, preset)


def discard(user: User, preset: UUID) -> None:
    found = _own(user, preset)
    with write():
        found.delete()


def make_default(user: User, preset: UUID) -> None:
    """What the page begins new conversations with."""
    found = find(user, preset)
    with write():
        User.objects.filter(pk=user.pk).update(default_preset=found)


def no_default(user: User, preset: UUID) -> None:
    """Not with this one any more, if it was this one."""
    find(user, preset)
    with write():
        User.objects.filter(pk=user.pk, default_preset=preset).update(default_preset=None)


def described(user: User) -> list[dict[str, Any]]:
    """What a person may choose, their own first, as page and API show it."""
    rows = list(Preset.objects.open_to(user).order_by("name", "created_at"))
    usable = {row.model: BedrockModel.objects.may_choose(user, row.model) for row in rows}
    return [
        {
            "id": str(row.pk),
            "name": row.name,
            "model": row.model,
            "system_prompt": row.system_prompt,
            "options": row.options,
            "shared": row.is_shared,
            "usable": usable[row.model],
            "default": row.pk == user.default_preset_id,
        }
        for row in sorted(rows, key=lambda row: row.is_shared)
    ]


def _own(user: User, preset: UUID) -> Preset:
    found = Preset.objects.owned_by(user).filter(pk=preset).first()
    if found is None:
        raise not_found("preset")
    return found


def _checked(user: User, fields: dict[str, Any], before: Preset | None = None) -> dict[str, Any]:
    checked = dict(fields)
    if "name" in checked:
        checked["name"] = " ".join(clean(checked["name"]).split())
        if not checked["name"]:
            raise Refused("malformed", _("A preset needs a name."))
    if "system_prompt" in checked:
        checked["system_prompt"] = clean(checked["system_prompt"])
        check_prompt(checked["system_prompt"])
    if "model" in checked:
        BedrockModel.objects.choose(user, checked["model"])
    model = checked.get("model") or (before.model if before else None)
    options = checked.get("options", before.options if before else {})
    check_limits(options, BedrockModel.objects.filter(pk=model).first())
    return checked
