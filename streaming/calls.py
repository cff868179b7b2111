"""The calls of the HTTP API that follow, begin or stop answers: what the socket does, one by one.

They carry out the socket's own commands, with the same checks. The engine comes with the request
from the server's application (``routing``); a server without one has no such calls.
"""

from __future__ import annotations

import json
import math
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, StreamingHttpResponse
from django.utils.translation import gettext as _
from ninja import Router
from ninja.errors import AuthenticationError

from conversations.api.errors import Unavailable
from conversations.api.reading import answer_of, person
from conversations.api.schemas import ErrorBody, MessageItem, Stopping
from conversations.refusals import Refused
from conversations.writing import rest
from streaming import protocol, visitors
from streaming.limits import SLOWER_SECONDS, TOO_FAST
from streaming.sse import Line, last_seen
from streaming.visitors import SessionEnded

if TYPE_CHECKING:
    from django.core.handlers.asgi import ASGIRequest

    from streaming.engine import Engine

router = Router(tags=["answers"])

EVENT_STREAM = "text/event-stream"
TOO_MANY_SECONDS = 5
_ERRORS = (400, 401, 403, 404, 409, 413, 422, 429, 503)
_RESPONSES: dict[int, Any] = {200: MessageItem, **dict.fromkeys(_ERRORS, ErrorBody)}
_STREAMED = {200: {"description": "Server-sent events", "content": {EVENT_STREAM: {"schema": {}}}}}
_LAST_EVENT_ID = {
    "in": "header",
    "name": "Last-Event-ID",
    "schema": {"type": "string"},
    "description": "the id of the last event seen, `<generation>:<seq>`",
}


# --- following ------------------------------------------------------------------------------------


@router.get("/events", url_name="events", openapi_extra={"responses": _STREAMED})
async def events(request: HttpRequest) -> StreamingHttpResponse:
    """What changes in your list of conversations, as it changes."""
    line = await _open(request, streamed=True)
    await line.connection.greet()
    return _stream(line)


@router.get(
    "/conversations/{uuid:conversation_id}/events",
    url_name="conversation-events",
    openapi_extra={"responses": _STREAMED, "parameters": [_LAST_EVENT_ID]},
)
async def conversation_events(request: HttpRequest, conversation_id: UUID) -> StreamingHttpResponse:
    """One conversation live. Ends after a while; resume with ``Last-Event-ID``."""
    seen = last_seen(request.headers.get("Last-Event-ID", ""))
    line = await _open(request, streamed=True)
    with ExitStack() as undo:
        undo.callback(line.finish)
        await line.connection.greet()
        if seen is None:
            command = protocol.Follow(type="follow", conversation=conversation_id)
            await _while_signed_in(line.connection.desk.do(command, {}))
        else:
            await _while_signed_in(line.connection.desk.resume(conversation_id, *seen))
        undo.pop_all()
    return _stream(line)


# --- beginning and stopping -----------------------------------------------------------------------


def _documented(command: type[protocol.Command], *given: str) -> dict[str, Any]:
    """The body of a call: a command without what its address and headers give."""
    schema = command.model_json_schema(ref_template="#/components/schemas/{model}")
    left_out = {"type", "key", "ref", *given}
    fields = {name: field for name, field in schema["properties"].items() if name not in left_out}
    if "options" in fields:
        fields["options"] = protocol.Options.model_json_schema()
    required = [name for name in schema["required"] if name in fields]
    body = {"type": "object", "properties": fields, "required": required}
    if not required:
        del body["required"]
    key = {
        "in": "header",
        "name": "Idempotency-Key",
        "required": True,
        "schema": {"type": "string", "format": "uuid"},
        "description": "the same key again begins nothing and gives the same answer",
    }
    return {
        "parameters": [key],
        "requestBody": {
            "required": bool(required),
            "content": {"application/json": {"schema": body}},
        },
    }


@router.post(
    "/messages",
    response=_RESPONSES,
    url_name="send",
    openapi_extra=_documented(protocol.Send),
)
async def send_anywhere(request: HttpRequest) -> Any:
    """Send a message, the first one of a new conversation where the body names none."""
    return await _begin(request, {"type": "send"})


@router.post(
    "/conversations/{uuid:conversation_id}/messages",
    response=_RESPONSES,
    url_name="messages",
    openapi_extra=_documented(protocol.Send, "conversation"),
)
async def send(request: HttpRequest, conversation_id: UUID) -> Any:
    """Send a message. Answers the finished answer, or its updates where events are accepted."""
    return await _begin(request, {"type": "send", "conversation": str(conversation_id)})


@router.post(
    "/messages/{uuid:message_id}/regenerate",
    response=_RESPONSES,
    url_name="regenerate",
    openapi_extra=_documented(protocol.Regenerate, "message"),
)
async def regenerate(request: HttpRequest, message_id: UUID) -> Any:
    """Another answer beside this one."""
    return await _begin(request, {"type": "regenerate", "message": str(message_id)})


