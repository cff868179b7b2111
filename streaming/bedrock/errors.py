"""Everything that can go wrong between us and a model, as one closed set of codes.

    BedrockError   a call failed; `code` is one of CODES
    Aborted        our own side ended the call; not a failure

The same table serves what the service says before the stream, inside it (where a code begins with
a lower-case letter) and what the SDK and the connection raise. Sentences for people are not made
here, and no text of the service, no ARN and no account id is in anything but `cause`.
"""

from dataclasses import dataclass, replace
from typing import Any, Final

import botocore.exceptions as sdk
import urllib3.exceptions as http
from botocore.eventstream import ParserError
from botocore.parsers import ResponseParserError

from streaming.bedrock.wording import DAILY_QUOTA, refusal_of

CODES: Final = frozenset(
    {
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
    }
)
# An upstream message can quote the request; this much of it goes to the log.
CAUSE_LENGTH: Final = 500
LONGEST_RETRY_AFTER: Final = 3600.0


class Aborted(Exception):
    """The call was ended by `abort()`. What had arrived before has been yielded."""


class BedrockError(Exception):
    """A call to the model failed.

    `code` is one of CODES. `retryable`: the same request may well succeed in a moment.
    `overflow`: the request is larger than the model's window, a smaller one would do.
    `retry_after`: seconds that the service asks us to wait. `cause` is for the log only.
    """

    def __init__(
        self,
        code: str,
        *,
        retryable: bool = False,
        cause: str = "",
        retry_after: float | None = None,
        overflow: bool = False,
    ) -> None:
        super().__init__(code)
        self.code = code
        self.retryable = retryable
        self.cause = cause[:CAUSE_LENGTH]
        self.retry_after = retry_after
        self.overflow = overflow


@dataclass(frozen=True, slots=True)
class Meaning:
    code: str
    retryable: bool = False
    overflow: bool = False


THROTTLED = Meaning("throttled", retryable=True)
UNAVAILABLE = Meaning("model_unavailable", retryable=True)
DENIED = Meaning("model_access_denied")
CREDENTIALS = Meaning("credentials")
UNSUPPORTED = Meaning("unsupported_model")
BROKEN_STREAM = Meaning("model_stream_error", retryable=True)
FAILED = Meaning("model_error", retryable=True)
REFUSED = Meaning("model_error")
# The call has already cost its whole time (and perhaps money): no second one by itself.
TOO_SLOW = Meaning("model_timeout")

# By the service's code, upper-case first and without "Exception". The first ten are those of the
# service model of bedrock-runtime; the others come from the gateway in front of it.
SERVICE_CODES: Final[dict[str, Meaning]] = {
    "AccessDenied": DENIED,
    "InternalServer": FAILED,
    "ModelError": FAILED,
    "ModelNotReady": UNAVAILABLE,
    "ModelStreamError": BROKEN_STREAM,
    "ModelTimeout": TOO_SLOW,
    "ResourceNotFound": UNSUPPORTED,
    "ServiceUnavailable": UNAVAILABLE,
    "Throttling": THROTTLED,
    "Validation": REFUSED,
    "ServiceQuotaExceeded": Meaning("throttled"),
    "TooManyRequests": THROTTLED,
    "RequestLimitExceeded": THROTTLED,
    "Throttled": THROTTLED,
    "InternalFailure": FAILED,
    "InternalError": FAILED,
    "RequestTimeout": UNAVAILABLE,
    "OptInRequired": DENIED,
    "ExpiredToken": CREDENTIALS,
    "IncompleteSignature": CREDENTIALS,
    "InvalidClientTokenId": CREDENTIALS,
    "InvalidSignature": CREDENTIALS,
    "InvalidToken": CREDENTIALS,
    "MissingAuthenticationToken": CREDENTIALS,
    "NotAuthorized": CREDENTIALS,
    "RequestExpired": CREDENTIALS,
    "SignatureDoesNotMatch": CREDENTIALS,
    "Unauthorized": CREDENTIALS,
    "UnrecognizedClient": CREDENTIALS,
}

# For a code that the table does not know, e.g. the HTML page of a proxy.
HTTP_STATUSES: Final[dict[int, Meaning]] = {
    401: CREDENTIALS,
    403: DENIED,
    404: UNSUPPORTED,
    408: TOO_SLOW,
    413: Meaning("too_long", overflow=True),
    424: FAILED,
    429: THROTTLED,
    500: FAILED,
    502: UNAVAILABLE,
    503: UNAVAILABLE,
    504: TOO_SLOW,
    529: UNAVAILABLE,
}

