"""The service's errors: HTTP status and usual words of each code."""

from typing import Final, NoReturn

# code: (HTTP status, what the service usually says)
ERRORS: Final[dict[str, tuple[int, str]]] = {
    "AccessDeniedException": (
        403,
        "You don't have access to the model with the specified model ID.",
    ),
    "ExpiredTokenException": (403, "The security token included in the request is expired"),
    "InternalServerException": (
        500,
        "The system encountered an unexpected error during processing. Try your request again.",
    ),
    "MissingAuthenticationTokenException": (403, "Missing Authentication Token"),
    "ModelErrorException": (
        424,
        "The system encountered an unexpected error during processing. Try your request again.",
    ),
    "ModelNotReadyException": (
        429,
        "The model is not ready for inference. Wait and try your request again.",
    ),
    "ModelStreamErrorException": (424, "The model produced an invalid stream. Try again."),
    "ModelTimeoutException": (
        408,
        "Model has timed out in processing the request. Try your request again.",
    ),
    "ResourceNotFoundException": (
        404,
        "Could not resolve the foundation model from the provided model identifier.",
    ),
    "ServiceQuotaExceededException": (400, "Your request exceeds a service quota."),
    "ServiceUnavailableException": (503, "Bedrock is unable to process your request."),
    "ThrottlingException": (429, "Too many requests, please wait before trying again."),
    "UnknownOperationException": (404, "The requested operation is not recognized."),
    "UnrecognizedClientException": (
        403,
        "The security token included in the request is invalid.",
    ),
    "ValidationException": (400, "The request is not valid."),
}

# The errors that may also come inside ConverseStream, by a name that begins with a small letter.
STREAM_FAULTS: Final = (
    "internalServerException",
    "modelStreamErrorException",
    "serviceUnavailableException",
    "throttlingException",
    "validationException",
)


class ServiceError(Exception):
    """A refused request: `code` of x-amzn-errortype, HTTP `status`, `message` of the body."""

    def __init__(
        self,
        code: str,
        message: str = "",
        status: int | None = None,
        headers: tuple[tuple[str, str], ...] = (),
    ) -> None:
        usual_status, usual_message = ERRORS.get(code, (400, ""))
        self.code = code
        self.message = message or usual_message
        self.status = status or usual_status
        self.headers = headers
        super().__init__(f"{code}: {self.message}")


def refuse(message: str) -> NoReturn:
    """Raises the ValidationException that says this."""
    raise ServiceError("ValidationException", message)


def code_of(stream_fault: str) -> str:
    """The code of the same error before the stream: throttlingException → ThrottlingException."""
    return stream_fault[:1].upper() + stream_fault[1:]
