"""What the service itself adds to a provider's JSON."""

from typing import Any

from ..history import Call

Json = dict[str, Any]

METRICS = "amazon-bedrock-invocationMetrics"


def invocation_metrics(metadata: Json) -> Json:
    """The last chunk's figures, from the members of the event `metadata`."""
    usage = metadata.get("usage") or {}
    latency = (metadata.get("metrics") or {}).get("latencyMs", 0)
    figures = {
        "inputTokenCount": usage.get("inputTokens", 0),
        "outputTokenCount": usage.get("outputTokens", 0),
        "invocationLatency": latency,
        "firstByteLatency": latency // 2,
    }
    for name, member in (
        ("cacheReadInputTokenCount", "cacheReadInputTokens"),
        ("cacheWriteInputTokenCount", "cacheWriteInputTokens"),
    ):
        if member in usage:
            figures[name] = usage[member]
    return {METRICS: figures}


def guardrail_marks(call: Call, document: Json) -> Json:
    """Whether the guardrail of this call intervened, and its trace where it was asked for."""
    intervened = document.get("stopReason") == "guardrail_intervened"
    if not (intervened or call.body.get("guardrailConfig")):
        return {}
    marks: Json = {"amazon-bedrock-guardrailAction": "INTERVENED" if intervened else "NONE"}
    if trace := document.get("trace"):
        marks["amazon-bedrock-trace"] = trace
    return marks
