"""CountTokens: how large a request is, without a model."""

import base64
import json
from typing import Any

from . import frames
from .converse import Converse
from .estimate import input_tokens
from .models import Model
from .native import choose
from .refusals import refuse
from .validation import check_conversation

Json = dict[str, Any]


class CountTokens(Converse):
    """Whatever faults are enqueued for it come first; content has no meaning here."""

    def body(self) -> bytes:
        return frames.dump({"inputTokens": input_tokens(self.call.body)})


def counted(body: Json, model: Model) -> Json:
    """What is to be counted, in the form of Converse. Raises ServiceError where it is refused."""
    if not model.can("count"):
        refuse("The provided model doesn't support counting tokens.")
    match body.get("input"):
        case {"converse": dict(conversation), **others} if not others:
            request = conversation
        case {"invokeModel": {"body": str(native)}, **others} if not others:
            request = _from_native(native, model)
        case _:
            refuse("Exactly one of converse and invokeModel must be given.")
    check_conversation(request, model, limited=False)
    return request


def _from_native(encoded: str, model: Model) -> Json:
    try:
        native = json.loads(base64.b64decode(encoded))
    except ValueError:
        native = None
    if not isinstance(native, dict):
        refuse("The body of invokeModel is not a JSON object.")
    return choose(model, native).read(native, model)
