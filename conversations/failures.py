"""What is answered when a page fails."""

from __future__ import annotations

import sys

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.log import log_response
from django.views.defaults import server_error

from conversations.access import failed, wants_json
from conversations.refusals import BUSY, BUSY_SECONDS
from conversations.writing import is_away


def failure(request: HttpRequest) -> HttpResponse:
    """Django's handler of whatever was raised; it is called while that is being handled.

    Where the database has no connection to give that is no fault of the page (R57).
    """
    if not is_away(sys.exception()):
        return server_error(request)
    if wants_json(request):
        response: HttpResponse = failed(503, "internal", BUSY)
    else:
        response = render(request, "503.html", status=503)
    # Here, or Django would write a traceback for each of many.
    log_response(
        "%s: %s",
        response.reason_phrase,
        request.path,
        response=response,
        request=request,
        level="warning",
    )
    response.headers["Retry-After"] = str(round(BUSY_SECONDS))
    return response
