"""What a device asks for that installs the site as an app: its name, its colours, its icons."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, JsonResponse
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import get_language, get_language_bidi
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

# As --raw-paper in static/css/tokens.css; a manifest knows one scheme only.
PAPER = "#ffffff"
SIDES = (192, 512)


@require_safe
def manifest(request: HttpRequest) -> JsonResponse:
    """No service worker: Trusted Types without a policy forbid to register one."""
    answer: dict[str, Any] = {
        "id": reverse("chat"),
        "name": _("Chat"),
        "short_name": _("Chat"),
        "description": _("Talk with a model, and find the conversation again on every device."),
        "lang": get_language(),
        "dir": "rtl" if get_language_bidi() else "ltr",
        "start_url": reverse("chat"),
        "scope": reverse("chat"),
        "display": "standalone",
        "background_color": PAPER,
        "theme_color": PAPER,
        "icons": [_icon(side, purpose) for purpose in ("any", "maskable") for side in SIDES],
        "shortcuts": [{"name": _("New conversation"), "url": reverse("chat")}],
    }
    return JsonResponse(answer, content_type="application/manifest+json")


def _icon(side: int, purpose: str) -> dict[str, str]:
    """``maskable``: to its edges, with room for the device to cut it into a shape."""
    name = f"img/icon-{side}.png" if purpose == "any" else f"img/icon-maskable-{side}.png"
    return {
        "src": static(name),
        "sizes": f"{side}x{side}",
        "type": "image/png",
        "purpose": purpose,
    }
