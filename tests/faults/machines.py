"""The processes of a site, as `make scale` has them, each to be killed, stopped and started."""

from __future__ import annotations

import asyncio
import os
import pwd
import shutil
import signal
import socket
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Program:
    """``user``: the account it runs under; PostgreSQL refuses to run as root."""

    name: str
    command: list[str]
    environment: dict[str, str]
    folder: Path
    user: str | None = None
    port: int = 0
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)
    is_paused: bool = False

    def start(self) -> None:
        if self.is_alive:
            return
        with (self.folder / f"{self.name}.log").open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=log,
                user=self.user,
                group=pwd.getpwnam(self.user).pw_gid if self.user else None,
                start_new_session=True,
            )

    @property
    def is_alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def signal(self, which: signal.Signals) -> None:
        if self.is_alive and self.process is not None:
            self.process.send_signal(which)

    def pause(self) -> None:
        self.is_paused = True
        self.signal(signal.SIGSTOP)

    def resume(self) -> None:
        self.is_paused = False
        self.signal(signal.SIGCONT)

    def kill(self) -> None:
        """As the kernel kills; also what is paused."""
        self.signal(signal.SIGKILL)
        self.is_paused = False

    async def gone(self, seconds: float = 10.0) -> None:
        """Until it has ended; after so many seconds it is killed."""
        for _ in range(round(seconds / 0.05)):
            if not self.is_alive:
                return
            await asyncio.sleep(0.05)
        self.kill()
        if self.process is not None:
            await asyncio.to_thread(self.process.wait)

    async def answers(self, seconds: float = 40.0) -> None:
        """Until something listens at its port."""
        for _ in range(round(seconds / 0.1)):
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", self.port)
            except OSError:
                if not self.is_alive:
                    self.start()
                await asyncio.sleep(0.1)
                continue
            writer.close()
            return
        raise TimeoutError(f"{self.name} does not answer")


def redis(folder: Path, name: str = "redis") -> Program:
    port = free_port()
    command = [
        *["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder)],
        *["--save", "", "--appendonly", "no", "--daemonize", "no"],
    ]
    return Program(name, command, dict(os.environ), folder, port=port)


def postgres(folder: Path) -> Program:
    """A cluster of its own, so that it can be crashed; made anew, without waiting for disks."""
    programs = _postgres_programs()
    user = "postgres" if os.geteuid() == 0 else None
    data = folder / "postgres"
    data.mkdir()
    if user:
        folder.chmod(0o755)
        shutil.chown(data, user)
    subprocess.run(
        [
            *[
                str(programs / "initdb"),
                "--pgdata",
                str(data),
                "--username",
                "chat",
                "--auth",
                "trust",
            ],
            *["--encoding", "UTF8", "--locale", "C.UTF-8", "--no-sync"],
        ],
        user=user,
        check=True,
        stdout=subprocess.DEVNULL,
    )
    port = free_port()
    command = [
        *[str(programs / "postgres"), "-D", str(data), "-p", str(port), "-h", "127.0.0.1"],
        *["-c", f"unix_socket_directories={data}", "-c", "fsync=off", "-c", "max_connections=200"],
    ]
    return Program("postgres", command, dict(os.environ), folder, user=user, port=port)


def _postgres_programs() -> Path:
    named = shutil.which("postgres")
    if named:
        return Path(named).parent
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
    if not found:
        raise FileNotFoundError("initdb and postgres: install the package postgresql")
    return found[-1].parent
