"""Who may review: people with the permission, asked of the database at each request."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Concatenate, ParamSpec

from django.http import Http404, HttpRequest, HttpResponse

from conversations.access import signed_in
from conversations.querysets import REVIEW_PERMISSION

if TYPE_CHECKING:
    from conversations.access import SignedInRequest, View

P = ParamSpec("P")


def reviewer(view: View[P]) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """For reviewers; to everybody else who is signed in there is no such page."""

    @wraps(view)
    def admit(request: SignedInRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not request.user.has_perm(REVIEW_PERMISSION):
            raise Http404
        return view(request, *args, **kwargs)

    return signed_in(admit)
