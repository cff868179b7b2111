"""History, system prompt and options become a request that fits the model. Pure."""

from streaming.context.estimate import calibration
from streaming.context.fitting import (
    LEAST_ANSWER,
    Context,
    ModelFacts,
    PinsTooLong,
    TooLong,
    build,
    check_pins,
)
from streaming.context.messages import merged
from streaming.context.turns import Block, Sendable, Turn, sendable

__all__ = [
    "LEAST_ANSWER",
    "Block",
    "Context",
    "ModelFacts",
    "PinsTooLong",
    "Sendable",
    "TooLong",
    "Turn",
    "build",
    "calibration",
    "check_pins",
    "merged",
    "sendable",
]
