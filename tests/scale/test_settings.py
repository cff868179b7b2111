"""What is refused, what is warned of, and what Celery is told."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from channels.layers import channel_layers
from django.core.checks import CheckMessage, Error
from pytest_django import Settings

from chatsite import processes
from streaming import checks, tasks
from tests.socket.servers import ROOT

pytestmark = pytest.mark.nodb

REDIS_URL = "redis://127.0.0.1:9/0"


def start(*options: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        (sys.executable, *options, "manage.py", "check"),
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("options", "environment", "words"),
    [
        ((), {"CELERY_BROKER_URL": REDIS_URL}, "CELERY_BROKER_URL needs REDIS_URL"),
        ((), {"REDIS_URL": "127.0.0.1:6379"}, "REDIS_URL takes redis://"),
        (("-O",), {}, "Start Python without -O"),
        (
            (),
            {"REDIS_URL": "redis://10.0.0.5:6379/0"},
            "SQLite is a file of one machine, and REDIS",
        ),
        (
            (),
            {"REDIS_URL": REDIS_URL, "CELERY_BROKER_URL": "rediss://broker.internal:6379/1"},
            "SQLite is a file of one machine, and CELERY_BROKER_URL",
        ),
        ((), {"ALLOWED_ORIGINS": "https://chat.example.com"}, "DEBUG=1 is for development"),
        ((), {"ALLOWED_HOSTS": "localhost,.example.com"}, "DEBUG=1 is for development"),
        ((), {"ALLOWED_HOSTS": "localhost,18.66.0.1"}, "DEBUG=1 is for development"),
    ],
)
def test_what_cannot_work_is_refused_in_words(
    options: tuple[str, ...], environment: dict[str, str], words: str
) -> None:
    """R113"""
    refused = start(*options, **environment)
    assert refused.returncode == 1
    assert words in refused.stderr


def test_development_is_for_this_machine_and_its_network() -> None:
    """R113: whoever tries the page on a telephone beside it may."""
    near = "localhost,127.0.0.1,[::1],192.168.1.7,10.0.0.2,laptop,laptop.local,chat.test,*"
    origins = "http://192.168.1.7:8000,https://localhost:8443,http://[::1]:8000"
    assert start(ALLOWED_HOSTS=near, ALLOWED_ORIGINS=origins).returncode == 0


def test_many_processes_start_with_one_warning_on_sqlite_and_without_any_on_postgresql() -> None:
    """R113"""
    several = {"REDIS_URL": REDIS_URL, "CELERY_BROKER_URL": REDIS_URL}
    on_file = start(**several, DATABASE_URL="sqlite:///var/none.sqlite3")
    assert on_file.returncode == 0
    assert "streaming.W001" in on_file.stderr
    assert "1 issue" in on_file.stderr
    on_server = start(**several, DATABASE_URL="postgresql://127.0.0.1:9/none")
    assert on_server.returncode == 0
    assert "no issues" in on_server.stdout


@pytest.mark.parametrize(
    ("url", "missing"),
    [
        ("redis://127.0.0.1:6379/0", ""),
        ("redis://[::1]:6379/0", ""),
        ("redis://:secret@redis:6379/0", ""),
        ("rediss://:secret@cache.example.com:6379/0", ""),
        ("redis://redis:6379/0", "no password"),
        ("rediss://10.0.0.5:6379/0", "no password"),
        ("redis://:secret@10.0.0.5:6379/0", "no TLS"),
        ("redis://cache.example.com/0", "no password and no TLS"),
    ],
)
def test_a_redis_of_another_machine_wants_a_password_and_tls(
    settings: Settings, url: str, missing: str
) -> None:
    """R55"""
    settings.REDIS_URL, settings.CELERY_BROKER_URL = url, ""
    told = [each.msg for each in checks.redis_elsewhere_is_protected()]
    assert [missing in each for each in told] == ([True] if missing else [])
    settings.REDIS_URL, settings.CELERY_BROKER_URL = "", url
    assert len(checks.redis_elsewhere_is_protected()) == bool(missing)


def test_an_idle_connection_to_redis_outlasts_a_blocking_read(settings: Settings) -> None:
    """R39: with our settings; with the library's defaults the check says so."""
    ours = processes.channel_layer(REDIS_URL)
    assert found(settings, ours) == []
    careless = {**ours, "CONFIG": {"hosts": [REDIS_URL]}}
    assert [(type(each), each.id) for each in found(settings, careless)] == [
        (Error, "streaming.E001")
    ]


def found(settings: Settings, layer: dict[str, object]) -> list[CheckMessage]:
    settings.CHANNEL_LAYERS = {"default": layer}
    channel_layers.backends.clear()
    try:
        return list(checks.redis_outlasts_a_blocking_read())
    finally:
        channel_layers.backends.clear()


def test_celery_loses_no_message_hoards_none_and_believes_no_pickle() -> None:
    """R79"""
    told = processes.CELERY
    assert told["CELERY_TASK_ACKS_LATE"] is True
    assert told["CELERY_TASK_REJECT_ON_WORKER_LOST"] is True
    assert told["CELERY_WORKER_PREFETCH_MULTIPLIER"] == 1
    assert told["CELERY_TASK_IGNORE_RESULT"] is True
    assert told["CELERY_ACCEPT_CONTENT"] == ["json"]
    transport = told["CELERY_BROKER_TRANSPORT_OPTIONS"]
    assert transport["visibility_timeout"] > 3_600
    assert transport["socket_timeout"] >= processes.SOCKET_SECONDS


def test_tasks_have_the_names_by_which_they_are_called() -> None:
    from streaming import dispatch

    assert tasks.run_generation.name == dispatch.RUN
    assert tasks.suggest_title.name == dispatch.TITLE
    assert tasks.summarize.name == dispatch.SUMMARY
    assert processes.CELERY["CELERY_TASK_ROUTES"] == {dispatch.RUN: {"queue": "generations"}}
    scheduled = {each["task"] for each in processes.schedule(24).values()}
    assert scheduled == {tasks.sweep.name, tasks.purge.name, tasks.sync_models.name}
    assert "sync_models" not in processes.schedule(0)


def test_a_broker_keeps_a_message_for_longer_than_an_answer_may_take(settings: Settings) -> None:
    """R79, R80"""
    settings.CELERY_BROKER_URL = REDIS_URL
    assert checks.a_message_outlasts_its_answer() == []
    settings.MAX_GENERATION_SECONDS = processes.VISIBILITY_SECONDS
    assert [each.id for each in checks.a_message_outlasts_its_answer()] == ["streaming.E003"]
    settings.CELERY_BROKER_URL = ""
    assert checks.a_message_outlasts_its_answer() == []


@pytest.mark.parametrize("shared", ["MAX_RUNNING_EVERYWHERE", "MAX_RUNNING_PER_MODEL"])
def test_a_person_who_could_take_all_places_is_warned_of(settings: Settings, shared: str) -> None:
    """R66"""
    assert checks.one_person_leaves_room_for_others() == []
    setattr(settings, shared, settings.MAX_RUNNING_PER_PERSON)
    assert [each.id for each in checks.one_person_leaves_room_for_others()] == ["streaming.W002"]
    setattr(settings, shared, settings.MAX_RUNNING_PER_PERSON + 1)
    assert checks.one_person_leaves_room_for_others() == []
