"""What a generation needs of its process."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from conversations.models import Generation
from streaming.bedrock.counting import Counter
from streaming.limits import Seats
from streaming.pump import Pump

if TYPE_CHECKING:
    from mypy_boto3_bedrock_runtime import BedrockRuntimeClient


@dataclass(frozen=True, slots=True)
class Workbench:
    """``pause`` is the first pause between attempts, in seconds.

    ``counter`` counts tokens by the service; without one they are estimated.
    ``is_open``: whether something may begin here. ``after`` is called with each row as it ended.
    """

    client: BedrockRuntimeClient
    pump: Pump
    seats: Seats
    is_open: Callable[[], bool] = lambda: True
    after: Callable[[Generation], None] = lambda ended: None
    pause: float = 1.0
    clock: Callable[[], float] = time.monotonic
    counter: Counter | None = None
