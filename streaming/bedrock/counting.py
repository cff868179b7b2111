"""CountTokens: how many tokens messages are, by the service, without running a model."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from streaming.bedrock.catalogue import bare
from streaming.bedrock.errors import FAILURES, map_error
from streaming.bedrock.request import ConverseMessage

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient

log = logging.getLogger(__name__)

# Somebody waits for the answer meanwhile, and an estimate will do.
PATIENCE: Final = 3.0  # seconds
# After a failure nothing is counted for so long: it may be forbidden, or away.
PAUSE: Final = 60.0


class Counter:
    """Made for the whole process; its client is built at the first count, in the thread that asks.

    `build` gives a client whose calls end within PATIENCE.
    """

    def __init__(
        self,
        build: Callable[[], BedrockRuntimeClient],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._build = build
        self._clock = clock
        self._lock = threading.Lock()
        self._client: BedrockRuntimeClient | None = None
        self._paused_until = -PAUSE

    def count(self, model_id: str, messages: list[ConverseMessage]) -> int | None:
        """None where the service cannot say, now or for this model."""
        if self._clock() < self._paused_until:
            return None
        try:
            # The service counts for models, not for the profiles by which they are asked.
            told = self._the_client().count_tokens(
                modelId=bare(model_id),
                input={"converse": {"messages": messages}},  # type: ignore[typeddict-item]
            )
        except FAILURES as error:
            self._paused_until = self._clock() + PAUSE
            log.warning("tokens are estimated: CountTokens failed: %s", map_error(error).code)
            return None
        return int(told["inputTokens"])

    def _the_client(self) -> BedrockRuntimeClient:
        with self._lock:
            if self._client is None:
                self._client = self._build()
            return self._client
