"""`make run`: what it decides, what it says when it cannot start, and that nothing outlives it."""

from __future__ import annotations

import os
import select
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts import run

pytestmark = pytest.mark.nodb

ROOT = Path(__file__).resolve().parent.parent
PATIENCE = 60


def start(*, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Runs scripts/run.py where it is expected to end at once."""
    return subprocess.run(
        (sys.executable, "scripts/run.py"),
        cwd=ROOT,
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        yield server.getsockname()[1]


@pytest.fixture
def no_account(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"):
        monkeypatch.delenv(name)
    return monkeypatch


def test_a_port_in_use_is_told_in_words(taken_port: int) -> None:
    ended = start(environment={"PORT": str(taken_port)})
    assert ended.returncode == 1
    assert f"Port {taken_port} is in use" in ended.stderr
    assert f"make run PORT={taken_port + 1}" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("port", ["eighty", "0", "65536", "-1", "８０"])
def test_an_impossible_port_is_told_in_words(port: str) -> None:
    ended = start(environment={"PORT": port})
    assert ended.returncode == 1
    assert "PORT must be a number from 1 to 65535" in ended.stderr


def test_production_is_not_started_by_make_run() -> None:
    ended = start(environment={"DEBUG": "0", "PORT": str(run.free_port())})
    assert ended.returncode == 1
    assert "DEBUG=0 asks for production" in ended.stderr


def test_without_an_account_the_demonstration_answers(no_account: pytest.MonkeyPatch) -> None:
    environment: dict[str, str] = {}
    assert "no usable AWS credentials" in run.choose_model(environment)
    assert environment["BEDROCK_DEMONSTRATION"] == "1"


def test_credentials_without_a_region_are_told(no_account: pytest.MonkeyPatch) -> None:
    no_account.setenv("AWS_BEARER_TOKEN_BEDROCK", "a-key")
    environment: dict[str, str] = {}
    assert "AWS_REGION is not set" in run.choose_model(environment)
    assert environment["BEDROCK_DEMONSTRATION"] == "1"


def test_with_an_account_bedrock_itself_answers() -> None:
    environment = {"BEDROCK_DEMONSTRATION": "1"}
    assert run.choose_model(environment) == "Amazon Bedrock answers, in us-east-1."
    assert "BEDROCK_DEMONSTRATION" not in environment


def test_the_region_of_a_profile_is_used(no_account: pytest.MonkeyPatch, tmp_path: Path) -> None:
    profile = tmp_path / "config"
    profile.write_text(
        "[profile work]\nregion = eu-west-3\naws_access_key_id = a\naws_secret_access_key = b\n"
    )
    no_account.setenv("AWS_CONFIG_FILE", str(profile))
    no_account.setenv("AWS_PROFILE", "work")
    environment: dict[str, str] = {}
    assert "eu-west-3" in run.choose_model(environment)
    assert environment["AWS_REGION"] == "eu-west-3"


def test_bedrock_local_asks_for_the_demonstration_despite_an_account() -> None:
    environment = {"BEDROCK_LOCAL": "1"}
    assert "BEDROCK_LOCAL=1" in run.choose_model(environment)
    assert environment["BEDROCK_DEMONSTRATION"] == "1"


def test_a_model_on_this_machine_answers_despite_an_account() -> None:
    """The operator names it, in the environment only (R33)."""
    environment = {"LOCAL_MODEL_URL": "http://127.0.0.1:11434", "AWS_REGION": "us-east-1"}
    said = run.choose_model(environment)
    assert "http://127.0.0.1:11434" in said
    assert "nothing goes to Amazon Bedrock" in said
    assert environment["BEDROCK_DEMONSTRATION"] == "1"


def test_a_persons_own_credentials_do_not_reach_the_local_endpoint() -> None:
    environment = {"AWS_ACCESS_KEY_ID": "mine", "AWS_SESSION_TOKEN": "mine", "AWS_PROFILE": "work"}
    run.point_at_endpoint(environment, 4711)
    assert "mine" not in environment.values()
    assert "AWS_PROFILE" not in environment
    assert environment["AWS_ENDPOINT_URL_BEDROCK_RUNTIME"] == "http://127.0.0.1:4711"
    assert "127.0.0.1" in environment["NO_PROXY"]


def test_the_secret_key_is_made_once_and_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "secret_key"
    key = run.kept_secret(path)
    assert len(key) >= 50
    assert run.kept_secret(path) == key
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


# --- Python -------------------------------------------------------------------------------------


def find_python(folder: Path, **programs: str) -> subprocess.CompletedProcess[str]:
    """scripts/find-python.sh on a machine that has these programs (shell scripts) only."""
    for name, script in programs.items():
        program = folder / name.replace("_", ".")
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
    return subprocess.run(
        ("/bin/sh", str(ROOT / "scripts" / "find-python.sh")),
        env={"PATH": str(folder)},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


OLD = 'case "$2" in *sys.exit*) exit 1;; *) echo 3.9.2;; esac'
NEW = 'case "$2" in *print*) echo 3.12.1;; esac'
WITHOUT_VENV = 'case "$2" in *ensurepip*) exit 1;; *print*) echo 3.11.2;; esac'
BROKEN = "echo 'pyenv: python3.13: command not found' >&2; exit 127"


def test_an_old_python_is_told_in_words(tmp_path: Path) -> None:
    ended = find_python(tmp_path, python3=OLD)
    assert ended.returncode == 1
    assert "Python 3.11 or newer is needed" in ended.stderr
    assert "python3 is 3.9.2" in ended.stderr


def test_no_python_at_all_is_told_in_words(tmp_path: Path) -> None:
    ended = find_python(tmp_path)
    assert ended.returncode == 1
    assert "there is none on the PATH" in ended.stderr


def test_a_python_without_venv_is_told_with_the_package_to_install(tmp_path: Path) -> None:
    ended = find_python(tmp_path, python3=WITHOUT_VENV)
    assert ended.returncode == 1
    assert "apt-get install python3-venv" in ended.stderr


def test_a_newer_python_beside_an_old_and_a_broken_one_is_found(tmp_path: Path) -> None:
    ended = find_python(tmp_path, python3=OLD, python3_13=BROKEN, python3_12=NEW)
    assert ended.stdout == "python3.12\n"
    assert ended.stderr == ""


# --- children -----------------------------------------------------------------------------------

# Starts a child that starts a grandchild, prints the ids of both, and waits for ever.
FAMILY = """
import os, sys
from scripts.children import Children
CHILD = '''
import os, subprocess, sys, time
grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(os.getpid(), grandchild.pid, flush=True)
time.sleep(600)
'''
children = Children()
children.start("The child", sys.executable, "-c", CHILD, environment=dict(os.environ))
children.wait()
children.stop()
print("ended", flush=True)
"""


def alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
        state = Path(f"/proc/{process_id}/stat").read_text().rpartition(")")[2].split()[0]
    except (ProcessLookupError, FileNotFoundError):
        return False
    return state != "Z"


@pytest.fixture
def family() -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    with subprocess.Popen(
        (sys.executable, "-c", FAMILY), cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        members = [int(word) for word in parent.stdout.readline().split()]
        yield parent, members
        for process_id in (parent.pid, *members):
            if alive(process_id):
                os.kill(process_id, signal.SIGKILL)


@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks at processes in /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_every_child_and_what_it_started(
    family: tuple[subprocess.Popen[str], list[int]], number: signal.Signals
) -> None:
    parent, members = family
    parent.send_signal(number)
    assert parent.wait(PATIENCE) == 0
    # Killed is not gone yet: the kernel takes its time under load.
    deadline = time.monotonic() + PATIENCE
    while any(map(alive, members)) and time.monotonic() < deadline:
        threading.Event().wait(0.05)
    assert [process_id for process_id in members if alive(process_id)] == []


@pytest.mark.skipif(
    sys.platform != "linux", reason="only Linux tells a child of its parent's death"
)
def test_a_killed_parent_takes_its_child_along(
    family: tuple[subprocess.Popen[str], list[int]],
) -> None:
    parent, (child, _) = family
    death = os.pidfd_open(child)
    try:
        parent.kill()
        assert select.select([death], [], [], PATIENCE)[0], "the child lives on"
    finally:
        os.close(death)
