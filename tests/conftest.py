"""Fixtures that every test may use. What a test needs of the machine: tests/plugins/needs.py."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.core.cache import cache
from django.test import Client
from hypothesis import HealthCheck, settings
from pytest_django import Settings

from conversations.models import User
from streaming.bedrock.client import build_client
from tests import people
from tests.bedrock.recorded import Replay, replaying

# How long an example takes says more about the machine's other work than about the example.
settings.register_profile(
    "tests", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("tests")


@pytest.fixture(autouse=True)
def fresh_limits() -> None:
    """Rate limits count in the cache: one test's wrong passwords are not another's."""
    cache.clear()


@pytest.fixture
def quick_hashes(settings: Settings) -> None:
    """Passwords are hashed in no time; what people.person() made is understood too."""
    hashers = "django.contrib.auth.hashers"
    settings.PASSWORD_HASHERS = [
        f"{hashers}.MD5PasswordHasher",
        f"{hashers}.PBKDF2PasswordHasher",
    ]


@pytest.fixture
def alice(db: None) -> User:
    """She owns the conversations."""
    return people.person("alice")


@pytest.fixture
def bob(db: None) -> User:
    """A stranger."""
    return people.person("bob")


@pytest.fixture
def carol(db: None) -> User:
    """She reviews."""
    return people.reviewer("carol")


@pytest.fixture
def dora(db: None) -> User:
    """She administrates: staff and superuser."""
    return people.person("dora", is_staff=True, is_superuser=True)


def _signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture
def as_alice(alice: User) -> Client:
    return _signed_in(alice)


@pytest.fixture
def as_bob(bob: User) -> Client:
    return _signed_in(bob)


@pytest.fixture
def as_carol(carol: User) -> Client:
    return _signed_in(carol)


@pytest.fixture
def as_dora(dora: User) -> Client:
    return _signed_in(dora)


@pytest.fixture
def as_staff(db: None) -> Client:
    """Somebody with every permission there is, but neither superuser nor reviewer."""
    staff = people.person("sam", is_staff=True)
    staff.user_permissions.set(Permission.objects.exclude(codename="review_transcripts"))
    return _signed_in(staff)


@pytest.fixture(scope="session")
def replay() -> Iterator[Replay]:
    """Answers with what it is given: from the real service once, or written by hand."""
    with replaying() as replay:
        yield replay


@pytest.fixture(scope="session")
def replay_client(replay: Replay) -> Iterator[Any]:
    client = build_client(region="us-east-1", endpoint_url=replay.url)
    yield client
    client.close()
