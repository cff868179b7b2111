"""Which call is meant by a request, and what answers it."""

import asyncio
import json
import re
import uuid
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from . import frames, models
from .converse import Converse
from .converse_stream import ConverseStream
from .counting import CountTokens, counted
from .history import Call
from .http import MAX_BODY, Exchange, Request
from .invoke_model import InvokeModel
from .invoke_model_stream import InvokeModelWithResponseStream
from .listing import foundation_models, inference_profiles
from .native import choose
from .pacer import Pacer
from .performing import JSON, Performance, respond_error
from .prompt_cache import PromptCache
from .refusals import ServiceError, refuse
from .steps import Reply
from .validation import check_conversation

_RUN = re.compile(r"/model/(?P<model>[^/]+)/(?P<action>[a-z-]+)")

# The last part of the path: the operation and what performs it.
RUNNING: dict[str, tuple[str, type[Performance]]] = {
    "converse-stream": ("ConverseStream", ConverseStream),
    "converse": ("Converse", Converse),
    "invoke-with-response-stream": (
        "InvokeModelWithResponseStream",
        InvokeModelWithResponseStream,
    ),
    "invoke": ("InvokeModel", InvokeModel),
    "count-tokens": ("CountTokens", CountTokens),
}


LISTING = ("/foundation-models", "/inference-profiles")


class Operations:
    """Takes requests apart, refuses what the service refuses, and has the chosen reply performed.

    `choose` finds the reply to a call; `record` is told of every call that names a model, refused
    ones included; `local_model` gives the name of the real model on this machine, if there is one.
    """

    def __init__(
        self,
        choose: Callable[[Call], Reply],
        record: Callable[[Call], None],
        local_model: Callable[[], Awaitable[str | None]],
        cache: PromptCache,
        pacer: Pacer,
        pace: float,
    ) -> None:
        self._choose = choose
        self._record = record
        self._local_model = local_model
        self._cache = cache
        self._pacer = pacer
        self._pace = pace

    async def handle(self, exchange: Exchange) -> None:
        request_id = str(uuid.uuid4())
        try:
            path = urlsplit(exchange.request.path).path
            if run := _RUN.fullmatch(path):
                await self._run(exchange, unquote(run["model"]), run["action"], request_id)
            else:
                await self._list(exchange, request_id)
        except ServiceError as error:
            respond_error(exchange, error, request_id)

    async def _run(self, exchange: Exchange, model_id: str, action: str, request_id: str) -> None:
        request = exchange.request
        if request.method != "POST" or action not in RUNNING:
            raise ServiceError("UnknownOperationException")
        operation, performance = RUNNING[action]
        call = Call(operation, model_id, _document(request), request.headers, request_id=request_id)
        self._record(call)
        try:
            _check_credentials(request)
            model = models.find(model_id)
            _understand(call, model)
            if operation != "CountTokens":
                call.cached = self._cache.look(call)
            reply = self._choose(call)
            await performance(exchange, call, self._pacer, self._pace).run(reply)
        except asyncio.CancelledError:
            # Only a client that goes away in the middle cancels this task.
            call.end(disconnected=True)
            raise
        finally:
            call.end(disconnected=False)

    async def _list(self, exchange: Exchange, request_id: str) -> None:
        url = urlsplit(exchange.request.path)
        asked = dict(parse_qsl(url.query))
        if exchange.request.method != "GET" or url.path not in LISTING:
            raise ServiceError("UnknownOperationException")
        _check_credentials(exchange.request)
        if url.path == "/inference-profiles":
            document = inference_profiles(asked)
        else:
            document = foundation_models(asked, await self._local_model())
        headers = [("content-type", JSON), ("x-amzn-requestid", request_id)]
        exchange.respond(200, headers, frames.dump(document))


def _document(request: Request) -> dict[str, Any]:
    if request.too_large:
        refuse(f"The request body is larger than {MAX_BODY} bytes.")
    try:
        document = json.loads(request.body or b"{}")
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise ServiceError("SerializationException", "The request body is not a JSON object.")
    return document


def _check_credentials(request: Request) -> None:
    """Any key will do, but there must be one, as at the service."""
    if not request.headers.get("authorization", "").startswith(("AWS4-HMAC-SHA256 ", "Bearer ")):
        raise ServiceError("MissingAuthenticationTokenException")


def _understand(call: Call, model: models.Model) -> None:
    """Checks the request, and has it in the form of Converse."""
    if call.operation == "CountTokens":
        call.body = counted(call.body, model)
        return
    if "Stream" in call.operation and not model.can("stream"):
        raise ServiceError("ValidationException", "The model is unsupported for streaming.")
    if call.operation.startswith("InvokeModel"):
        call.native = call.body
        call.body = _from_native(call.native, call.headers, model)
    check_conversation(call.body, model)


def _from_native(
    native: dict[str, Any], headers: dict[str, str], model: models.Model
) -> dict[str, Any]:
    """The request in the form of Converse, with the guardrail out of the headers."""
    body = choose(model, native).read(native, model)
    if guardrail := headers.get("x-amzn-bedrock-guardrailidentifier"):
        mode = (native.get("amazon-bedrock-guardrailConfig") or {}).get("streamProcessingMode")
        body["guardrailConfig"] = {
            "guardrailIdentifier": guardrail,
            "guardrailVersion": headers.get("x-amzn-bedrock-guardrailversion", ""),
            "trace": headers.get("x-amzn-bedrock-trace", "DISABLED").lower(),
            "streamProcessingMode": "async" if mode == "ASYNCHRONOUS" else "sync",
        }
    return body
