"""The texts that people read, and their translations: `make messages` brings locale/ up to date.

It collects the texts of templates, Python and the page's modules, adds the new ones to the
catalogue of each language (untranslated), drops those that are gone, and compiles what is
translated. It needs no GNU gettext. `problems()` is what tests/test_translations.py asks: nothing
missing, nothing stale.
"""

from __future__ import annotations

import ast
import io
import re
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.conf import settings
from django.utils.translation.template import templatize

ROOT = Path(__file__).resolve().parent.parent
LOCALE = ROOT / "locale"
# Of the product: neither the local endpoint, which speaks as a model, nor what only developers see.
PYTHON = ("chatsite", "conversations", "streaming")
NOT_FOR_PEOPLE = ("streaming/localbedrock", "migrations", "management")

KEYWORDS: dict[str, tuple[int | tuple[int, str], ...] | None] = {
    **dict.fromkeys(("_", "gettext", "gettext_lazy", "gettext_noop")),
    **dict.fromkeys(("ngettext", "ngettext_lazy"), (1, 2)),
    **dict.fromkeys(("pgettext", "pgettext_lazy"), ((1, "c"), 2)),
    **dict.fromkeys(("npgettext", "npgettext_lazy"), ((1, "c"), 2, 3)),
}
IN_TEMPLATE = re.compile(
    r"""\b(gettext|ngettext|pgettext|npgettext|_)\((u?(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')"""
    r"""(?:,\s*u(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'))*)"""
)
# The same words make the same file, whenever.
NEVER = datetime(2000, 1, 1, tzinfo=UTC)
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[sd]|\{\w*\}")


class Text(NamedTuple):
    """``plural`` and ``context`` are empty where there is none; ``where`` is a file."""

    text: str
    plural: str
    context: str
    where: str

    @property
    def id(self) -> str | tuple[str, str]:
        return (self.text, self.plural) if self.plural else self.text


# --- what there is to be said ---------------------------------------------------------------------


def texts(domain: str) -> list[Text]:
    """Everything of a domain, once each, in the order of the files."""
    found = _of_modules() if domain == "djangojs" else [*_of_templates(), *_of_python()]
    once: dict[tuple[str, str], Text] = {}
    for each in found:
        key = (each.context, each.text)
        if key not in once or (each.plural and not once[key].plural):
            once[key] = each
    return list(once.values())


def _of_python() -> Iterator[Text]:
    for folder in PYTHON:
        for path in sorted((ROOT / folder).rglob("*.py")):
            where = path.relative_to(ROOT).as_posix()
            if not any(part in where for part in NOT_FOR_PEOPLE):
                yield from _called(path.read_bytes(), "python", where)


def _of_modules() -> Iterator[Text]:
    for path in sorted((ROOT / "static/js").rglob("*.js")):
        yield from _called(path.read_bytes(), "javascript", path.relative_to(ROOT).as_posix())


def _called(code: bytes, language: str, where: str) -> Iterator[Text]:
    options = {"parse_template_string": True, "encoding": "utf-8"}
    for _line, words, _comments, context in extract(
        language, io.BytesIO(code), KEYWORDS, (), options
    ):
        one, many = (words[0], words[1]) if isinstance(words, tuple) else (words, "")
        yield Text(one, many, context or "", where)


def _of_templates() -> Iterator[Text]:
    for path in sorted((ROOT / "templates").rglob("*")):
        if path.suffix not in {".html", ".txt"}:
            continue
        where = path.relative_to(ROOT).as_posix()
        for name, written in IN_TEMPLATE.findall(templatize(path.read_text(encoding="utf-8"))):
            words = [str(each) for each in ast.literal_eval(f"[{written}]")]
            # As Django looks them up: only a placeholder has a sign of per cent of its own.
            context = words.pop(0) if name in {"pgettext", "npgettext"} else ""
            yield Text(words[0], words[1] if len(words) > 1 else "", context, where)


# --- the catalogues -------------------------------------------------------------------------------


def languages() -> list[str]:
    """Those that need a translation."""
    return [code for code, _ in settings.LANGUAGES if code != settings.LANGUAGE_CODE]


def path_of(language: str, domain: str) -> Path:
    return LOCALE / language / "LC_MESSAGES" / f"{domain}.po"


