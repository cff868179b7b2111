"""A readable page of the API's calls, drawn by the server from the OpenAPI description."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from conversations.access import failed, signed_in
from conversations.api.site import api

if TYPE_CHECKING:
    from conversations.access import SignedInRequest


@require_safe
@signed_in
def documentation(request: SignedInRequest) -> HttpResponse:
    schema = api.get_openapi_schema()
    calls = [
        {"method": method.upper(), "path": path, **operation}
        for path, operations in schema["paths"].items()
        for method, operation in operations.items()
    ]
    return render(request, "settings/api.html", {"calls": calls, "info": schema["info"]})


@csrf_exempt  # it does nothing, whatever the method
def unknown(request: HttpRequest, rest: str) -> HttpResponse:
    return failed(404, "not_found", "There is no such call.")
