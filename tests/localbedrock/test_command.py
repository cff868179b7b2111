"""manage.py bedrock_local, as a process of its own."""

import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from .reading import ask, read, text_of

pytestmark = pytest.mark.nodb

ROOT = Path(__file__).parents[2]


@contextmanager
def command(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "manage.py", "bedrock_local", *arguments],
        cwd=ROOT,
        env=os.environ | {"SECRET_KEY": "of no meaning", "DEBUG": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGINT])
def test_it_says_where_it_is_serves_and_ends_cleanly(make_client, signum):
    with command("--port", "0", "--pace", "0", "--first-after", "0") as process:
        line = process.stdout.readline()
        url = re.search(r"http://127\.0\.0\.1:\d+", line)[0]
        with closing(make_client(url=url)) as client:
            assert "demonstration model" in text_of(read(ask(client)))
            # One that waits does not hold up the end.
            stream = ask(client, "[[stall]]")["stream"]
            process.send_signal(signum)
            out, err = process.communicate(timeout=60)
            stream.close()
    assert (process.returncode, out, err) == (0, "", "")


def test_a_port_in_use_is_told_in_words():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with command("--port", str(port)) as process:
            out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (1, "")
    assert f"Port {port} is in use on 127.0.0.1. Choose another with --port." in err


def test_an_address_of_another_machine_is_told_in_words():
    with command("--port", "0", "--host", "192.0.2.1") as process:
        _, err = process.communicate(timeout=60)
    assert process.returncode == 1
    assert err.startswith("CommandError: Cannot listen on 192.0.2.1")
