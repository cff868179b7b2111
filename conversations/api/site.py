"""The HTTP API as one object, on which other parts of the product may mount their calls too."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import HttpRequest
from ninja import NinjaAPI
from ninja.security import APIKeyCookie

from conversations.api import (  # noqa: F401  (their calls are there too)
    attachments,
    exporting,
    feedback,
    presets,
    writing,
)
from conversations.api.errors import handle_errors
from conversations.api.reading import router

if TYPE_CHECKING:
    from conversations.models import User


class SignedIn(APIKeyCookie):
    """The session cookie; changes need the CSRF token too. Django has checked the session."""

    def authenticate(self, request: HttpRequest, key: str | None) -> User | None:
        return request.user if request.user.is_authenticated else None


api = NinjaAPI(
    title="Chat",
    version="1",
    description="Your conversations over HTTP. Times are ISO 8601 in UTC, ids are UUIDs.",
    urls_namespace="api",
    auth=SignedIn(),
    # Ninja's documentation page runs scripts that our content security policy forbids.
    docs_url=None,
)
handle_errors(api)
api.add_router("", router)
