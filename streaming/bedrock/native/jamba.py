"""AI21 Jamba: chat completions."""

from typing import Final

from streaming.bedrock.native.choices import Choices

_STOP_REASONS: Final = {
    "stop": "end_turn",
    "length": "max_tokens",
    "content_filter": "content_filtered",
    "tool_calls": "tool_use",
}


class Jamba(Choices):
    stop_reasons = _STOP_REASONS
