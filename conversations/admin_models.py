"""The catalogue of models in the admin: what they can do and cost, and who may use them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.conf import settings
from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from conversations.models import BedrockModel

if TYPE_CHECKING:
    # Django's own classes take parameters in their stubs only.
    ModelsAdmin = admin.ModelAdmin[BedrockModel]
    ModelsForm = forms.ModelForm[BedrockModel]
else:
    ModelsAdmin, ModelsForm = admin.ModelAdmin, forms.ModelForm

PRICES = ("input", "output", "cache_read", "cache_write")


class BedrockModelForm(ModelsForm):
    class Meta:
        model = BedrockModel
        fields = "__all__"
        help_texts = {  # noqa: RUF012  (Django's way)
            "capabilities": _(
                "Each true or false; what is absent is false. max_images and max_documents are "
                "numbers. See docs/models.md."
            ),
            "prices": _("US dollars per million tokens: input, output, cache_read, cache_write."),
        }

    def clean_prices(self) -> dict[str, float]:
        prices = self.cleaned_data["prices"] or {}
        if not isinstance(prices, dict) or not set(prices) <= set(PRICES):
            raise forms.ValidationError(_("Give an object with %s.") % ", ".join(PRICES))
        for value in prices.values():
            if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
                raise forms.ValidationError(_("A price is a number, not below zero."))
        return prices

    def clean_capabilities(self) -> dict[str, bool | int]:
        capabilities = self.cleaned_data["capabilities"] or {}
        if not isinstance(capabilities, dict):
            raise forms.ValidationError(_("Give an object of names and true or false."))
        for name, value in capabilities.items():
            counts = name.startswith("max_")
            if isinstance(value, bool) == counts or not isinstance(value, int) or value < 0:
                kind = _("a whole number") if counts else _("true or false")
                words = _("%(name)s is %(kind)s.") % {"name": name, "kind": kind}
                raise forms.ValidationError(words)
        return capabilities


@admin.register(BedrockModel)
class BedrockModels(ModelsAdmin):
    """Whatever is changed here stays when the catalogue is brought up to date by a sync."""

    form = BedrockModelForm
    list_display = ("id", "name", "enabled", "who", "provider", "dialect", "context_window")
    list_filter = ("enabled", "provider", "groups", "dialect", "demonstration")
    search_fields = ("id", "name", "provider")
    filter_horizontal = ("groups",)
    actions = ("switch_on", "switch_off")
    fields = (
        "id", "based_on", "name", "provider", "enabled", "groups", "capabilities",
        "context_window", "max_output_tokens", "prices", "dialect",
    )  # fmt: skip

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        # Another id would be another row: the name that requests carry stays.
        return ("id",) if obj else ()

    def get_queryset(self, request: HttpRequest) -> QuerySet[BedrockModel]:
        return super().get_queryset(request).prefetch_related("groups")

    def save_model(self, request: HttpRequest, obj: BedrockModel, form: Any, change: bool) -> None:
        if not change:
            obj.demonstration = settings.BEDROCK_DEMONSTRATION  # it is for what answers now
        super().save_model(request, obj, form, change)

    @admin.display(description=_("who may use it"))
    def who(self, row: BedrockModel) -> str:
        return ", ".join(group.name for group in row.groups.all()) or str(_("everybody"))

    @admin.action(description=_("Switch on"), permissions=["change"])
    def switch_on(self, request: HttpRequest, rows: QuerySet[BedrockModel]) -> None:
        self.message_user(request, _("Switched on: %d.") % rows.update(enabled=True))

    @admin.action(description=_("Switch off"), permissions=["change"])
    def switch_off(self, request: HttpRequest, rows: QuerySet[BedrockModel]) -> None:
        self.message_user(request, _("Switched off: %d.") % rows.update(enabled=False))
