"""What a person may send in a form."""

from __future__ import annotations

from django import forms

from conversations.models.conversation import TITLE_LENGTH


class RenameForm(forms.Form):
    title = forms.CharField(max_length=TITLE_LENGTH)
