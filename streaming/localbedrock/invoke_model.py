"""InvokeModel: the document of Converse in the provider's own form."""

from . import frames
from .converse import Converse
from .native import dialect_of
from .native.marks import guardrail_marks

# What the service says of the usage beside the body.
_COUNTS = {
    "inputTokens": "x-amzn-bedrock-input-token-count",
    "outputTokens": "x-amzn-bedrock-output-token-count",
    "cacheReadInputTokens": "x-amzn-bedrock-cache-read-input-token-count",
    "cacheWriteInputTokens": "x-amzn-bedrock-cache-write-input-token-count",
}


class InvokeModel(Converse):
    def body(self) -> bytes:
        document = self.folded.document()
        if "output" not in document:
            return frames.dump({})
        # An answer that is to break off has no reason yet; half of its document is sent.
        document = {"stopReason": "end_turn"} | document
        # An answer that is to break off has no reason yet; half of its document is sent.
        document = {"stopReason": "end_turn"} | document
        whole = dialect_of(self.call).whole(document, self.call)
        return frames.dump(whole | guardrail_marks(self.call, document))

    def headers(self) -> list[tuple[str, str]]:
        document = self.folded.document()
        usage, metrics = document.get("usage") or {}, document.get("metrics") or {}
        told = [(header, str(usage[name])) for name, header in _COUNTS.items() if name in usage]
        if "latencyMs" in metrics:
            told.append(("x-amzn-bedrock-invocation-latency", str(metrics["latencyMs"])))
        return [*super().headers(), *told]
