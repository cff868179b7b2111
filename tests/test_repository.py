"""What a clone must have: locks with hashes and without addresses, documents that lead on."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

pytestmark = pytest.mark.nodb

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("requirements.txt", "requirements-dev.txt", "requirements-node.txt")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


def pins(name: str) -> dict[str, str]:
    """Package → the rest of its entry, from a lock file; a package may have several markers."""
    text = (ROOT / name).read_text(encoding="utf-8")
    entries = re.split(r"^(?=[a-z0-9])", re.sub(r"^\s*#.*\n", "", text, flags=re.M), flags=re.M)
    found: dict[str, str] = {}
    for entry in filter(None, map(str.strip, entries)):
        package, _, rest = entry.partition("==")
        found[package] = found.get(package, "") + rest
    return found


@pytest.mark.parametrize("name", LOCKS)
def test_every_python_package_is_pinned_with_hashes_and_without_an_address(name: str) -> None:
    assert "://" not in (ROOT / name).read_text(encoding="utf-8")
    assert [package for package, rest in pins(name).items() if "--hash=sha256:" not in rest] == []


def _without_marker(rest: str) -> str:
    """Version and hashes; what asks for a package besides may want it on more kinds of machines."""
    return re.sub(r" ; [^\\]*", " ", rest)


def test_tests_run_on_the_versions_that_the_product_runs_on() -> None:
    tested = pins("requirements-dev.txt")
    assert {
        package: rest
        for package, rest in pins("requirements.txt").items()
        if _without_marker(tested.get(package, "")) != _without_marker(rest)
    } == {}


def test_every_package_of_the_page_is_pinned_with_a_hash_and_without_an_address() -> None:
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))
    packages = {name: entry for name, entry in lock["packages"].items() if name}
    assert [name for name, entry in packages.items() if "resolved" in entry] == []
    assert [name for name, entry in packages.items() if "integrity" not in entry] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_of_a_document_leads_somewhere(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", text)
    local = [target for target in targets if "://" not in target and ":" not in target]
    assert [target for target in local if not (document.parent / target).exists()] == []


@pytest.mark.parametrize("package", ["conversations", "streaming"])
def test_the_map_of_the_architecture_names_every_module(package: str) -> None:
    """Whoever is new looks there for the place of a change."""
    text = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    part = text[text.index(f"\n{package}/ ") :]
    named = set(re.findall(r"\w+", part[: part.index("\n", part.rindex("bedrock/  ") + 1)]))
    modules = {path.stem for path in (ROOT / package).glob("*.py")}
    unnamed = modules - named - {"__init__", "apps", "checks", "urls", "context_processors"}
    assert unnamed == set()
