"""`make scale`: the product as many processes on this machine, without containers.

Starts what docker-compose.yml starts, by the same commands (the Procfile): two web processes, the
workers, the scheduler. PostgreSQL and Redis are those of DATABASE_URL and REDIS_URL, or the ones
that answer on this machine. All else is as in `make run`. What ends by itself, or is killed, is
started again, as the compose file asks for. Ctrl-C ends it all.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

from dotenv import load_dotenv

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from scripts import run  # noqa: E402
from scripts.children import Children, follow_parent  # noqa: E402
from scripts.run import HOST, ProblemError  # noqa: E402

WEB_PROCESSES = 2
LIVES_SECONDS = 5.0  # what ends sooner would only end again
DATABASE = "chat_scale"
REDIS_URL = "redis://127.0.0.1:6379/9"
POSTGRES_URLS = (
    "postgresql://chat:chat@127.0.0.1:5432/postgres",
    "postgresql:///postgres",
    "postgresql://postgres@127.0.0.1:5432/postgres",
)


Commands = dict[str, tuple[str, dict[str, str]]]  # name → line of the Procfile, environment


def main() -> int:
    if "MAKELEVEL" in os.environ:
        follow_parent(os.getppid())
    load_dotenv(ROOT / ".env")
    children = Children()
    try:
        return scale(children)
    except ProblemError as problem:
        print(f"\n{problem}", file=sys.stderr, flush=True)
        return 1
    finally:
        children.stop()


def scale(children: Children) -> int:
    ports = web_ports(run.chosen_port())
    environment = run.development_environment(ports[0])
    if "ALLOWED_ORIGINS" not in os.environ:
        environment["ALLOWED_ORIGINS"] = origins(ports)
    environment["DATABASE_URL"] = database_url()
    environment["REDIS_URL"] = redis_url()
    environment.setdefault("CELERY_BROKER_URL", environment["REDIS_URL"])
    environment["BEAT_SCHEDULE"] = str(Path(environment["VAR_DIR"]) / "celerybeat-schedule")
    environment["PATH"] = f"{Path(sys.executable).parent}:{environment.get('PATH', os.defpath)}"
    model = run.choose_model(environment)
    if "BEDROCK_DEMONSTRATION" in environment:
        endpoint = run.free_port()
        run.point_at_endpoint(environment, endpoint)
        children.start(
            "The local Bedrock endpoint",
            *(sys.executable, "manage.py", "bedrock_local", "--port", str(endpoint)),
            environment=environment,
        )
    print("Bringing the database up to date …", flush=True)
    run.manage(environment, "migrate", "--verbosity", "0")
    administrator = run.manage(environment, "first_administrator", quiet=True)
    if "BEDROCK_DEMONSTRATION" in environment:
        run.answers(children, endpoint)
    run.sync_models(environment)
    commands = processes(environment, ports)
    for name in commands:
        start(children, name, *commands[name])
    for port in ports:
        run.answers(children, port)
    run.welcome(ports[0], administrator, model)
    others = ", ".join(f"http://{HOST}:{port}" for port in ports[1:])
    print(f"The other web process is at {others}. No proxy is in front of them.", flush=True)
    return keep_running(children, commands)


def processes(environment: dict[str, str], ports: tuple[int, ...]) -> Commands:
    commands: Commands = {
        f"The process {name}": (name, environment) for name in ("worker", "background", "beat")
    }
    for number, port in enumerate(ports, 1):
        its_own = environment | {"HOST": HOST, "PORT": str(port)}
        commands[f"The process web {number}"] = ("web", its_own)
    return commands


def start(children: Children, name: str, process: str, environment: dict[str, str]) -> None:
    children.start(name, "/bin/sh", "deploy/process.sh", process, environment=environment)


def keep_running(children: Children, commands: Commands) -> int:
    """Until Ctrl-C, or until something ends again and again."""
    started = dict.fromkeys(commands, time.monotonic())
    while True:
        happened = children.wait(3600)
        if happened is None:
            continue
        name, status = happened
        if name not in commands or time.monotonic() - started[name] < LIVES_SECONDS:
            print(f"\n{run.told(name, status)}", flush=True)
            return 1 if name else 0
        print(f"\n{name} {run.how(status)} and is started again.", flush=True)
        started[name] = time.monotonic()
        start(children, name, *commands[name])


def web_ports(first: int) -> tuple[int, ...]:
    ports = tuple(range(first, first + WEB_PROCESSES))
    for port in ports[1:]:
        run.check_free(port)
    return ports


def origins(ports: tuple[int, ...]) -> str:
    return ",".join(f"http://{name}:{port}" for port in ports for name in (HOST, "localhost"))


# --- the servers --------------------------------------------------------------------------------


def database_url() -> str:
    """The one that is named, or a database of our own on this machine's PostgreSQL."""
    named = os.environ.get("DATABASE_URL")
    if named:
        if not named.startswith(("postgresql:", "postgres:")):
            raise ProblemError("`make scale` needs PostgreSQL, and DATABASE_URL names another one.")
        return named
    return own_database(DATABASE)


def own_database(name: str) -> str:
    """Its address; made where it is not there yet."""
    for url in POSTGRES_URLS:
        if make_database(url, name):
            return other_database(url, name)
    raise ProblemError(
        "PostgreSQL does not let this run in. Install the package postgresql, start it, and make a "
        "role that may create databases:\n"
        "    sudo -u postgres psql -c \"CREATE ROLE chat LOGIN CREATEDB PASSWORD 'chat'\"\n"
        "or name a database of your own: make scale DATABASE_URL=postgresql://user:password@host/name"
    )


def other_database(url: str, name: str) -> str:
    """The address of another database of the same server."""
    # Put together by the library, an address without a host loses two of its three slashes.
    return f"{url.rpartition('/')[0]}/{name}"


def make_database(url: str, name: str) -> bool:
    """Whether this server lets us in and has this database now."""
    import psycopg
    from psycopg import errors, sql

    create = sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name))
    try:
        with psycopg.connect(url, connect_timeout=2, autocommit=True) as connection:
            connection.execute(create)
    except errors.DuplicateDatabase:
        return True
    except psycopg.Error:
        return False
    return True


def redis_url(otherwise: str = REDIS_URL) -> str:
    import redis

    url = os.environ.get("REDIS_URL") or otherwise
    try:
        with redis.Redis.from_url(url, socket_connect_timeout=2) as client:
            client.ping()
    except redis.RedisError as error:
        where = urlsplit(url)
        raise ProblemError(
            f"Redis does not answer at {where.hostname}:{where.port or 6379} ({error}). Install "
            "the package redis-server and start it, or name another: "
            "make scale REDIS_URL=redis://host:6379/0"
        ) from error
    return url


if __name__ == "__main__":
    raise SystemExit(main())
