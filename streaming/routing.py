"""Which socket paths there are, and from where they may be opened; the engine for HTTP calls."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from channels.routing import URLRouter
from django.conf import settings
from django.http.request import split_domain_port, validate_host
from django.urls import re_path

from streaming.consumers import ChatConsumer

if TYPE_CHECKING:
    from streaming.engine import Engine


def websocket_application(engine: Engine) -> Any:
    chat = ChatConsumer.as_asgi(engine=engine)
    paths: list[Any] = [re_path(r"^ws/chat/$", chat)]
    # Channels raises on an unknown path, which the client would see as a server error.
    paths.append(re_path(r"", _no_such_path))  # type: ignore[arg-type]  # an ASGI application
    return ExactOrigins(URLRouter(paths))


def http_application(engine: Engine, application: Any) -> Any:
    """Django, whose calls that stream find the engine with their request (``calls``)."""

    async def serve(scope: dict[str, Any], receive: Any, send: Any) -> None:
        await application({**scope, "engine": engine}, receive, send)

    return serve


class ExactOrigins:
    """Lets a handshake through only from the site's own pages (R25) and to its own name (R59).

    A page of any other site can open a socket and the browser sends our cookie along: the Origin
    header is the only thing that tells. Scheme, host and port must all be those of the settings.
    """

    def __init__(self, application: Any) -> None:
        self._application = application

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        if _may_open(scope["headers"]):
            await self._application(scope, receive, send)
        else:
            await _refuse(receive, send)


def _may_open(headers: list[tuple[bytes, bytes]]) -> bool:
    origins = [value.decode("latin-1") for name, value in headers if name == b"origin"]
    hosts = [value.decode("latin-1") for name, value in headers if name == b"host"]
    # Twice the same header is nothing a browser sends, and every reader picks another one.
    if len(origins) != 1 or len(hosts) != 1:
        return False
    domain, _ = split_domain_port(hosts[0])
    return origins[0] in settings.ALLOWED_ORIGINS and bool(
        domain and validate_host(domain, settings.ALLOWED_HOSTS)
    )


async def _no_such_path(scope: dict[str, Any], receive: Any, send: Any) -> None:
    await _refuse(receive, send)


async def _refuse(receive: Any, send: Any) -> None:
    await receive()  # websocket.connect
    await send({"type": "websocket.close"})
