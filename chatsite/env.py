"""Typed readers of the environment: the one place that knows how a variable is spelled.

A value that cannot be understood stops the start with the variable's name: a typo must never
become a silent default. Every variable is explained in ``docs/configuration.md``.
"""

from __future__ import annotations

import re
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_email_url  # type: ignore[import-untyped]
import structlog
from django.core.exceptions import ImproperlyConfigured
from environs import Env, EnvError

env = Env()

SHORTEST_TOKEN = 20
POOL_SECONDS = 2  # that one waits for a connection of the pool; people wait for the answer

_REDIS = re.compile(r"^rediss?://[^\s/]+(/\d+)?(\?\S*)?$")
_ORIGIN = re.compile(r"^https?://[^/\s*?#]+$")


def flag(name: str, default: bool = False) -> bool:
    try:
        return env.bool(name, default)
    except EnvError as error:
        raise ImproperlyConfigured(f"{name} must be 0 or 1: {error}") from error


def number(name: str, default: int, *, minimum: int = 0) -> int:
    try:
        value = env.int(name, default)
    except EnvError as error:
        raise ImproperlyConfigured(f"{name} must be a whole number: {error}") from error
    if value < minimum:
        raise ImproperlyConfigured(f"{name} must be at least {minimum}, not {value}.")
    return value


def words(name: str, default: str = "") -> str:
    return env.str(name, default).strip()


def one_of(name: str, *allowed: str) -> str:
    """The first is the default."""
    value = words(name, allowed[0])
    if value not in allowed:
        raise ImproperlyConfigured(f"{name} is {value!r}; it can be {' or '.join(allowed)}.")
    return value


def token(name: str) -> str:
    """A secret that lets a program in, or nothing."""
    value = words(name)
    if value and len(value) < SHORTEST_TOKEN:
        raise ImproperlyConfigured(f"{name} must have at least {SHORTEST_TOKEN} characters.")
    return value


def port_for(name: str, secret: str) -> int:
    """A port on which whoever has a token may ask, or 0."""
    port = number(name, 0)
    if port and not secret:
        raise ImproperlyConfigured(f"{name} needs METRICS_TOKEN: nobody could ask there.")
    return port


def listed(name: str, default: list[str] | None = None) -> list[str]:
    return [item.strip() for item in env.list(name, default or []) if item.strip()]


def required(name: str, why: str) -> str:
    value = words(name)
    if not value:
        raise ImproperlyConfigured(f"{name} is not set. {why}")
    return value


def origins(name: str, default: list[str]) -> list[str]:
    """Exact origins, ``scheme://host[:port]``: no wildcard, no path (R25)."""
    found = [origin.rstrip("/") for origin in listed(name, default)]
    for origin in found:
        if not _ORIGIN.match(origin):
            raise ImproperlyConfigured(
                f"{name} takes exact origins such as https://chat.example.com, not {origin!r}."
            )
    return found


def hosts(name: str, default: list[str], *, debug: bool) -> list[str]:
    found = listed(name, default)
    if not debug and "*" in found:
        raise ImproperlyConfigured(f"{name} must name the hosts: '*' lets anybody pretend.")
    return found


def refuse_the_public(places: list[str]) -> None:
    """``DEBUG=1`` is for this machine and its network: hosts and origins of nobody else (R113)."""
    for place in places:
        host = (urlsplit(place).hostname or "") if "://" in place else place.strip("[]")
        if not _is_private(host):
            raise ImproperlyConfigured(
                f"DEBUG=1 is for development, and {place} is for everybody: leave DEBUG out."
            )


def _is_private(host: str) -> bool:
    try:
        return not ip_address(host).is_global
    except ValueError:
        name = host.lstrip(".").rpartition(".")
    return not name[0] or name[2] in {"localhost", "local", "test", "internal", "lan"}


def database(name: str, sqlite_file: Path) -> dict[str, Any]:
    """Django's description of the database; SQLite in WAL with IMMEDIATE transactions (R17)."""
    parsed: dict[str, Any] = env.dj_db_url(name, f"sqlite:///{sqlite_file}")
    engine = parsed["ENGINE"]
    options = parsed.setdefault("OPTIONS", {})
    if engine.endswith("sqlite3"):
        parsed["ENGINE"] = "chatsite.sqlite"
        options.update(
            transaction_mode="IMMEDIATE",
            timeout=20,
            init_command=(
                "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;"
            ),
        )
        # A database in memory is not shared by threads even with IMMEDIATE: tests use a file too.
        parsed["TEST"] = {"NAME": str(sqlite_file.parent / "test.sqlite3")}
    elif engine.endswith("postgresql"):
        # Under ASGI connections are not kept by thread: a pool (R57). It has one for each thread
        # that answers commands or keeps house, and for as many requests and answers again, which
        # take one for moments. Whoever gets none in time is told to try again.
        options["pool"] = {
            "min_size": 2,
            "max_size": number("DATABASE_POOL_SIZE", 30, minimum=2),
            "timeout": POOL_SECONDS,
            # Then it begins anew with whoever asks next. By default the pauses between its attempts
            # double for minutes: a database that was away for one would stay away for another.
            "reconnect_timeout": 2,
        }
        parsed["CONN_HEALTH_CHECKS"] = True
    else:
        raise ImproperlyConfigured(f"{name}: SQLite and PostgreSQL are supported, not {engine}.")
    parsed["CONN_MAX_AGE"] = 0
    return parsed


def redis(name: str) -> str:
    """The address of a Redis database, or nothing."""
    url = words(name)
    if url and not _REDIS.match(url):
        raise ImproperlyConfigured(
            f"{name} takes redis://[:password@]host:6379/0, or rediss:// for TLS."
        )
    return url


def signup(name: str) -> str:
    """``closed``, ``invite``, ``open`` or ``domains:example.com,…``."""
    value = words(name, "closed")
    if value in {"closed", "invite", "open"} or re.fullmatch(r"domains:[\w.,-]+", value):
        return value
    raise ImproperlyConfigured(
        f"{name} takes closed, invite, open or domains:example.com,…, not {value!r}."
    )


def email(url: str) -> dict[str, Any]:
    """Django's ``EMAIL_…`` settings from ``smtp://user:password@host:port`` or ``console://``."""
    try:
        settings: dict[str, Any] = dj_email_url.parse(url)
    except ValueError as error:
        raise ImproperlyConfigured(f"EMAIL_URL cannot be understood: {error}") from error
    return {name: value for name, value in settings.items() if name.startswith("EMAIL_")}


def logging(style: str, level: str) -> dict[str, Any]:
    """One line per event: JSON for machines, words for a terminal. Never conversation text."""
    renderers: dict[str, Any] = {"json": structlog.processors.JSONRenderer, "console": _console}
    if style not in renderers:
        raise ImproperlyConfigured(f"LOG_FORMAT takes json or console, not {style!r}.")
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "lines": {
                "()": structlog.stdlib.ProcessorFormatter,
                "foreign_pre_chain": shared,
                "processors": [
                    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                    renderers[style](),
                ],
            }
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "lines"}},
        "root": {"handlers": ["stderr"], "level": level},
        # Daphne's access line per request says nothing that a proxy does not.
        "loggers": {
            "daphne": {"level": "WARNING"},
            "django.channels.server": {"level": "WARNING"},
            # botocore and urllib3 would write request bodies at DEBUG.
            "botocore": {"level": "WARNING"},
            "urllib3": {"level": "ERROR"},
        },
    }


def _console() -> structlog.dev.ConsoleRenderer:
    return structlog.dev.ConsoleRenderer(colors=False)