@router.post(
    "/messages/{uuid:message_id}/continue",
    response=_RESPONSES,
    url_name="continue",
    openapi_extra=_documented(protocol.Continue, "message"),
)
async def continue_(request: HttpRequest, message_id: UUID) -> Any:
    """Go on with an answer that was cut off: the same message grows."""
    return await _begin(request, {"type": "continue", "message": str(message_id)})


@router.post(
    "/messages/{uuid:message_id}/stop",
    response={200: Stopping, **dict.fromkeys((401, 403, 404, 503), ErrorBody)},
    url_name="stop",
)
async def stop(request: HttpRequest, message_id: UUID) -> Any:
    """Stop an answer. ``finished`` is given where it had ended already, and else comes later."""
    line = await _open(request)
    with ExitStack() as leaving:
        leaving.callback(line.finish)
        command = protocol.Stop(type="stop", message=message_id)
        await _while_signed_in(line.connection.desk.do(command, {}))
    finished = None
    while (event := await line.next()) is not None:
        if event.kind == "finished":
            finished = json.loads(event.frame)
    return {"type": "stopping", "finished": finished}


async def _begin(request: HttpRequest, given: dict[str, str]) -> Any:
    _engine_of(request)
    command, body = _command(request, given)
    streamed = EVENT_STREAM in request.headers.get("Accept", "")
    line = await _open(request, streamed=streamed)
    with ExitStack() as undo:
        undo.callback(line.finish)
        await _while_signed_in(line.connection.desk.do(command, body))
        if not streamed:
            line.connection.start()
            message = await _finished(line)
            return await sync_to_async(_read)(request, message)
        undo.pop_all()
    return _stream(line)


async def _finished(line: Line) -> UUID:
    """Wait until the answer that was begun here has ended; its message."""
    message = generation = ""
    while (event := await line.next()) is not None:
        if event.kind == "accepted" and not message:
            accepted = json.loads(event.frame)
            message, generation = accepted["assistant_message"], accepted["generation"]
        elif event.kind == "finished" and event.id.startswith(f"{generation}:"):
            return UUID(message)
    if line.ended_with == protocol.SESSION_ENDED:
        raise AuthenticationError
    raise Unavailable(_("The server restarts. The answer is being written; ask again for it."))


def _read(request: HttpRequest, message: UUID) -> dict[str, Any]:
    try:
        return answer_of(person(request), message)
    finally:
        rest()


def _command(
    request: HttpRequest, given: dict[str, str]
) -> tuple[protocol.Command, dict[str, Any]]:
    """What a call says, as the socket would say it: the same key means the same on both (R2)."""
    key = request.headers.get("Idempotency-Key")
    if key is not None:
        given = {**given, "key": key}
    try:
        said = protocol.parse(request.body or b"{}")
        if any(said.get(name, value) != value for name, value in given.items()):
            raise Refused("malformed", "The body says something else than address and headers.")
        if "key" not in given and "key" not in said:
            raise Refused("malformed", "The header Idempotency-Key is missing.")
        if len(request.body) > protocol.FRAME_LIMIT:
            raise Refused("too_large", _("This is longer than the server accepts."))
        return protocol.understand({**said, **given})
    except RequestDataTooBig:
        raise Refused("too_large", _("This is longer than the server accepts.")) from None
    except protocol.NotACommand:
        raise Refused("malformed", "The body is one JSON object.") from None
    except protocol.Malformed as error:
        raise Refused(error.code, error.detail) from None


# --- their connection -----------------------------------------------------------------------------


async def _open(request: HttpRequest, *, streamed: bool = False) -> Line:
    engine = _engine_of(request)
    user = person(request)
    if engine.draining:
        raise Unavailable(_("The server restarts; come back in a moment."))
    if not engine.presence.pace_of(user.pk).take():
        raise Refused("rate_limited", TOO_FAST, SLOWER_SECONDS)
    # A response counts as a socket.
    if engine.relay.sockets_of(user.pk) >= settings.MAX_SOCKETS_PER_PERSON:
        raise Refused("rate_limited", _("You have too many pages open."), TOO_MANY_SECONDS)
    visitor = visitors.visitor_of(
        user, str(request.session.session_key), request.headers.get("Accept-Language", "")
    )
    # Django's own thread keeps its connection to the database until the response ends, for which
    # people would wait.
    await sync_to_async(rest)()
    return await Line.open(
        engine,
        visitor,
        bytes_=settings.EVENTS_BYTES if streamed else math.inf,
        seconds=settings.EVENTS_SECONDS if streamed else math.inf,
    )


def _engine_of(request: HttpRequest | ASGIRequest) -> Engine:
    engine: Engine | None = getattr(request, "scope", {}).get("engine")
    if engine is None:
        raise Refused("not_found", "There is no such call.")
    return engine


async def _while_signed_in(doing: Any) -> None:
    try:
        await doing
    except SessionEnded:
        raise AuthenticationError from None


def _stream(line: Line) -> StreamingHttpResponse:
    line.connection.start()
    response = StreamingHttpResponse(line.body(), content_type=EVENT_STREAM)
    response.headers["Cache-Control"] = "no-store"
    # nginx would gather it otherwise.
    response.headers["X-Accel-Buffering"] = "no"
    return response
