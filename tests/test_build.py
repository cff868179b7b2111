"""`make test`: what fails beside the others and passes alone is named, and nothing else is let by.

With a small pytest in a folder of its own in place of the project's tests.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from scripts import test as build

pytestmark = pytest.mark.nodb

PYTEST = (build.PYTHON, "-m", "pytest", "-q")

# Fails when it runs first, and passes from then on.
SHY = """
    seen = pathlib.Path(__file__).with_name("seen-" + {name!r})
    if not seen.exists():
        seen.touch()
        raise AssertionError("the machine was busy")
"""

Make = Callable[[str], tuple[build.Outcome, str]]


@pytest.fixture
def make(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Make:
    """Runs a build of one step, whose tests are the text; (outcome, what it printed)."""
    project = tmp_path / "project"
    project.mkdir()
    (project / "pytest.ini").write_text("[pytest]\n")
    monkeypatch.setattr(build, "ROOT", project)
    # None of this run's plugins, nor its settings, belongs to a project of its own.
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.delenv("DJANGO_SETTINGS_MODULE", raising=False)
    monkeypatch.delenv("CI", raising=False)

    def made(tests: str) -> tuple[build.Outcome, str]:
        (project / "test_it.py").write_text(f"import pathlib\nimport pytest\n\n{tests}")
        folder = tmp_path / "folder"
        folder.mkdir(exist_ok=True)
        step = build.Step("tests: of a project", PYTEST)
        (outcome,) = build.in_lines([step], folder)
        outcome = build.second_try(outcome, folder)
        failed = build.summary([outcome], build.skips_file(folder).read_text().splitlines())
        assert failed == (outcome.verdict == "FAILED")
        return outcome, capfd.readouterr().out

    return made


def shy(name: str) -> str:
    return f"def test_{name}():{SHY.format(name=name)}\n"


GOOD = "def test_good():\n    pass\n\n"
BAD = "def test_bad():\n    assert False, 'always'\n\n"


def test_a_test_that_passes_alone_lets_the_build_pass_and_is_named(make: Make) -> None:
    outcome, told = make(GOOD + shy("first") + shy("second"))
    assert outcome.verdict == "passed"
    named = ["test_it.py::test_first", "test_it.py::test_second"]
    assert outcome.failed == named
    summary = told[told.rindex("── summary") :]
    assert "FAILED FIRST" in summary
    assert [line.removeprefix("   !  ") for line in summary.splitlines() if "!" in line] == named
    assert "2 passed" in told, "the second run had more than what failed"


def test_a_test_that_fails_twice_fails_the_build(make: Make) -> None:
    outcome, told = make(GOOD + BAD + shy("first"))
    assert outcome.verdict == "FAILED"
    assert "1 failed, 1 passed" in told
    assert "FAILED FIRST" not in told


def test_where_nothing_failed_nothing_is_run_again(make: Make) -> None:
    outcome, told = make(GOOD)
    assert (outcome.verdict, outcome.failed) == ("passed", [])
    assert "--last-failed" not in told


def test_more_than_ten_failures_are_no_accident(make: Make) -> None:
    outcome, told = make("".join(shy(f"number_{number}") for number in range(11)))
    assert outcome.verdict == "FAILED"
    assert "--last-failed" not in told


@pytest.mark.parametrize(
    ("tests", "says"),
    [
        ("raise RuntimeError('no test was read')\n", "no test was read"),
        (shy("first") + "def test_dies():\n    import os\n    os._exit(1)\n", ""),
        (shy("first") + "def test_stops():\n    raise KeyboardInterrupt\n", "KeyboardInterrupt"),
        (shy("first") + "def test_ends():\n    pytest.exit('enough', 1)\n", "enough"),
        ("", "no tests ran"),
    ],
    ids=["collection error", "dead process", "interrupted", "ended early", "no tests"],
)
def test_a_run_that_did_not_come_to_its_end_has_no_second_try(
    make: Make, tests: str, says: str
) -> None:
    """Who knows what the tests that were not run would have said?"""
    outcome, told = make(tests)
    assert outcome.verdict == "FAILED"
    assert says in told
    assert "--last-failed" not in told


def test_what_is_skipped_the_second_time_has_not_passed(make: Make) -> None:
    skipped = shy("first") + "    pytest.skip('the server is gone')\n"
    outcome, told = make(skipped + GOOD)
    assert "1 skipped" in told
    assert outcome.verdict == "FAILED"


def test_what_an_earlier_build_saw_fail_is_not_asked_in_the_next(make: Make) -> None:
    assert make(BAD)[0].verdict == "FAILED"
    outcome, told = make(shy("first") + BAD.replace("assert False, 'always'", "pass"))
    assert outcome.verdict == "passed"
    assert outcome.failed == ["test_it.py::test_first"]
    assert "1 passed" in told


def test_two_steps_do_not_share_what_failed() -> None:
    caches = [step.cache for step in build.STEPS if step.cache]
    assert len(set(caches)) == len(caches) >= 3


def test_no_two_runs_beside_each_other_share_a_redis(monkeypatch: pytest.MonkeyPatch) -> None:
    for own in ("redis://127.0.0.1:6379/15", "redis://127.0.0.1:6379", "redis://127.0.0.1:6379/1"):
        monkeypatch.setenv("TEST_REDIS_URL", own)
        urls = [build.neighbour(own, place) for place in range(3)]
        assert len(set(urls)) == 3
        assert urls[0].removesuffix("/0") == own
