"""Everything that the SDK, the connection and the service can raise, as one closed set of codes."""

import inspect
import re
from typing import Any

import botocore.exceptions
import pytest
import urllib3.exceptions
from botocore.eventstream import ChecksumMismatch, NoInitialResponseError
from botocore.exceptions import ClientError, EventStreamError
from botocore.parsers import ResponseParserError

from streaming.bedrock.errors import (
    CAUSE_LENGTH,
    CODES,
    BedrockError,
    map_error,
    service_error,
)
from streaming.localbedrock import ERRORS, STREAM_FAULTS

pytestmark = pytest.mark.nodb

PROTOCOL = (
    "throttled",
    "model_unavailable",
    "model_access_denied",
    "model_timeout",
    "model_stream_error",
    "model_error",
    "credentials",
    "content_filtered",
    "unsupported_model",
    "unsupported_attachment",
    "too_long",
)
SECRET = "User: arn:aws:sts::123456789012:assumed-role/chat/app is not authorized"

URL = {"endpoint_url": "https://bedrock-runtime.us-east-1.amazonaws.com"}


def exceptions_of(module: Any, base: type[Exception]) -> list[type[Exception]]:
    return sorted(
        (
            kind
            for _, kind in inspect.getmembers(module, inspect.isclass)
            if issubclass(kind, base) and not issubclass(kind, Warning)
        ),
        key=lambda kind: kind.__name__,
    )


def client_error(code: str, message: str = "", status: int = 400, **more: Any) -> ClientError:
    return ClientError(
        {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {"HTTPStatusCode": status, **more},  # type: ignore[typeddict-item]
        },
        "ConverseStream",
    )


def test_the_codes_are_those_of_the_wire_contract() -> None:
    """R63: what a browser can be told is a closed set."""
    assert frozenset(PROTOCOL) == CODES


@pytest.mark.parametrize(
    "kind",
    exceptions_of(botocore.exceptions, botocore.exceptions.BotoCoreError)
    + exceptions_of(urllib3.exceptions, urllib3.exceptions.HTTPError),
    ids=lambda kind: f"{kind.__module__}.{kind.__name__}",
)
def test_every_exception_of_the_sdk_has_a_code(kind: type[Exception]) -> None:
    """R63: whatever version is installed."""
    # Their constructors differ; what they say does not matter here.
    raised = kind.__new__(kind)
    vars(raised).update(partial=0, expected=0, length=b"")

    error = map_error(raised)

    assert error.code in CODES
    assert kind.__name__ in error.cause


B, U = botocore.exceptions, urllib3.exceptions