def catalogue(language: str, domain: str) -> Catalog:
    path = path_of(language, domain)
    if not path.exists():
        return Catalog(locale=language, domain=domain, fuzzy=False)
    with path.open("rb") as file:
        words = read_po(file, locale=language, domain=domain)
    words.creation_date = words.revision_date = NEVER
    return words


def brought_up_to_date(language: str, domain: str) -> Catalog:
    """What is translated stays; what is new is empty; what nobody says any more is gone."""
    before = catalogue(language, domain)
    now = Catalog(
        locale=language, domain=domain, project="chat", fuzzy=False, header_comment=f"# {language}"
    )
    for text in texts(domain):
        known = before.get(text.text, text.context or None)
        kept = known.string if known is not None and _fits(known.string, text) else ""
        now.add(text.id, kept, [(text.where, 0)], context=text.context or None)
    return now


def _fits(string: object, text: Text) -> bool:
    return isinstance(string, tuple | list) == bool(text.plural)


def written(words: Catalog) -> bytes:
    out = io.BytesIO()
    write_po(out, words, width=100, omit_header=False, include_lineno=False, sort_output=True)
    # Dates and versions of tools would make each run another file.
    kept = [
        line
        for line in out.getvalue().splitlines(keepends=True)
        if not line.startswith(
            (b'"POT-Creation', b'"PO-Revision', b'"Generated', b'"Last-', b'"Report-')
        )
    ]
    return b"".join(kept)


def compiled(words: Catalog) -> bytes:
    """Without what is not translated: there the English text is said."""
    told = Catalog(locale=words.locale, domain=words.domain, project=words.project, fuzzy=False)
    told.creation_date = told.revision_date = NEVER
    for message in words:
        if message.id and not message.fuzzy and all(_forms(message.string)):
            told.add(message.id, message.string, context=message.context)
    out = io.BytesIO()
    write_mo(out, told)
    return out.getvalue()


def bring_up_to_date() -> None:
    for language in languages():
        for domain in ("django", "djangojs"):
            path = path_of(language, domain)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(written(brought_up_to_date(language, domain)))
            path.with_suffix(".mo").write_bytes(compiled(catalogue(language, domain)))


# --- what is wrong with them ----------------------------------------------------------------------


def problems(language: str) -> list[str]:
    """One line for each text that is missing or wrong, and for each file that is stale."""
    found = []
    for domain in ("django", "djangojs"):
        words = catalogue(language, domain)
        said = texts(domain)
        found += [line for text in said for line in _wrong(words, text)]
        known = {(text.context, text.text) for text in said}
        found += [
            f"{domain}: nobody says {message.id!r}"
            for message in words
            if message.id and (message.context or "", _singular(message.id)) not in known
        ]
        path = path_of(language, domain).with_suffix(".mo")
        if not path.exists() or path.read_bytes() != compiled(words):
            found.append(f"{path.relative_to(ROOT)} is not what {domain}.po compiles to")
    return found


def _singular(words: object) -> str:
    return str(words[0]) if isinstance(words, tuple | list) else str(words)


def _forms(string: object) -> list[str]:
    return [str(each or "") for each in (string if isinstance(string, tuple | list) else [string])]


def _wrong(words: Catalog, text: Text) -> list[str]:
    message = words.get(text.text, text.context or None)
    if message is None:
        return [f"{text.where}: {text.text!r} is not in the catalogue"]
    forms = _forms(message.string)
    if message.fuzzy or not all(forms):
        return [f"{text.where}: {text.text!r} is not translated"]
    if text.plural and len(forms) != words.num_plurals:
        return [f"{text.where}: {text.text!r} has {len(forms)} plural forms"]
    allowed = {frozenset(PLACEHOLDER.findall(each)) for each in (text.text, text.plural) if each}
    return [
        f"{text.where}: {text.text!r} has other placeholders than {form!r}"
        for form in forms
        if frozenset(PLACEHOLDER.findall(form)) not in allowed
    ]


if __name__ == "__main__":
    import os

    os.environ.setdefault("DEBUG", "1")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")
    bring_up_to_date()
    left = [line for language in languages() for line in problems(language)]
    for line in left:
        print(line)
    print(f"{len(left)} to do." if left else "All languages are complete.")
    sys.exit(0)
