"""What every page knows about the site."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, object]:
    return {
        "demonstration": settings.BEDROCK_DEMONSTRATION,
        "local_model": settings.BEDROCK_DEMONSTRATION and bool(settings.LOCAL_MODEL_URL),
        "signup_open": settings.SIGNUP == "open" or settings.SIGNUP.startswith("domains:"),
    }
