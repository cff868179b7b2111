"""What each family of models can do, by the beginning of its id: the endpoint's own table.

It plays the service, so it knows its models itself; what the product believes of them is
checked against it.
"""

from dataclasses import dataclass
from typing import Final

WINDOW: Final = 200_000


@dataclass(frozen=True, slots=True)
class Family:
    """`window` and `max_output` are in tokens; `dialect` is the language of InvokeModel.

    `takes` holds some of: stream, system, images, documents, tools, caching, prefill, count
    (CountTokens), always (reasons unasked), thinking, effort, config (reasons when asked by this
    field), signed (its reasoning carries a signature).
    """

    dialect: str
    window: int
    max_output: int
    takes: frozenset[str]


def _family(dialect: str, window: int, max_output: int, takes: str) -> Family:
    return Family(dialect, window, max_output, frozenset(takes.split()))


_CHAT = "stream system tools"
_CLAUDE_2 = "stream system documents prefill"
_CLAUDE_3 = "stream system tools images documents prefill"
_CLAUDE_4 = "stream system tools images documents caching count thinking signed"
_LLAMA = "stream system tools documents prefill"
_NOVA = "stream system tools images documents caching prefill"
_ANY = "stream system tools images documents caching prefill count thinking effort config signed"

# The longest beginning that fits counts.
FAMILIES: Final[dict[str, Family]] = {
    "local.demonstration-v1": _family("anthropic", WINDOW, 8_192, _ANY),
    "local.demonstration-reasoning-v1": _family("anthropic", WINDOW, 8_192, f"{_ANY} always"),
    "local.demonstration-small-v1": _family("anthropic", 4_096, 1_024, "stream system prefill"),
    # Its own window is its server's business.
    "local.model-v1": _family(
        "", 1_000_000, 128_000, "stream system images documents tools effort"
    ),
    "ai21.j2": _family("jurassic", 8_191, 8_191, "prefill"),
    "ai21.jamba": _family("chat", 256_000, 4_096, f"{_CHAT} documents"),
    "ai21.jamba-instruct": _family("chat", 70_000, 4_096, "stream system"),
    "amazon.nova": _family("nova", 300_000, 10_000, _NOVA),
    "amazon.nova-micro": _family("nova", 128_000, 10_000, "stream system tools caching prefill"),
    "amazon.nova-premier": _family("nova", 1_000_000, 32_000, _NOVA),
    "amazon.nova-2": _family("nova", 1_000_000, 65_536, f"{_NOVA} config"),
    "amazon.titan-text-lite": _family("titan", 4_096, 4_096, "stream documents prefill"),
    "amazon.titan-text-express": _family("titan", 8_192, 8_192, "stream documents prefill"),
    "amazon.titan-text-premier": _family("titan", 32_000, 3_072, "stream prefill"),
    "anthropic.claude": _family("anthropic", WINDOW, 64_000, _CLAUDE_4),
    "anthropic.claude-v2": _family("anthropic text", 100_000, 8_192, _CLAUDE_2),
    "anthropic.claude-v2:1": _family("anthropic text", WINDOW, 8_192, _CLAUDE_2),
    "anthropic.claude-instant": _family("anthropic text", 100_000, 8_192, _CLAUDE_2),
    "anthropic.claude-3-haiku": _family("anthropic", WINDOW, 4_096, f"{_CLAUDE_3} count"),
    "anthropic.claude-3-sonnet": _family("anthropic", WINDOW, 4_096, _CLAUDE_3),
    "anthropic.claude-3-opus": _family("anthropic", WINDOW, 4_096, _CLAUDE_3),
    "anthropic.claude-3-5-sonnet": _family("anthropic", WINDOW, 8_192, f"{_CLAUDE_3} count"),
    "anthropic.claude-3-5-sonnet-20241022": _family(
        "anthropic", WINDOW, 8_192, f"{_CLAUDE_3} caching count"
    ),
    "anthropic.claude-3-5-haiku": _family(
        "anthropic", WINDOW, 8_192, "stream system tools documents prefill caching count"
    ),
    "anthropic.claude-3-7-sonnet": _family("anthropic", WINDOW, 64_000, f"{_CLAUDE_4} prefill"),
    "cohere.command-text": _family("cohere", 4_096, 4_096, "stream prefill"),
    "cohere.command-light-text": _family("cohere", 4_096, 4_096, "stream prefill"),
    "cohere.command-r": _family("cohere chat", 128_000, 4_000, f"{_CHAT} documents"),
    "deepseek.": _family("chat", 128_000, 32_768, f"{_CHAT} always"),
    "deepseek.r1": _family("chat", 128_000, 32_768, "stream system documents always"),
    "google.": _family("chat", 128_000, 8_192, "stream system images"),
    "meta.llama2": _family("llama", 4_096, 2_048, "stream system documents prefill"),
    "meta.llama3": _family("llama", 128_000, 8_192, _LLAMA),
    "meta.llama3-70b": _family("llama", 8_192, 2_048, "stream system documents prefill"),
    "meta.llama3-8b": _family("llama", 8_192, 2_048, "stream system documents prefill"),
    "meta.llama3-2-11b": _family("llama", 128_000, 8_192, f"{_LLAMA} images"),
    "meta.llama3-2-90b": _family("llama", 128_000, 8_192, f"{_LLAMA} images"),
    "meta.llama4": _family("llama", 1_000_000, 8_192, f"{_LLAMA} images"),
    "mistral.": _family("mistral", 128_000, 8_192, f"{_CHAT} documents prefill"),
    "mistral.mistral-7b": _family("mistral", 32_000, 8_192, "stream documents prefill"),
    "mistral.mixtral": _family("mistral", 32_000, 4_096, "stream documents prefill"),
    "mistral.mistral-small-2402": _family("mistral", 32_000, 8_192, f"{_CHAT} prefill"),
    "mistral.mistral-large-2402": _family("mistral", 32_000, 8_192, f"{_CHAT} documents prefill"),
    "mistral.pixtral": _family("chat", 128_000, 8_192, f"{_CHAT} documents images"),
    "openai.gpt-oss": _family("chat", 128_000, 128_000, f"{_CHAT} always effort"),
    "qwen.": _family("chat", 128_000, 32_768, f"{_CHAT} always"),
    "writer.": _family("chat", 128_000, 8_192, f"{_CHAT} documents"),
}

# A provisioned or imported model, whose ARN does not tell what it is, and a family that nobody
# described: nothing is refused on its account.
UNKNOWN: Final = _family("", WINDOW, 64_000, _ANY)


def family_of(name: str) -> Family:
    """The family of a model by its id without region and ARN."""
    prefix = max((prefix for prefix in FAMILIES if name.startswith(prefix)), key=len, default="")
    return FAMILIES.get(prefix, UNKNOWN)
