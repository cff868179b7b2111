"""Other people's packages: none older than is safe, holes are asked for, and all are listed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from packaging.version import Version

from chatsite.floors import floors
from scripts import audit
from scripts import test as build
from tests.test_repository import LOCKS, ROOT, pins

pytestmark = pytest.mark.nodb


def page_pins() -> list[tuple[str, str]]:
    """Package and version; one package may be there in several versions."""
    lock = json.loads((ROOT / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    return [
        (path.rpartition("node_modules/")[2], entry["version"])
        for path, entry in lock.items()
        if path
    ]


# --- minimum versions ---------------------------------------------------------------------------


def test_the_floors_are_those_that_are_asked_for() -> None:
    """R40"""
    python = floors("python")
    for name, minimum in {"django": "5.2.19", "daphne": "4.2.2", "django-allauth": "65.14"}.items():
        assert Version(python[name].minimum) >= Version(minimum)
    for kind in ("python", "npm"):
        assert [name for name, floor in floors(kind).items() if not floor.reason] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_no_python_package_is_locked_below_its_floor(lock: str) -> None:
    """R40"""
    known = floors("python")
    locked = {name.partition("[")[0]: rest.split()[0] for name, rest in pins(lock).items()}
    below = {
        name: version
        for name, version in locked.items()
        if name in known and Version(version) < Version(known[name].minimum)
    }
    assert below == {}
    if lock == "requirements.txt":
        assert set(known) <= set(locked), "a floor of a package that is not there holds nothing"


def test_no_package_of_the_page_is_locked_below_its_floor() -> None:
    """R40"""
    known = floors("npm")
    locked = page_pins()
    assert set(known) <= {name for name, _ in locked}
    assert [
        (name, version)
        for name, version in locked
        if name in known and Version(version) < Version(known[name].minimum)
    ] == []


def test_what_is_asked_for_cannot_be_resolved_to_less_than_its_floor() -> None:
    """R40: `make lock` would otherwise be free to choose an older one."""
    asked = (ROOT / "requirements.in").read_text(encoding="utf-8")
    bounds = dict(re.findall(r"^([a-z0-9-]+)(?:\[[^\]]*\])?>=([\d.]+)", asked, re.MULTILINE))
    known = floors("python")
    assert {
        name: bound
        for name, bound in bounds.items()
        if name in known and Version(bound) < Version(known[name].minimum)
    } == {}


@pytest.mark.parametrize(("installed", "starts"), [("4.2.1", False), ("4.2.2", True)])
def test_the_product_refuses_to_start_with_less(
    tmp_path: Path, installed: str, starts: bool
) -> None:
    """R40: not only `check` says so; whatever reads the settings ends."""
    about = tmp_path / f"daphne-{installed}.dist-info"
    about.mkdir()
    text = f"Metadata-Version: 2.1\nName: daphne\nVersion: {installed}\n"
    (about / "METADATA").write_text(text)
    ended = subprocess.run(
        (sys.executable, "-c", "import chatsite.settings"),
        cwd=ROOT,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (ended.returncode == 0) is starts, ended.stderr
    if not starts:
        assert "daphne 4.2.1 has known holes (CVE-2026-44545" in ended.stderr
        assert "4.2.2 or newer is needed" in ended.stderr


# --- advisories -----------------------------------------------------------------------------------


def package(**fields: Any) -> dict[str, Any]:
    return {"name": "django", "version": "5.2.1", **fields}


HOLE = {"id": "PYSEC-1", "fix_versions": ["5.2.19"], "aliases": [], "description": ""}
PYTHON_CLEAN = json.dumps({"dependencies": [package(vulns=[])]})
PYTHON_HOLES = json.dumps({"dependencies": [package(vulns=[HOLE])]})
# What pip-audit says, with "No known vulnerabilities found", where the index knows no advisories.
PYTHON_SKIPPED = json.dumps({"dependencies": [package(skip_reason="not found")]})
PYTHON_PARTLY = json.dumps({"dependencies": [package(skip_reason="x"), package(vulns=[])]})
TOTAL = {"metadata": {"dependencies": {"total": 139}}}
NPM_CLEAN = json.dumps({"vulnerabilities": {}, **TOTAL})
NPM_HOLES = json.dumps({"vulnerabilities": {"ws": {"range": "<8", "severity": "high"}}, **TOTAL})
NPM_REFUSED = json.dumps({"statusCode": 405, "body": "", "error": {"summary": ""}})


@pytest.mark.parametrize(
    ("python", "npm", "code", "told"),
    [
        (PYTHON_CLEAN, NPM_CLEAN, 0, "no known hole in 139 packages"),
        (PYTHON_HOLES, NPM_CLEAN, 1, "django 5.2.1: PYSEC-1, mended in 5.2.19"),
        (PYTHON_CLEAN, NPM_HOLES, 1, "ws <8: high"),
        (PYTHON_SKIPPED, NPM_CLEAN, 2, "NOT AUDITED: nothing is known of 1 of 1 packages"),
        (PYTHON_PARTLY, NPM_CLEAN, 2, "NOT AUDITED: nothing is known of 1 of 2 packages"),
        (PYTHON_CLEAN, NPM_REFUSED, 2, "package-lock.json: NOT AUDITED: the advisory service"),
        (PYTHON_CLEAN, "", 2, "NOT AUDITED"),
        ("", NPM_HOLES, 1, "ws <8: high"),
        ('{"dependencies": []}', NPM_CLEAN, 2, "no package was asked for"),
    ],
)
def test_known_holes_fail_and_nobody_to_ask_is_not_nothing_found(
    python: str,
    npm: str,
    code: int,
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """R40"""
    monkeypatch.setattr(audit, "ask", lambda command: npm if "sh" in command else python)
    assert audit.main() == code
    assert told in capsys.readouterr().out


def test_every_lock_file_is_asked_about() -> None:
    """R40"""
    assert set(audit.questions()) == {*LOCKS, "package-lock.json"}


def test_a_build_fails_by_a_known_hole_and_says_where_nobody_could_be_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """R40: `make test`; a machine without a way to the service is no reason to fail."""
    step = next(step for step in build.STEPS if step.name == "advisories")
    assert step.command[-1] == "scripts.audit"
    verdicts = {0: "passed", 1: "FAILED", 2: "not asked"}
    for code, verdict in verdicts.items():
        step.command = (sys.executable, "-c", f"raise SystemExit({code})")
        outcome = build.run(step, tmp_path)
        assert outcome.verdict == verdict
        assert build.summary([outcome], []) == (1 if code == 1 else 0)
        assert ("held to chatsite/floors.toml only" in capsys.readouterr().out) is (code == 2)


def test_a_question_that_cannot_be_asked_has_no_answer() -> None:
    assert audit.ask(("no-such-program",)) == ""


# --- the list of what there is --------------------------------------------------------------------


@pytest.fixture(scope="module")
def lists(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    folder = tmp_path_factory.mktemp("sbom")
    command = (sys.executable, "-m", "scripts.sbom", str(folder))
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    found = {}
    for name in ("python", "page"):
        described = json.loads((folder / f"{name}.cdx.json").read_text(encoding="utf-8"))
        assert described["bomFormat"] == "CycloneDX"
        found[name] = described["components"]
    return found


def test_the_list_of_python_packages_names_every_locked_one(
    lists: dict[str, list[dict[str, Any]]],
) -> None:
    """R40: with its hashes."""
    listed = {each["name"] for each in lists["python"]}
    assert {name.partition("[")[0] for name in pins("requirements.txt")} == listed
    for each in lists["python"]:
        (source,) = each["externalReferences"]
        assert each["version"]
        assert [hash["alg"] for hash in source["hashes"]], each["name"]


def test_the_list_of_the_page_names_every_locked_package(
    lists: dict[str, list[dict[str, Any]]],
) -> None:
    """R40: with its hashes."""
    assert {(each["name"], each["version"]) for each in lists["page"]} == set(page_pins())
    assert [each["name"] for each in lists["page"] if not each.get("hashes")] == []
