"""Performing the steps of a reply as one HTTP response."""

import asyncio
from abc import ABC, abstractmethod
from contextlib import aclosing

from . import frames
from .history import Call
from .http import Exchange
from .pacer import Pacer
from .refusals import ServiceError
from .steps import Cut, End, Refusal, Reply, Stall, Step, StreamError, StreamFault, Wait

JSON = "application/json"


class Performance(ABC):
    """One reply to one call, whatever the operation. `pace`: the endpoint's, in deltas a second."""

    def __init__(self, exchange: Exchange, call: Call, pacer: Pacer, pace: float) -> None:
        self.exchange = exchange
        self.call = call
        self.pacer = pacer
        self.pace = pace

    async def run(self, reply: Reply) -> None:
        """Raises ServiceError for a refusal, as long as nothing was sent."""
        async with aclosing(reply.steps(self.call)) as steps:
            async for step in steps:
                if await self._perform(step):
                    return
        self.end()

    async def _perform(self, step: Step) -> bool:
        """True when the response is over."""
        match step:
            case Wait(seconds):
                await asyncio.sleep(seconds)
            case Refusal(code, message, status, headers):
                self.refuse(ServiceError(code, message, status, headers))
                return True
            case StreamFault() | StreamError():
                self.fail(step)
                return True
            case Cut(reset):
                self.settle()
                self.cut(reset=reset)
                return True
            case Stall():
                self.settle()
                await asyncio.Event().wait()
            case End():
                self.end()
                return True
            case _:
                return await self.play(step)
        return False

    @abstractmethod
    async def play(self, step: Step) -> bool:
        """Content: Open, Event, Paced, Stamped, Raw, HalfDocument. True when that was all."""

    @abstractmethod
    def fail(self, step: StreamFault | StreamError) -> None:
        """An error after the answer began."""

    @abstractmethod
    def end(self) -> None:
        """The proper end of the response."""

    def settle(self) -> None:  # noqa: B027  not every operation holds back
        """Send what was held back, before something else than content comes."""

    def refuse(self, error: ServiceError) -> None:
        raise error

    def cut(self, *, reset: bool) -> None:
        self.exchange.cut(reset=reset)


def respond_error(exchange: Exchange, error: ServiceError, request_id: str) -> None:
    """The service's shape of an error."""
    headers = [
        ("content-type", JSON),
        ("x-amzn-requestid", request_id),
        ("x-amzn-errortype", f"{error.code}:http://internal.amazon.com/coral/com.amazon.bedrock/"),
        *error.headers,
    ]
    exchange.respond(error.status, headers, frames.dump({"message": error.message}))


def is_delta(kind: str) -> bool:
    return kind == "contentBlockDelta"
