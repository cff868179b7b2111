"""Every text that people read is in every language that is offered."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from scripts import messages

pytestmark = pytest.mark.nodb

CALLED = re.compile(r'\b[np]?gettext\(\s*"((?:[^"\\]|\\.)*)"')
FOLDER = messages.ROOT / "templates"
TEMPLATES = sorted(FOLDER.rglob("*.html"))
# What is no text of the page: tags, comments, what is translated already, what comes from data.
SPOKEN = re.compile(
    r"{% block \w+_class %}.*?{% endblock[^%]*%}"
    r"|{% blocktranslate.*?{% endblocktranslate %}|{% comment.*?{% endcomment %}"
    r"|{#.*?#}|{%.*?%}|{{.*?}}",
    re.S,
)
# Names, and units that are the same everywhere.
NAMES = {"Chat", "· Chat", "UTC", "USD", "ms", "openapi.json", "max_images"}


class Words(HTMLParser):
    """The words of a page, and of the attributes that are read out or shown."""

    READ = frozenset({"alt", "aria-label", "placeholder", "title"})

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_data(self, data: str) -> None:
        self.found += [
            line.strip() for line in data.splitlines() if re.search(r"[^\W\d_]{2}", line)
        ]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in self.READ and value:
                self.handle_data(value)


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


def test_no_text_of_a_module_is_overlooked() -> None:
    """Within a template literal, say, where the extraction does not look."""
    found = {text.text for text in messages.texts("djangojs")}
    said = {
        json.loads(f'"{text}"')
        for path in (messages.ROOT / "static/js").rglob("*.js")
        for text in CALLED.findall(path.read_text(encoding="utf-8"))
    }
    assert said - found == set()


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.relative_to(FOLDER).as_posix())
def test_a_template_has_no_words_of_its_own(path: Path) -> None:
    """Whatever a person reads, hears or is shown beside it goes through the catalogue."""
    page = Words()
    page.feed(SPOKEN.sub("", path.read_text(encoding="utf-8")))
    assert [words for words in page.found if words not in NAMES] == []
