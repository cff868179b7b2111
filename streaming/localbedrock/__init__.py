"""A local endpoint that speaks Bedrock's wire protocol, for demonstration and tests.

The real boto3 talks to it as to the service. It imports nothing of the product.
"""

from . import faults
from .answer_blocks import Passage, ServerTool, ToolUse
from .answers import Answer
from .controlled import Controlled
from .history import Call, History
from .models import MODELS
from .refusals import ERRORS, STREAM_FAULTS
from .server import LocalBedrock
from .steps import (
    Cut,
    End,
    Event,
    HalfDocument,
    Open,
    Paced,
    Raw,
    Refusal,
    Reply,
    Script,
    Stall,
    Stamped,
    Step,
    StreamError,
    StreamFault,
    Wait,
)

__all__ = [
    "ERRORS",
    "MODELS",
    "STREAM_FAULTS",
    "Answer",
    "Call",
    "Controlled",
    "Cut",
    "End",
    "Event",
    "HalfDocument",
    "History",
    "LocalBedrock",
    "Open",
    "Paced",
    "Passage",
    "Raw",
    "Refusal",
    "Reply",
    "Script",
    "ServerTool",
    "Stall",
    "Stamped",
    "Step",
    "StreamError",
    "StreamFault",
    "ToolUse",
    "Wait",
    "faults",
]
