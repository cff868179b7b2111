"""Nothing is skipped in silence: reasons go to `make test`'s summary, and CI fails on any."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest


class SkipRecorder:
    def __init__(self) -> None:
        self.reasons: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self._note(report)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        self._note(report)

    def _note(self, report: pytest.TestReport | pytest.CollectReport) -> None:
        if report.skipped and not hasattr(report, "wasxfail"):
            detail = report.longrepr
            reason = detail[2] if isinstance(detail, tuple) else str(detail)
            self.reasons[reason.removeprefix("Skipped: ")] += 1

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if target := os.environ.get("SKIPS_FILE"):
            lines = (f"{count}\t{reason}\n" for reason, count in self.reasons.items())
            with Path(target).open("a", encoding="utf-8") as file:
                file.writelines(lines)
        if self.reasons and in_ci() and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.reasons and in_ci():
            terminalreporter.write_line("Tests were skipped, which fails in CI.", red=True)


def in_ci() -> bool:
    return os.environ.get("CI", "").lower() in {"1", "true", "yes"}


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(SkipRecorder(), "skip-recorder")
