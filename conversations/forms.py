"""What a person may send in a form."""

from __future__ import annotations

from django import forms
from django.conf import settings

from conversations.models.conversation import TITLE_LENGTH


class RenameForm(forms.Form):
    title = forms.CharField(max_length=TITLE_LENGTH)


class LanguageForm(forms.Form):
    """Nothing: as the browser asks."""

    language = forms.ChoiceField(required=False, choices=lambda: [("", ""), *settings.LANGUAGES])
