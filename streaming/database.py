"""The way from the event loop to the database: a few threads of our own, and a limit to waiting."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

from django.db import OperationalError
from psycopg_pool import PoolTimeout

from conversations.refusals import BUSY_SECONDS
from conversations.writing import rest
from streaming.threads import Pool

T = TypeVar("T")


class Database:
    """``await database(function, *args)``: what the function returns or raises.

    Where somebody waited for a connection in vain, all that come in the next moments are told so at
    once. Else the last of many would hear of it after many times what one waits (R57).
    """

    def __init__(self, threads: Pool, clock: Callable[[], float] = time.monotonic) -> None:
        self._threads = threads
        self._clock = clock
        self._full_until = clock()

    async def __call__(self, function: Callable[..., T], *args: Any) -> T:
        loop = asyncio.get_running_loop()
        result: asyncio.Future[T] = loop.create_future()
        self._threads.submit(
            lambda: _answer(loop, result, lambda: self._unless_full(function, args))
        )
        return await result

    def _unless_full(self, function: Callable[..., T], args: tuple[Any, ...]) -> T:
        if self._clock() < self._full_until:
            raise OperationalError("others waited for a connection in vain, a moment ago")
        try:
            return function(*args)
        except OperationalError as error:
            # Only this: a connection that broke says nothing about the others (R56).
            if isinstance(error.__cause__, PoolTimeout):
                self._full_until = self._clock() + BUSY_SECONDS
            raise


def _answer(
    loop: asyncio.AbstractEventLoop, result: asyncio.Future[T], work: Callable[[], T]
) -> None:
    """In a thread: what some work returns or raises becomes the result on the loop."""
    told: Callable[[], None]
    try:
        told = partial(result.set_result, work())
    except Exception as error:  # noqa: BLE001  (all of them, to whoever waits)
        told = partial(result.set_exception, error)
    with suppress(RuntimeError):  # a loop that has closed meanwhile: nobody waits
        loop.call_soon_threadsafe(_unless_cancelled, result, told)
    # Last, because it can fail where the database went away, and somebody waits for the answer.
    rest()


def _unless_cancelled(result: asyncio.Future[T], told: Callable[[], None]) -> None:
    if not result.done():
        told()
