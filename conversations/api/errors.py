"""Every failure of the HTTP API is ``{"error": {"code", "detail", "reference"}}``."""

from __future__ import annotations

import uuid
from typing import Any

import structlog
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from conversations.refusals import BUSY, BUSY_SECONDS, Refused
from conversations.writing import is_away

log = structlog.get_logger(__name__)

STATUS = {
    "malformed": 400,
    "unknown_type": 400,
    "empty": 422,
    "too_large": 413,
    "not_found": 404,
    "forbidden": 403,
    "conflict": 409,
    "busy": 409,
    "rate_limited": 429,
    "quota_exceeded": 429,
    "unsupported_model": 422,
    "unsupported_attachment": 422,
    "too_long": 422,
}


class Unavailable(Exception):
    """Not by this process, not now; ``detail`` is safe to show."""

    retry_after = 1.0

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


def handle_errors(api: NinjaAPI) -> None:
    """Give every exception that a call may raise its answer."""

    def answer(request: HttpRequest, error: Any) -> HttpResponse:
        status, problem = _problem(error)
        response = api.create_response(request, {"error": problem}, status=status)
        wait = BUSY_SECONDS if is_away(error) else getattr(error, "retry_after", None)
        if wait is not None:
            response["Retry-After"] = str(max(1, round(wait)))
        return response

    refusals = (Refused, Unavailable, Http404, AuthenticationError, ValidationError, HttpError)
    for kind in (*refusals, Exception):
        api.add_exception_handler(kind, answer)


def _problem(error: Exception) -> tuple[int, dict[str, str | None]]:
    match error:
        case Refused():
            return STATUS.get(error.code, 400), _words(error.code, error.detail)
        case AuthenticationError():
            return 401, _words("forbidden", _("Sign in first."))
        case Http404():
            return 404, _words("not_found", _("There is no such thing."))
        case Unavailable():
            return 503, _words("internal", error.detail)
        case ValidationError():
            fields = sorted({str(each["loc"][-1]) for each in error.errors})
            return 422, _words(
                "malformed", _("Not as documented: %(fields)s.") % {"fields": ", ".join(fields)}
            )
        case HttpError(status_code=403):
            return 403, _words("forbidden", _("You may not do this."))
        case HttpError():
            return error.status_code, _words("malformed", _("The request cannot be served."))
        case _ if is_away(error):
            log.warning("database_away", look="api", cause=repr(error))
            return 503, _words("internal", BUSY)
        case _:
            reference = uuid.uuid4().hex[:12]
            log.exception("api_failed", reference=reference, exc_info=error)
            return 500, _words("internal", _("Something went wrong on the server."), reference)


def _words(code: str, detail: Any, reference: str | None = None) -> dict[str, str | None]:
    return {"code": code, "detail": str(detail), "reference": reference}
