"""Guardrails in the admin: which group, or which conversation, goes through which."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from conversations.models import Guardrail

if TYPE_CHECKING:
    GuardrailAdmin = admin.ModelAdmin[Guardrail]
else:
    GuardrailAdmin = admin.ModelAdmin


@admin.register(Guardrail)
class Guardrails(GuardrailAdmin):
    """Conversations are named by their ids: no title is shown here."""

    list_display = ("name", "identifier", "version", "mode", "groups_")
    list_filter = ("mode", "groups")
    search_fields = ("name", "identifier")
    filter_horizontal = ("groups",)
    raw_id_fields = ("conversations",)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("groups")

    @admin.display(description=_("groups"))
    def groups_(self, row: Guardrail) -> str:
        return ", ".join(group.name for group in row.groups.all()) or "–"
