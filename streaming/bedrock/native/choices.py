"""Chat completions, the form that OpenAI gave them: imported models, and Mistral's later ones."""

from streaming.bedrock.loose import Json, count, items, mapping, string
from streaming.bedrock.native.dialect import Said, TextDialect, sampling
from streaming.bedrock.native.mistral import STOP_REASONS
from streaming.bedrock.native.prompts import plain_text
from streaming.bedrock.request import Request


class Choices(TextDialect):
    """Counts can come in the chunk of the end, or in one of their own after it."""

    goes_on = False
    stop_reasons = STOP_REASONS

    def request(self, request: Request) -> Json:
        system = [{"role": "system", "content": request.system}] if request.system else []
        said = [
            {"role": message["role"], "content": plain_text(message["content"])}
            for message in request.messages
        ]
        body: Json = {"messages": [*system, *said], "max_tokens": request.max_tokens}
        body.update(sampling(request))
        return body

    def read(self, document: Json) -> Said | None:
        if "choices" not in document:
            return None
        choice = next((c for c in items(document["choices"]) if c.get("index", 0) == 0), {})
        message = mapping(choice.get("delta") or choice.get("message"))
        usage = mapping(document.get("usage"))
        text = string(message.get("content"))
        return Said(
            # The models of a plain prompt have the text in the choice itself.
            text=string(choice.get("text")) if text is None else text,
            stop=string(choice.get("finish_reason")) or string(choice.get("stop_reason")),
            input_tokens=count(usage.get("prompt_tokens")),
            output_tokens=count(usage.get("completion_tokens")),
        )
