"""What a model reads of files, as attributes of the element that stands for it."""

from __future__ import annotations

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString

from conversations.attachments.limits import Limits
from conversations.models import BedrockModel

register = template.Library()


@register.simple_tag
def reads(model: BedrockModel) -> SafeString:
    """``data-images`` and ``data-documents``: how many at a time."""
    limits = Limits.of(model)
    return format_html(
        'data-name="{}" data-images="{}" data-documents="{}"',
        model.name,
        limits.images,
        limits.documents,
    )
