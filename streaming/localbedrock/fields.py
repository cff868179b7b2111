"""What the service demands of everything in a request but its messages."""

import re
from typing import Any, NoReturn

from .models import Model
from .reasoning import thinking_in
from .refusals import refuse

Json = dict[str, Any]

_GUARDRAIL = re.compile(
    r"[a-z0-9]+|arn:aws(-[^:]+)?:bedrock:[a-z0-9-]{1,20}:[0-9]{12}:guardrail/[a-z0-9]+"
)
_VERSION = re.compile(r"[1-9][0-9]{0,7}|DRAFT")
_TOOL_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")
_SMALLEST_BUDGET = 1_024
_EFFORTS = frozenset(["none", "minimal", "low", "medium", "high", "xhigh", "max"])

# What additionalModelRequestFields may hold, and the ability that each needs.
_FIELDS = {
    "thinking": "thinking",
    "reasoning_config": "thinking",
    "output_config": "thinking",
    "reasoning_effort": "effort",
    "reasoningConfig": "config",
}
_PASSED_ON = frozenset(["top_k", "topK", "k", "anthropic_beta", "inferenceConfig", "seed"])


def check_fields(body: Json, model: Model) -> None:
    """Raises ServiceError (ValidationException) for the first rule that is broken."""
    _check_inference(body.get("inferenceConfig") or {}, model)
    _check_tools(body.get("toolConfig") or {}, model)
    _check_guardrail(body.get("guardrailConfig"))
    _check_metadata(body.get("requestMetadata"))
    fields = body.get("additionalModelRequestFields") or {}
    _check_additional(fields, model)
    if thinking := thinking_in(fields):
        _check_thinking(thinking, fields, body)


def _check_inference(config: Json, model: Model) -> None:
    for name, smallest, largest in (
        ("maxTokens", 1, None),
        ("temperature", 0, 1),
        ("topP", 0, 1),
    ):
        value = config.get(name)
        if value is None:
            continue
        if value < smallest:
            _refuse_value(value, name, f"greater than or equal to {smallest}")
        if largest is not None and value > largest:
            _refuse_value(value, name, f"less than or equal to {largest}")
    if config.get("maxTokens", 0) > model.max_output:
        refuse(
            f"The maximum tokens you requested exceeds the model limit of {model.max_output}. "
            f"Try again with a maximum tokens value that is lower than {model.max_output}."
        )
    sequences = config.get("stopSequences") or []
    if len(sequences) > 2_500:
        _refuse_value("[...]", "stopSequences", "a length less than or equal to 2500")
    if not all(sequence.strip() for sequence in sequences):
        refuse("stop_sequences: each stop sequence must contain non-whitespace")


def _check_tools(config: Json, model: Model) -> None:
    if not config:
        return
    if not model.can("tools"):
        refuse("This model doesn't support tool use.")
    tools = config.get("tools") or []
    if not tools:
        refuse("The toolConfig field must have at least one tool.")
    names = [tool["toolSpec"]["name"] for tool in tools if "toolSpec" in tool]
    for name in names:
        if not _TOOL_NAME.fullmatch(name):
            refuse(f"The name {name} of a tool must match [a-zA-Z0-9_-]{{1,64}}.")
    if len(set(names)) < len(names):
        refuse("tools: Tool names must be unique.")


def _check_guardrail(config: Json | None) -> None:
    if config is None:
        return
    identifier = str(config.get("guardrailIdentifier") or "")
    version = str(config.get("guardrailVersion") or "")
    if not _GUARDRAIL.fullmatch(identifier) or not _VERSION.fullmatch(version):
        refuse("The guardrail identifier or version provided in the request does not exist.")
    if config.get("trace", "disabled") not in ("enabled", "disabled", "enabled_full"):
        refuse("The trace of guardrailConfig must be enabled, disabled or enabled_full.")
    if config.get("streamProcessingMode", "sync") not in ("sync", "async"):
        refuse("The streamProcessingMode of guardrailConfig must be sync or async.")


def _check_metadata(metadata: Json | None) -> None:
    if metadata is not None and not 1 <= len(metadata) <= 16:
        refuse("requestMetadata must have between 1 and 16 members.")


def _check_additional(fields: Json, model: Model) -> None:
    for name in fields:
        needed = _FIELDS.get(name)
        known = model.can(needed) if needed else name in _PASSED_ON
        if not known:
            refuse(
                f"Malformed input request: #: extraneous key [{name}] is not permitted, please "
                "reformat your input and try again."
            )
    config = fields.get("reasoningConfig") or {}
    for effort in (
        fields.get("reasoning_effort"),
        config.get("maxReasoningEffort"),
        (fields.get("output_config") or {}).get("effort"),
    ):
        if effort is not None and effort not in _EFFORTS:
            refuse(f"Malformed input request: {effort} is not an effort that is known.")


def _check_thinking(thinking: Json, fields: Json, body: Json) -> None:
    """Thinking excludes what would steer it, and needs room to think and to answer."""
    config = body.get("inferenceConfig") or {}
    if thinking["type"] == "enabled":
        budget = thinking.get("budget_tokens")
        if not isinstance(budget, int) or budget < _SMALLEST_BUDGET:
            refuse(
                "thinking.enabled.budget_tokens: Input should be greater than or equal to "
                f"{_SMALLEST_BUDGET}"
            )
        if config.get("maxTokens", budget + 1) <= budget:
            refuse("`max_tokens` must be greater than `thinking.budget_tokens`.")
    if config.get("temperature", 1) != 1:
        refuse("`temperature` may only be set to 1 when thinking is enabled.")
    if "topP" in config:
        refuse("`top_p` must be unset when thinking is enabled.")
    if "top_k" in fields:
        refuse("`top_k` must be unset when thinking is enabled.")
    messages = body["messages"]
    if messages[-1]["role"] == "assistant":
        refuse("messages: The beginning of an answer can't be given when thinking is enabled.")
    answers_tools = any("toolResult" in block for block in messages[-1]["content"])
    if answers_tools and "reasoningContent" not in messages[-2]["content"][0]:
        refuse(
            f"messages.{len(messages) - 2}.content.0.type: Expected `thinking` or "
            "`redacted_thinking`, but found another block, when thinking is enabled."
        )
    if (body.get("toolConfig") or {}).get("toolChoice", {}).keys() & {"any", "tool"}:
        refuse("Thinking may not be enabled when tool_choice forces tool use.")


def _refuse_value(value: object, name: str, rule: str) -> NoReturn:
    refuse(
        f"1 validation error detected: Value '{value}' at 'inferenceConfig.{name}' failed to "
        f"satisfy constraint: Member must have value {rule}"
    )