@pytest.mark.parametrize(
    ("error", "code", "retryable"),
    [
        (B.NoCredentialsError(), "credentials", False),
        (B.PartialCredentialsError(provider="env", cred_var="x"), "credentials", False),
        (B.CredentialRetrievalError(provider="p", error_msg=SECRET), "credentials", False),
        (B.TokenRetrievalError(provider="sso", error_msg="expired"), "credentials", False),
        (B.UnauthorizedSSOTokenError(), "credentials", False),
        (B.ProfileNotFound(profile="work"), "credentials", False),
        (B.NoRegionError(), "credentials", False),
        (B.ReadTimeoutError(**URL), "model_timeout", False),
        (B.ConnectTimeoutError(**URL), "model_unavailable", True),
        (B.EndpointConnectionError(**URL), "model_unavailable", True),
        (B.ConnectionClosedError(**URL), "model_unavailable", True),
        (B.ProxyConnectionError(proxy_url="http://proxy"), "model_unavailable", True),
        (B.HTTPClientError(error="any"), "model_unavailable", True),
        (B.SSLError(**URL, error=OSError("certificate")), "model_unavailable", False),
        (B.ResponseStreamingError(error="broken"), "model_stream_error", True),
        (B.IncompleteReadError(actual_bytes=1, expected_bytes=2), "model_stream_error", True),
        (B.ParamValidationError(report="bad"), "model_error", False),
        (U.ReadTimeoutError(None, "/", "silence"), "model_timeout", False),  # type: ignore[arg-type]
        (U.ProtocolError("Connection broken"), "model_stream_error", True),
        (U.IncompleteRead(1, 2), "model_stream_error", True),
        (U.SSLError("bad record"), "model_unavailable", False),
        (ChecksumMismatch(1, 2), "model_stream_error", True),
        (NoInitialResponseError(), "model_stream_error", True),
        (ResponseParserError("no JSON"), "model_stream_error", True),
        (KeyError(":message-type"), "model_stream_error", True),
        (UnicodeDecodeError("utf-8", b"\xff", 0, 1, "bad"), "model_stream_error", True),
        (RecursionError(), "model_stream_error", True),
        (ConnectionResetError(), "model_unavailable", True),
        (TimeoutError(), "model_timeout", False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else "",
)
def test_what_the_sdk_and_the_connection_raise(
    error: Exception, code: str, retryable: bool
) -> None:
    """R60, R63"""
    mapped = map_error(error)

    assert (mapped.code, mapped.retryable, mapped.overflow) == (code, retryable, False)


@pytest.mark.parametrize("code", [*ERRORS, *STREAM_FAULTS])
def test_either_letter_case_means_the_same(code: str) -> None:
    """R63: streams begin a code with a small letter, requests with a capital one."""
    other = code[0].swapcase() + code[1:]
    details = {"Error": {"Code": other, "Message": ""}}

    streamed = map_error(EventStreamError(details, "ConverseStream"))  # type: ignore[arg-type]

    assert streamed.code == service_error(code, "").code
    assert streamed.code in CODES


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (401, "credentials"),
        (403, "model_access_denied"),
        (404, "unsupported_model"),
        (408, "model_timeout"),
        (413, "too_long"),
        (418, "model_error"),
        (424, "model_error"),
        (429, "throttled"),
        (500, "model_error"),
        (502, "model_unavailable"),
        (503, "model_unavailable"),
        (504, "model_timeout"),
        (529, "model_unavailable"),
        (599, "model_error"),
    ],
)
def test_a_code_that_nobody_knows_is_judged_by_its_status(status: int, code: str) -> None:
    """R63: a proxy's page, or a code newer than the table."""
    assert map_error(client_error(str(status), status=status)).code == code
    assert map_error(client_error("BrandNewException", status=status)).code == code


@pytest.mark.parametrize(
    "response",
    [
        {},
        {"Error": None},
        {"Error": {"Code": None, "Message": None}, "ResponseMetadata": None},
        {"Error": {"Message": "x"}, "ResponseMetadata": {"HTTPHeaders": None}},
    ],
    ids=repr,
)
def test_an_error_that_says_nothing_still_has_a_code(response: Any) -> None:
    """R63: what botocore made of half a body."""
    error = ClientError({"Error": {}}, "Converse")
    error.response = response

    assert map_error(error).code in CODES


@pytest.mark.parametrize(
    "message",
    [
        "Input is too long for requested model.",
        "prompt is too long: 210000 tokens > 200000 maximum",
        "The model returned the following errors: prompt is too long: 9 tokens > 8 maximum",
        "Too many input tokens. Max input tokens: 8192, request input token count: 9000",
        "Input Tokens Exceeded: Number of input tokens exceeds maximum length.",
        "The model returned the following errors: input length and `max_tokens` exceed context "
        "limit: 198000 + 8000 > 200000, decrease input length or `max_tokens` and try again",
        "This model's maximum context length is 8192 tokens. Please reduce the length of the "
        "prompt",
        "Malformed input request: expected maxLength: 50000, actual: 60000",
        "too many total text bytes: 9000000 > 6000000",
    ],
)
@pytest.mark.parametrize("code", ["ValidationException", "modelStreamErrorException"])
def test_a_request_that_is_too_long_is_recognised(code: str, message: str) -> None:
    """R64: in every shape, before the stream and inside it."""
    error = service_error(code, message)

    assert (error.code, error.overflow, error.retryable) == ("too_long", True, False)


