"""A real model on this machine, behind a server that speaks as OpenAI's does (Ollama, llama.cpp).

Where the operator names one (LOCAL_MODEL_URL), one model of the endpoint is that model.
"""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from ..history import Call
from ..steps import Event, Open, Paced, Refusal, Step, StreamFault
from . import client
from .answering import Answering
from .asking import chat_request

_CODES = {
    400: "ValidationException",
    401: "AccessDeniedException",
    403: "AccessDeniedException",
    404: "ResourceNotFoundException",
    408: "ModelTimeoutException",
    413: "ValidationException",
    422: "ValidationException",
    429: "ThrottlingException",
    503: "ServiceUnavailableException",
    504: "ModelTimeoutException",
}
_TOO_LONG = ("context length", "context size", "context window", "too long", "too many tokens")


class Upstream:
    """A reply to any call, by the server at `url`. `model` "" takes the first that it lists.

    Raises ValueError for an address that is none.
    """

    def __init__(self, url: str, model: str = "") -> None:
        self.url = client.checked(url)
        self.model = model

    async def name(self) -> str:
        """The model's name, asked of the server where nobody gave it."""
        if not self.model:
            try:
                self.model = next(iter(await client.models(self.url)), "")
            except (client.AnsweredError, client.BrokenError):
                # Not every server lists its models, and one that is started later will.
                return ""
        return self.model

    async def steps(self, call: Call) -> AsyncGenerator[Step, None]:
        request = chat_request(call, await self.name())
        answering, began = Answering(call), False
        try:
            async with aclosing(client.completion(self.url, request)) as chunks:
                async for chunk in chunks:
                    if chunk is None:
                        began = True
                        yield Open()
                        yield Event("messageStart", {"role": "assistant"})
                    elif "error" in chunk:
                        yield StreamFault("modelStreamErrorException", _said(chunk["error"]))
                        return
                    elif events := answering.events(chunk):
                        yield Paced(events, 0)
        except client.AnsweredError as error:
            yield _refusal(error)
        except client.BrokenError as error:
            if began:
                yield StreamFault("modelStreamErrorException", str(error))
            else:
                yield Refusal("ServiceUnavailableException", str(error))
        else:
            yield Paced(answering.end(), 0)


def _refusal(error: client.AnsweredError) -> Refusal:
    if any(words in error.message.lower() for words in _TOO_LONG):
        return Refusal("ValidationException", "Input is too long for requested model.")
    code = _CODES.get(error.status, "ModelErrorException")
    return Refusal(code, f"The server of the local model says: {error.message}")


def _said(error: object) -> str:
    return str(error.get("message", error)) if isinstance(error, dict) else str(error)
