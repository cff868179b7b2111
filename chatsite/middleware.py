"""Headers that every response carries, and the policy of what a page may do."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable

import structlog
from csp.constants import NONCE, SELF
from csp.middleware import CSPMiddleware, PolicyParts
from django.conf import settings
from django.db import DatabaseError, InterfaceError
from django.http import HttpRequest, HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.utils import translation

_REQUEST_ID = re.compile(r"[\w.:-]{1,64}", re.ASCII)
PERMISSIONS = "camera=(), microphone=(), geolocation=(), payment=(), usb=()"


class RequestId:
    """One id for all that a request writes: log lines, the journal of reads, the response."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        given = request.headers.get("X-Request-Id", "")
        # Only a proxy of ours may name it: a stranger could pass for somebody else's request.
        trusted = settings.TRUSTED_PROXY_COUNT and _REQUEST_ID.fullmatch(given)
        request_id = given if trusted else uuid.uuid4().hex
        request.request_id = request_id  # type: ignore[attr-defined]
        with structlog.contextvars.bound_contextvars(request_id=request_id):
            response = self._get_response(request)
        response.headers["X-Request-Id"] = request_id
        return response


class AskedByAddress:
    """Load balancers and scrapers ask each process by its address, which is no name of the site.

    What they may ask depends on no name, so they get along with the site's first one.
    """

    PATHS = frozenset({"/healthz", "/readyz", "/metrics"})

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.path in self.PATHS:
            request.META["HTTP_HOST"] = settings.ALLOWED_HOSTS[0].lstrip(".*") or "localhost"
        return self._get_response(request)


class ResponseHeaders:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self._get_response(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        # Daphne puts its own name here where there is none (R114).
        response.headers.setdefault("Server", "chat")
        if getattr(request, "user", None) is not None and not request.path.startswith("/static/"):
            # Whoever is signed in: nothing of it stays in a cache, the browser's included (R94).
            response.headers.setdefault("Cache-Control", "no-store")
        return response


class Language(LocaleMiddleware):
    """Words, dates and numbers in the language that the person chose, else as the browser asks.

    The browser's first: what cannot even ask who it is (the database is away) says so in it, and
    in its own form, as a page or as an error of the API.
    """

    def process_request(self, request: HttpRequest) -> None:
        super().process_request(request)
        try:
            chosen = getattr(request.user, "language", "")
        except (DatabaseError, InterfaceError):
            return
        if chosen and translation.check_for_language(chosen):
            translation.activate(chosen)
            request.LANGUAGE_CODE = translation.get_language()


class ContentSecurityPolicy(CSPMiddleware):
    """Django's admin writes HTML from its own scripts, which carry no nonce: scripts of this site
    without Trusted Types there, all else stays."""

    def get_policy_parts(
        self, request: HttpRequest, response: HttpResponseBase, report_only: bool = False
    ) -> PolicyParts:
        parts = super().get_policy_parts(request, response, report_only)
        if request.path.startswith("/admin/"):
            relaxed = {
                "script-src": [SELF, NONCE],
                "require-trusted-types-for": None,
                "trusted-types": None,
            }
            parts.replace = {**(parts.replace or {}), **relaxed}
        return parts