@pytest.mark.parametrize(
    ("code", "message", "meaning"),
    [
        (
            "ValidationException",
            "The provided model identifier is invalid.",
            "unsupported_model",
        ),
        (
            "ValidationException",
            "Invocation of model ID amazon.nova-lite-v1:0 with on-demand throughput isn’t "
            "supported. Retry your request with the ID or ARN of an inference profile that "
            "contains this model.",
            "unsupported_model",
        ),
        (
            "ValidationException",
            "This action doesn't support the model that you provided. Try again with a supported "
            "text or chat model.",
            "unsupported_model",
        ),
        (
            "ResourceNotFoundException",
            "This model version has reached the end of its life.",
            "unsupported_model",
        ),
        (
            "ResourceNotFoundException",
            "Model use case details have not been submitted for this account.",
            "model_access_denied",
        ),
        ("ValidationException", "Operation not allowed", "model_access_denied"),
        (
            "ValidationException",
            "This model doesn't support the video content block that you provided.",
            "unsupported_attachment",
        ),
        (
            "ValidationException",
            "This model doesn't support documents. Try again without documents.",
            "unsupported_attachment",
        ),
        (
            "ValidationException",
            "The model returned the following errors: Output blocked by content filtering policy",
            "content_filtered",
        ),
        (
            "ValidationException",
            "This model doesn't support system messages.",
            "model_error",
        ),
        (
            "ValidationException",
            "A conversation must start with a user message.",
            "model_error",
        ),
        (
            "ValidationException",
            "The maximum tokens you requested exceeds the model limit of 10000.",
            "model_error",
        ),
        ("AccessDeniedException", SECRET + " to perform: bedrock:InvokeModel", None),
        ("ThrottlingException", "Too many tokens, please wait before trying again.", "throttled"),
    ],
)
def test_wording_tells_what_the_code_does_not(code: str, message: str, meaning: str | None) -> None:
    """R63: messages as the service sends them."""
    error = service_error(code, message, status=400)

    assert error.code == (meaning or "model_access_denied")
    assert not error.overflow


def test_a_quota_of_the_day_is_not_asked_again_in_a_moment() -> None:
    """R67: back-off cannot help before tomorrow."""
    error = service_error("ThrottlingException", "Too many tokens per day, please wait.")

    assert (error.code, error.retryable) == ("throttled", False)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [("7", 7.0), ("0.5", 0.5), ("-1", None), ("nan", None), ("1e9", None), ("soon", None)],
)
def test_the_wait_that_the_service_asks_for(header: str, seconds: float | None) -> None:
    """R67: within reason."""
    error = client_error("ThrottlingException", status=429, HTTPHeaders={"retry-after": header})

    assert map_error(error).retry_after == seconds


@pytest.mark.parametrize(
    "error",
    [
        client_error("AccessDeniedException", SECRET, 403),
        client_error("ValidationException", SECRET),
        B.CredentialRetrievalError(provider="assume-role", error_msg=SECRET),
        B.EndpointConnectionError(endpoint_url=SECRET),
        U.ProtocolError(SECRET),
        ResponseParserError(SECRET),
        OSError(SECRET),
    ],
    ids=lambda error: type(error).__name__,
)
def test_nothing_of_the_service_is_shown(error: Exception) -> None:
    """R63: what it said is in `cause`, for the log, and nowhere else."""
    mapped = map_error(error)

    assert SECRET in mapped.cause
    for shown in (str(mapped), repr(mapped), mapped.code, str(mapped.args)):
        assert not re.search(r"arn:|\d{12}|authorized", shown)


def test_a_long_message_is_cut_for_the_log() -> None:
    """A message can quote the whole request."""
    assert len(service_error("ValidationException", "x" * 10_000).cause) == CAUSE_LENGTH


def test_an_error_of_our_own_stays_what_it_is() -> None:
    """R63"""
    error = BedrockError("throttled", retryable=True)

    assert map_error(error) is error
