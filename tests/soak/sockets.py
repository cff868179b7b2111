"""The whole matrix of servers and databases, and the tests that take long.

`make test` leaves out on PostgreSQL what does not depend on the database (`matrix`), and everywhere
what takes long and is proven in smaller pieces as well (`soak`).
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
from uuid import uuid4

from tests.faults.machines import ROOT
from tests.plugins.needs import find_postgres
from tests.soak.result import Result

WHOLE = ("-m", "not browser and not nodb and not soak")


async def sockets(seed: int, short: bool = False) -> Result:
    """``tests/socket/`` on SQLite, and all tests of the database on PostgreSQL; on both servers."""
    result = Result("sockets", seed)
    server, _, _ = find_postgres().rpartition("/")
    postgres = f"{server}/soak_{uuid4().hex[:8]}"
    await _tests("sqlite", "", ["tests/socket", *_only_counted(short)], result)
    await _tests("postgres", postgres, [*WHOLE, *_only_counted(short)], result)
    return result


async def long_tests(seed: int, short: bool = False) -> Result:
    result = Result("tests", seed)
    await _tests("tests", "", ["-m", "soak", *_only_counted(short)], result)
    return result


def _only_counted(short: bool) -> list[str]:
    return ["--collect-only"] if short else []


async def _tests(database: str, url: str, options: list[str], result: Result) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    if url:
        environment["TEST_DATABASE_URL"] = url
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "pytest", "-q", *options),
        cwd=ROOT,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    told = (await process.communicate())[0].decode(errors="replace")
    counted = re.search(r"(\d+)(?:/\d+)? (?:passed|tests? collected)", told)
    result.figures[database] = int(counted[1]) if counted else 0
    if process.returncode or not counted:
        failed = re.findall(r"^(?:FAILED|ERROR) .*", told, re.MULTILINE)
        result.violations += [f"{database}: {line}" for line in failed or [told[-500:]]]
