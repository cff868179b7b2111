"""Every step means something to every operation."""

from typing import get_args

import pytest
from botocore.exceptions import BotoCoreError, ClientError
from urllib3.exceptions import HTTPError

from streaming.localbedrock import (
    Cut,
    End,
    Event,
    HalfDocument,
    Open,
    Paced,
    Raw,
    Refusal,
    Script,
    Stall,
    Stamped,
    Step,
    StreamError,
    StreamFault,
    Wait,
)

from .reading import MODEL, ask, read, user

pytestmark = pytest.mark.nodb

START = Event("messageStart", {"role": "assistant"})

STEPS = (
    Cut(),
    End(),
    START,
    HalfDocument(),
    Open(),
    Paced([START]),
    Raw(b"{}"),
    Refusal("ThrottlingException"),
    Stall(),
    Stamped(1, 100),
    StreamError("InternalFailure", "Broken."),
    StreamFault("throttlingException"),
    Wait(0.001),
)


def test_all_steps_are_here():
    assert {type(step) for step in STEPS} == set(get_args(Step))


@pytest.mark.parametrize("operation", ["Converse", "ConverseStream"])
@pytest.mark.parametrize("before", [(), (Open(),), (START,)])
@pytest.mark.parametrize("step", STEPS)
def test_a_step_is_performed_and_the_endpoint_lives(
    endpoint, client, hasty_client, operation, before, step
):
    endpoint.enqueue(Script(*before, step))
    try:
        if operation == "Converse":
            hasty_client.converse(modelId=MODEL, messages=[user("Hello")])
        else:
            read(ask(hasty_client))
    except (BotoCoreError, ClientError, HTTPError):
        pass
    call = endpoint.history[0]
    assert call.ended.wait(30)
    assert call.disconnected.is_set() == isinstance(step, Stall)
    assert read(ask(client))
