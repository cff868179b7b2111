"""Which dialect a model speaks, by the beginning of its id."""

import re
from typing import Final

from streaming.bedrock.catalogue import bare
from streaming.bedrock.errors import BedrockError
from streaming.bedrock.native.anthropic_messages import AnthropicMessages
from streaming.bedrock.native.anthropic_text import AnthropicText
from streaming.bedrock.native.choices import Choices
from streaming.bedrock.native.cohere_command import CohereCommand
from streaming.bedrock.native.cohere_command_r import CohereCommandR
from streaming.bedrock.native.dialect import Dialect
from streaming.bedrock.native.jamba import Jamba
from streaming.bedrock.native.jurassic import Jurassic
from streaming.bedrock.native.llama import Llama2, Llama3, Llama4
from streaming.bedrock.native.mistral import Mistral
from streaming.bedrock.native.nova import Nova
from streaming.bedrock.native.titan import Titan

DIALECTS: Final[dict[str, type[Dialect]]] = {
    "ai21.j2-": Jurassic,
    "ai21.jamba-": Jamba,
    "amazon.nova-": Nova,
    "amazon.titan-t": Titan,
    "anthropic.claude": AnthropicMessages,
    "anthropic.claude-instant": AnthropicText,
    "anthropic.claude-v": AnthropicText,
    "cohere.command-light-text": CohereCommand,
    "cohere.command-r": CohereCommandR,
    "cohere.command-text": CohereCommand,
    "meta.llama2": Llama2,
    "meta.llama3": Llama3,
    "meta.llama4": Llama4,
    "mistral.mistral-7b": Mistral,
    "mistral.mistral-large-2402": Mistral,
    "mistral.mistral-large-2407": Choices,
    "mistral.mistral-small": Mistral,
    "mistral.mixtral": Mistral,
    "mistral.pixtral": Choices,
}
# Models of one's own: whatever they are, they take chat completions.
_IMPORTED: Final = re.compile(r"arn:[^/]*:(?:imported-model|endpoint)/")


def dialect_of(model_id: str) -> type[Dialect]:
    """The dialect of the longest beginning that fits; ids with a region and ARNs are taken too.

    Raises BedrockError ("unsupported_model") for a model whose dialect is not known here.
    """
    if _IMPORTED.match(model_id):
        return Choices
    name = bare(model_id)
    prefix = max((prefix for prefix in DIALECTS if name.startswith(prefix)), key=len, default=None)
    if prefix is None:
        raise BedrockError("unsupported_model", cause=f"no dialect of its own is known for {name}")
    return DIALECTS[prefix]