# The first that fits counts, so a class comes before those it inherits from.
EXCEPTIONS: Final[tuple[tuple[tuple[type[BaseException], ...], Meaning], ...]] = (
    (
        (
            sdk.NoCredentialsError,
            sdk.PartialCredentialsError,
            sdk.CredentialRetrievalError,
            sdk.TokenRetrievalError,
            sdk.NoAuthTokenError,
            sdk.MetadataRetrievalError,
            sdk.SSOError,
            sdk.LoginError,
            sdk.MissingDependencyException,
            sdk.UnknownTokenProviderError,
            sdk.RefreshWithMFAUnsupportedError,
            sdk.UnknownCredentialError,
            sdk.InfiniteLoopConfigError,
            sdk.ProfileNotFound,
            sdk.ConfigParseError,
            sdk.ConfigNotFound,
            sdk.UnknownSignatureVersionError,
            sdk.UnsupportedSignatureVersionError,
            sdk.BaseEndpointResolverError,
            sdk.InvalidRegionError,
            sdk.UnknownRegionError,
            sdk.InvalidIMDSEndpointError,
            sdk.InvalidIMDSEndpointModeError,
        ),
        CREDENTIALS,
    ),
    ((sdk.ReadTimeoutError, http.ReadTimeoutError), TOO_SLOW),
    ((sdk.IncompleteReadError, sdk.ResponseStreamingError, http.IncompleteRead), BROKEN_STREAM),
    # TLS that cannot be agreed on is a matter of configuration.
    ((sdk.SSLError, http.SSLError), Meaning("model_unavailable")),
    ((sdk.HTTPClientError, sdk.ConnectionError, sdk.EndpointConnectionError), UNAVAILABLE),
    ((http.TimeoutError, http.NewConnectionError, http.ProxyError), UNAVAILABLE),
    ((http.HTTPError, ResponseParserError, ParserError), BROKEN_STREAM),
    ((sdk.CapacityNotAvailableError,), UNAVAILABLE),
    ((sdk.BotoCoreError,), REFUSED),
    ((TimeoutError,), TOO_SLOW),
    ((OSError,), UNAVAILABLE),
    # What a corrupt frame or document makes of a parser.
    ((ValueError, LookupError, TypeError, RecursionError), BROKEN_STREAM),
)
# What a call may end with; anything else is a defect of ours and is not hidden.
FAILURES: Final[tuple[type[Exception], ...]] = (
    BedrockError,
    sdk.ClientError,
    sdk.BotoCoreError,
    http.HTTPError,
    ResponseParserError,
    ParserError,
    OSError,
    ValueError,
    LookupError,
    RecursionError,
)


def map_error(error: Exception) -> BedrockError:
    """The BedrockError that says what this exception of the SDK, or of the connection, means."""
    if isinstance(error, BedrockError):
        return error
    if isinstance(error, sdk.ClientError):
        return _client_error(error)
    cause = f"{type(error).__name__}: {error}"
    for classes, meaning in EXCEPTIONS:
        if isinstance(error, classes):
            return _bedrock_error(meaning, cause)
    return _bedrock_error(REFUSED, cause)


def service_error(
    code: str,
    message: str,
    *,
    status: int | None = None,
    original_message: str = "",
    retry_after: float | None = None,
) -> BedrockError:
    """What the service said, before the stream or inside it.

    `original_message` is what the model itself said, where the service passes it on.
    """
    meaning = _meaning(code, status, f"{message} {original_message}")
    cause = " ".join(filter(None, [code, str(status or ""), message, original_message]))
    return _bedrock_error(meaning, cause, retry_after)


def _client_error(error: sdk.ClientError) -> BedrockError:
    # `response` is whatever the parser made of the body, so nothing in it is certain.
    response: dict[str, Any] = dict(error.response)
    details: dict[str, Any] = response.get("Error") or {}
    metadata: dict[str, Any] = response.get("ResponseMetadata") or {}
    return service_error(
        str(details.get("Code") or ""),
        str(details.get("Message") or ""),
        status=metadata.get("HTTPStatusCode"),
        original_message=str(response.get("originalMessage") or ""),
        retry_after=_seconds((metadata.get("HTTPHeaders") or {}).get("retry-after")),
    )


def _meaning(code: str, status: int | None, message: str) -> Meaning:
    name = (code[:1].upper() + code[1:]).removesuffix("Exception")
    meaning = SERVICE_CODES.get(name)
    if meaning is None and status is None:
        meaning = BROKEN_STREAM
    elif meaning is None:
        meaning = HTTP_STATUSES.get(status or 0, REFUSED)
    refusal = refusal_of(message)
    if refusal is None:
        return meaning
    if refusal == DAILY_QUOTA:
        return replace(meaning, retryable=False)
    # A throttled or denied call stays that, whatever its message mentions.
    if meaning.code in {"throttled", "credentials"}:
        return meaning
    return Meaning(refusal, overflow=refusal == "too_long")


def _seconds(header: object) -> float | None:
    """A Retry-After header in seconds. (Its other form, a date, the service does not use.)"""
    try:
        seconds = float(str(header))
    except ValueError:
        return None
    return seconds if 0 <= seconds <= LONGEST_RETRY_AFTER else None


def _bedrock_error(meaning: Meaning, cause: str, retry_after: float | None = None) -> BedrockError:
    return BedrockError(
        meaning.code,
        retryable=meaning.retryable,
        cause=cause,
        retry_after=retry_after,
        overflow=meaning.overflow,
    )
