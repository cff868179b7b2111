"""Every text that people read is in every language that is offered."""

from __future__ import annotations

import pytest

from scripts import messages

pytestmark = pytest.mark.nodb


@pytest.mark.parametrize("language", messages.languages())
def test_everything_is_said_in_every_language(language: str) -> None:
    """Nothing is missing, empty, uncertain, stale, or has other placeholders."""
    assert messages.problems(language) == []


def test_texts_are_found_in_templates_in_python_and_in_modules() -> None:
    found = {text.text: text for text in messages.texts("django")}
    assert found["Language of this site"].where == "templates/settings/_language.html"
    assert found["The model reported an error."].where == "conversations/outcomes.py"
    plural = found["%(days)s day after it was deleted, a conversation is gone for good."]
    assert plural.plural.startswith("%(days)s days after")
