"""What the service demands of a conversation, and the words in which it refuses."""

import itertools
from typing import Any

from .content import check_content
from .estimate import input_tokens
from .fields import check_fields
from .models import Model
from .refusals import refuse
from .shapes import CONVERSE, check_types

_START_WITH_USER = (
    "A conversation must start with a user message. Try again with a conversation that starts "
    "with a user message."
)

Block = dict[str, Any]
Message = dict[str, Any]


def check_conversation(body: dict[str, Any], model: Model, *, limited: bool = True) -> None:
    """Raises ServiceError (ValidationException) for the first rule that a request breaks.

    `limited`: what is larger than the model's window breaks one.
    """
    check_types(body, CONVERSE)
    messages: list[Message] = body.get("messages") or []
    _check_shape(messages)
    _check_turns(messages, model)
    check_fields(body, model)
    check_content(body, model)
    _check_tools(messages, has_tools=bool(body.get("toolConfig")))
    if limited:
        _check_size(body, model)


def _check_shape(messages: list[Message]) -> None:
    if not messages:
        refuse(_START_WITH_USER)
    for at, message in enumerate(messages):
        if message.get("role") not in ("user", "assistant"):
            refuse(
                f"1 validation error detected: Value '{message.get('role')}' at "
                f"'messages.{at + 1}.member.role' failed to satisfy constraint: "
                "Member must satisfy enum value set: [user, assistant]"
            )
        if not message.get("content"):
            refuse(
                f"The content field in the Message object at messages.{at} is empty. "
                "Add a ContentBlock object to the content field and try again."
            )


def _check_turns(messages: list[Message], model: Model) -> None:
    if messages[0]["role"] != "user":
        refuse(_START_WITH_USER)
    for before, after in itertools.pairwise(messages):
        if before["role"] == after["role"]:
            refuse(
                "A conversation must alternate between user and assistant roles. Make sure the "
                "conversation alternates between user and assistant roles and try again."
            )
    last = messages[-1]
    if last["role"] == "user":
        return
    if not model.can("prefill"):
        refuse(
            "This model does not support assistant message prefill. The conversation must end "
            "with a user message."
        )
    text = last["content"][-1].get("text", "")
    if text != text.rstrip():
        refuse("messages: final assistant content cannot end with trailing whitespace")


def _check_tools(messages: list[Message], *, has_tools: bool) -> None:
    asked: list[str] = []
    for at, message in enumerate(messages):
        answered = _ids(message, "toolResult")
        if message["role"] == "assistant":
            asked = _asked(message, answered, f"messages.{at}.content")
            answered = []
        else:
            _check_results(asked, answered, f"messages.{at}.content")
            asked = []
        if (asked or answered) and not has_tools:
            refuse(
                "The toolConfig field must be defined when using toolUse and toolResult "
                "content blocks."
            )


def _asked(message: Message, answered: list[str], where: str) -> list[str]:
    """The uses that the next turn must answer: those of the service have their results here."""
    uses = [block["toolUse"] for block in message["content"] if "toolUse" in block]
    known = {use["toolUseId"] for use in uses}
    if not set(answered) <= known:
        refuse(f"The toolResult blocks at {where} must follow their toolUse blocks.")
    return [
        use["toolUseId"]
        for use in uses
        if use["toolUseId"] not in answered
        and not str(use.get("type", "")).startswith("server_tool")
    ]


def _check_results(asked: list[str], answered: list[str], where: str) -> None:
    missing = [tool for tool in asked if tool not in answered]
    if missing:
        refuse(f"Expected toolResult blocks at {where} for the following Ids: {', '.join(missing)}")
    if len(answered) > len(asked):
        refuse(
            f"The number of toolResult blocks at {where} exceeds the number of "
            "toolUse blocks of previous turn."
        )


def _ids(message: Message, kind: str) -> list[str]:
    return [block[kind]["toolUseId"] for block in message["content"] if kind in block]


def _check_size(body: dict[str, Any], model: Model) -> None:
    size = input_tokens(body)
    if size <= model.window:
        return
    if "anthropic." in model.id:
        refuse(f"prompt is too long: {size} tokens > {model.window} maximum")
    refuse("Input is too long for requested model.")
