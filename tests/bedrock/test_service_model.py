"""What the installed botocore says about Bedrock, against what was reviewed here.

A newer SDK that brings another event, stop reason, role, error or required field makes these tests
fail: look at what is new, decide what the product makes of it, and add it to the list.
"""

import copy
import json
from typing import Any

import botocore.session
import pytest
from botocore.model import OperationModel, ServiceModel

from conversations.outcomes import FAILURES, STOP_REASONS
from streaming.bedrock.errors import CODES, HTTP_STATUSES, SERVICE_CODES
from tests.bedrock.service_model import REVIEWED, boiled_down

pytestmark = pytest.mark.nodb

OPERATIONS = ("Converse", "ConverseStream")
# Native dialects and counting come later; their errors are in the table already.
OTHERS = ("InvokeModel", "InvokeModelWithResponseStream", "CountTokens", "ApplyGuardrail")


@pytest.fixture(scope="module")
def runtime() -> ServiceModel:
    return botocore.session.Session().get_service_model("bedrock-runtime")


def stream_of(runtime: ServiceModel, name: str = "ConverseStream") -> Any:
    return runtime.operation_model(name).get_event_stream_output()


def errors_of(operation: OperationModel) -> list[Any]:
    return list(operation.error_shapes)


@pytest.mark.parametrize("name", [*OPERATIONS, *OTHERS])
def test_every_error_of_an_operation_is_in_the_table(runtime: ServiceModel, name: str) -> None:
    """R63, R69"""
    found = {
        error.name.removesuffix("Exception") for error in errors_of(runtime.operation_model(name))
    }

    assert found - SERVICE_CODES.keys() == set()


def test_every_error_of_the_catalogue_is_in_the_table() -> None:
    """R63, R69"""
    bedrock = botocore.session.Session().get_service_model("bedrock")
    listing = bedrock.operation_model("ListFoundationModels")

    found = {error.name.removesuffix("Exception") for error in errors_of(listing)}

    assert found - SERVICE_CODES.keys() == set()


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_status_of_an_error_is_known_too(runtime: ServiceModel, name: str) -> None:
    """R63: for the day on which the service gives an error another name."""
    statuses = {
        error.metadata["error"]["httpStatusCode"]
        for error in errors_of(runtime.operation_model(name))
    }

    # 400 alone says nothing, and is refused without a retry.
    assert statuses - HTTP_STATUSES.keys() == {400}


@pytest.mark.parametrize("name", ["ConverseStream", "InvokeModelWithResponseStream"])
def test_every_exception_inside_a_stream_is_in_the_table(runtime: ServiceModel, name: str) -> None:
    """R63, R69"""
    found = {
        event[0].upper() + event[1:].removesuffix("Exception")
        for event, shape in stream_of(runtime, name).members.items()
        if shape.metadata.get("exception")
    }

    assert found
    assert found - SERVICE_CODES.keys() == set()


def test_every_stop_reason_has_its_sentence_and_actions(runtime: ServiceModel) -> None:
    """R68, R69"""
    reasons: Any = runtime.shape_for("StopReason")

    assert set(reasons.enum) == STOP_REASONS.keys()


def test_every_code_has_its_sentence() -> None:
    """R63: what an error means here, a person can be told."""
    assert CODES - FAILURES.keys() == set()


def test_the_service_is_the_one_that_was_reviewed(runtime: ServiceModel) -> None:
    """R69: every event, block, delta, stop reason, role, allowed value and required field.

    tests/bedrock/service_model.py writes the reviewed state anew, once somebody has looked at it.
    """
    reviewed = json.loads(REVIEWED.read_text())

    assert boiled_down(runtime) == reviewed


@pytest.mark.parametrize(
    ("shape", "part", "new"),
    [
        ("ConverseStreamOutput", "members", "newEvent"),
        ("ContentBlockDelta", "members", "hologram"),
        ("StopReason", "enum", "new_reason"),
        ("ConversationRole", "enum", "critic"),
        ("Message", "required", "mood"),
    ],
)
def test_what_a_newer_service_brings_is_noticed(shape: str, part: str, new: str) -> None:
    """R69: event, delta, stop reason, role and required field."""
    loader = botocore.session.Session().get_component("data_loader")
    newer = copy.deepcopy(loader.load_service_model("bedrock-runtime", "service-2"))
    changed = newer["shapes"][shape].setdefault(part, [])
    if part == "members":
        changed[new] = {"shape": "String"}
    else:
        changed.append(new)

    assert boiled_down(ServiceModel(newer, "bedrock-runtime")) != json.loads(REVIEWED.read_text())


def test_the_roles_are_those_that_were_reviewed(runtime: ServiceModel) -> None:
    """R26, R69: the SDK admits "system" in messages, so nothing from outside may choose a role."""
    roles: Any = runtime.shape_for("ConversationRole")

    assert set(roles.enum) == {"user", "assistant", "system"}


@pytest.mark.parametrize("name", OPERATIONS)
def test_the_required_fields_are_those_that_we_send(runtime: ServiceModel, name: str) -> None:
    """R69"""
    request: Any = runtime.operation_model(name).input_shape
    message: Any = runtime.shape_for("Message")

    assert request.required_members == ["modelId"]
    assert message.required_members == ["role", "content"]
