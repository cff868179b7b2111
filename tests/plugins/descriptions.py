"""botocore reads its descriptions of services once in a run, and not for each client of a test.

Each client is a session of its own, which reads two megabytes of JSON: a third of a second of a
core, more than most tests of the engine and of the local endpoint take for everything else.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest
from botocore.loaders import JSONFileLoader


def pytest_configure(config: pytest.Config) -> None:
    load_file = JSONFileLoader.load_file

    @cache
    def once(path: str) -> Any:
        return load_file(JSONFileLoader(), path)

    def load(self: JSONFileLoader, path: str) -> Any:
        return once(path)

    JSONFileLoader.load_file = load  # type: ignore[assignment, method-assign]
