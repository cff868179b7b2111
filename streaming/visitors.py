"""Who is at the other end of a socket, checked in the database, never remembered (R22, R23).

Django's own ``get_user`` would change the session when the key was rotated, and the browser would
not learn of it over a socket (R58): here sessions are only read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.models import Session
from django.db import connection
from django.http.cookie import parse_cookie
from django.utils import timezone
from django.utils.crypto import constant_time_compare

from conversations.languages import spoken
from conversations.models import User
from conversations.statements import read

AS_NOW = (
    "SELECT {u}, s.session_data FROM conversations_user u, django_session s "
    "WHERE u.id = %s AND s.session_key = %s AND s.expire_date > %s"
)


class SessionEnded(Exception):
    """Signed out, password changed, deactivated or expired: nothing more may be given."""


@dataclass(eq=False)
class Visitor:
    """A signed-in person's session; ``seen`` is what was true when it was checked last."""

    session_key: str
    user_id: int
    user_group: str
    public_id: str
    # What the browser asks for (Accept-Language); what is spoken is this, or what the person chose.
    accepts: str = ""
    language: str = ""
    seen: tuple[Any, ...] = field(default=(), repr=False)


def session_key_of(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """What the cookies of a handshake say; nothing of it is believed yet."""
    cookies = [value.decode("latin-1") for name, value in headers if name == b"cookie"]
    # As Django reads them for pages: the standard library stops at the first cookie that it does
    # not like, and whatever else this host sets would sign people out of their sockets.
    return parse_cookie("; ".join(cookies)).get(settings.SESSION_COOKIE_NAME)


def accepted_languages(headers: Iterable[tuple[bytes, bytes]]) -> str:
    """What the browser of a handshake asks for."""
    return ",".join(
        value.decode("latin-1") for name, value in headers if name == b"accept-language"
    )


def admit(session_key: str | None, accepts: str = "") -> Visitor | None:
    """The person of a session cookie; None for everybody else."""
    if not session_key:
        return None
    session = Session.objects.filter(session_key=session_key, expire_date__gt=timezone.now())
    if (row := session.first()) is None:
        return None
    user_id = _named_in(_decoded(row.session_data))
    user = User.objects.filter(pk=user_id).first() if user_id is not None else None
    if user is None or not _may(user, row.session_data):
        return None
    visitor = visitor_of(user, session_key, accepts)
    visitor.seen = _seen(user, row.session_data)
    return visitor


def visitor_of(user: User, session_key: str, accepts: str = "") -> Visitor:
    """A person whom this session has just let in."""
    group = f"user.{user.public_id.hex}"
    language = spoken(user, accepts)
    return Visitor(
        session_key, user.pk, group, str(user.public_id), accepts=accepts, language=language
    )


def require(visitor: Visitor) -> User:
    """The person as the database has it now; raises ``SessionEnded``."""
    now = connection.ops.adapt_datetimefield_value(timezone.now())
    rows = read(AS_NOW, [visitor.user_id, visitor.session_key, now], u=User)
    if not rows:
        raise SessionEnded
    user: User = rows[0][0]
    session_data: str = rows[0][1]
    seen = _seen(user, session_data)
    # Verifying is the dear part, and nearly always nothing has changed.
    if seen != visitor.seen and not _may(user, session_data):
        raise SessionEnded
    visitor.seen = seen
    visitor.language = spoken(user, visitor.accepts)
    return user


def ended(visitors: Iterable[Visitor]) -> list[Visitor]:
    """Those whose session has ended; two queries, however many there are."""
    visitors = list(visitors)
    sessions = dict(
        Session.objects.filter(
            session_key__in={visitor.session_key for visitor in visitors},
            expire_date__gt=timezone.now(),
        ).values_list("session_key", "session_data")
    )
    people = {
        user_id: (password, is_active)
        for user_id, password, is_active in User.objects.filter(
            pk__in={visitor.user_id for visitor in visitors}
        ).values_list("pk", "password", "is_active")
    }
    gone = []
    for visitor in visitors:
        seen = (sessions.get(visitor.session_key), people.get(visitor.user_id))
        if seen == visitor.seen:
            continue
        try:
            require(visitor)
        except SessionEnded:
            gone.append(visitor)
    return gone


def _seen(user: User, session_data: str) -> tuple[Any, ...]:
    return session_data, (user.password, user.is_active)


def _may(user: User, session_data: str) -> bool:
    """Whether this session is this person's, as Django's own middleware sees it."""
    data = _decoded(session_data)
    return (
        user.is_active
        and _named_in(data) == user.pk
        and data.get(BACKEND_SESSION_KEY) in settings.AUTHENTICATION_BACKENDS
        and _signed_by(user, data.get(HASH_SESSION_KEY, ""))
    )


def _decoded(session_data: str) -> dict[str, Any]:
    """What a session holds; nothing where it was not signed by us."""
    store: SessionBase = import_module(settings.SESSION_ENGINE).SessionStore()
    return dict(store.decode(session_data))


def _named_in(data: dict[str, Any]) -> int | None:
    named = data.get(SESSION_KEY)
    return None if named is None else int(User._meta.pk.to_python(named))


def _signed_by(user: User, session_hash: str) -> bool:
    valid = (user.get_session_auth_hash(), *user.get_session_auth_fallback_hash())
    return any(constant_time_compare(session_hash, hashed) for hashed in valid)
