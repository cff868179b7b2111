"""Who gets in: decorators of views. What they may see is decided by the querysets."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, cast

from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.translation import gettext as _

from conversations.models import User

if TYPE_CHECKING:

    class SignedInRequest(HttpRequest):
        user: User
        request_id: str  # given by chatsite.middleware


P = ParamSpec("P")
View = Callable[Concatenate["SignedInRequest", P], HttpResponse]


def wants_json(request: HttpRequest) -> bool:
    """Asked by a script of the page, not by a form or a link."""
    return request.headers.get("Accept", "").startswith("application/json")


def failed(status: int, code: str, detail: Any) -> JsonResponse:
    """An error in the shape of the HTTP API."""
    error = {"code": code, "detail": str(detail), "reference": None}
    return JsonResponse({"error": error}, status=status)


def signed_in(view: View[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """For signed-in people; others are sent to sign in and come back, scripts get 401."""

    @wraps(view)
    def admit(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if request.user.is_authenticated:
            return view(cast("SignedInRequest", request), *args, **kwargs)
        if wants_json(request):
            return failed(401, "forbidden", _("Sign in first."))
        back = request.get_full_path() if request.method in {"GET", "HEAD"} else "/"
        return redirect_to_login(back)

    return admit
