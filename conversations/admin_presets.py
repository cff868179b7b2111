"""Presets that administrators share. People's own are text of theirs and are not even read here."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from conversations.limits import check_limits, check_prompt
from conversations.models import BedrockModel, Preset
from conversations.refusals import Refused

if TYPE_CHECKING:
    # Django's own classes take parameters in their stubs only.
    PresetAdmin = admin.ModelAdmin[Preset]
    PresetForm_ = forms.ModelForm[Preset]
else:
    PresetAdmin, PresetForm_ = admin.ModelAdmin, forms.ModelForm

OPTIONS = ("temperature", "top_p", "max_tokens", "reasoning_effort")
_THINKING = [("low", _("a little")), ("medium", _("some")), ("high", _("long"))]


class PresetForm(PresetForm_):
    """The options one by one; those that have no field here (a budget) stay as they are."""

    temperature = forms.FloatField(label=_("Temperature"), min_value=0, max_value=1, required=False)
    top_p = forms.FloatField(label=_("Top P"), min_value=0, max_value=1, required=False)
    max_tokens = forms.IntegerField(
        label=_("Maximum length"),
        min_value=1,
        required=False,
        help_text=_("of an answer, in tokens"),
    )
    reasoning_effort = forms.ChoiceField(
        label=_("Thinking"), choices=[("", _("none")), *_THINKING], required=False
    )

    class Meta:
        model = Preset
        fields = ("name", "model", "system_prompt", "groups")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in OPTIONS:
            self.initial.setdefault(name, self.instance.options.get(name))
        models = BedrockModel.objects.filter(enabled=True)
        known = [(row.pk, f"{row.name} ({row.pk})") for row in models]
        current = self.instance.model
        if current and current not in dict(known):
            known.append((current, current))
        self.fields["model"] = forms.ChoiceField(label=_("Model"), choices=known)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        before = self.instance.options.items()
        others = {name: value for name, value in before if name not in OPTIONS}
        chosen = {name: cleaned.get(name) for name in OPTIONS}
        given = {name: value for name, value in chosen.items() if value not in (None, "")}
        model = BedrockModel.objects.filter(pk=cleaned.get("model")).first()
        try:
            check_limits(given, model)
        except Refused as refused:
            self.add_error("max_tokens", refused.detail)
        try:
            check_prompt(cleaned.get("system_prompt", ""))
        except Refused as refused:
            self.add_error("system_prompt", refused.detail)
        self.instance.options = {**others, **given}
        return cleaned


@admin.register(Preset)
class SharedPresets(PresetAdmin):
    """A change reaches new conversations only: what a preset says is copied when one begins."""

    form = PresetForm
    list_display = ("name", "model", "who", "created_at")
    list_filter = ("groups",)
    search_fields = ("name", "model")
    filter_horizontal = ("groups",)
    fields = ("name", "model", "system_prompt", *OPTIONS, "groups")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Preset]:
        rows: Any = super().get_queryset(request)
        return rows.shared().prefetch_related("groups")  # type: ignore[no-any-return]

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        return lookup.split("__")[0] in self.list_filter

    @admin.display(description=_("who may choose it"))
    def who(self, row: Preset) -> str:
        return ", ".join(group.name for group in row.groups.all()) or str(_("everybody"))
