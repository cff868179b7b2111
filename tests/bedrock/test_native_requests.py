"""What a conversation becomes in a provider's dialect, and what no dialect of text can carry."""

from base64 import b64encode
from typing import Any

import pytest

from streaming.bedrock.errors import BedrockError
from streaming.bedrock.events import ReasoningRedacted, ReasoningSignature, Unknown
from streaming.bedrock.native.anthropic_messages import AnthropicMessages
from streaming.bedrock.native.families import DIALECTS, dialect_of
from streaming.bedrock.request import Guardrail, Request

pytestmark = pytest.mark.nodb

CLAUDE = "anthropic.claude-3-7-sonnet-20250219-v1:0"
NOVA = "amazon.nova-lite-v1:0"
PNG = b"\x89PNG\r\n\x1a\n"
CARRIES_BLOCKS = {"AnthropicMessages", "Nova"}
# An id of each dialect, as the table of families has its beginning.
TEXT_ONLY = sorted(
    prefix for prefix, kind in DIALECTS.items() if kind.__name__ not in CARRIES_BLOCKS
)


def body_of(model_id: str, *contents: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    roles = ["user", "assistant"] * len(contents)
    messages = [
        {"role": role, "content": content} for role, content in zip(roles, contents, strict=False)
    ]
    request = Request(model_id=model_id, messages=messages, max_tokens=50, **more)
    return dialect_of(model_id)().request(request)


def document(kind: str, data: bytes, name: str = "Document 1") -> dict[str, Any]:
    return {"document": {"format": kind, "name": name, "source": {"bytes": data}}}


IMAGE = {"image": {"format": "png", "source": {"bytes": PNG}}}
TEXT = {"text": "What is this?"}


def test_anthropic_takes_an_image_as_base64() -> None:
    """R76"""
    body = body_of(CLAUDE, [IMAGE, TEXT])

    assert body["messages"][0]["content"] == [
        {
            "type": "image",
            "source": {
                "type": "base64",
                "media_type": "image/png",
                "data": b64encode(PNG).decode(),
            },
        },
        {"type": "text", "text": "What is this?"},
    ]


def test_anthropic_takes_pages_as_base64_and_text_as_text() -> None:
    """R76"""
    [pages, text, _] = body_of(
        CLAUDE, [document("pdf", b"%PDF-1.4"), document("md", "# Gezeiten ä".encode()), TEXT]
    )["messages"][0]["content"]

    assert pages["source"] == {
        "type": "base64",
        "media_type": "application/pdf",
        "data": b64encode(b"%PDF-1.4").decode(),
    }
    assert pages["title"] == "Document 1"
    assert text["source"] == {"type": "text", "media_type": "text/plain", "data": "# Gezeiten ä"}


def test_nova_takes_what_converse_takes_with_base64_for_bytes() -> None:
    """R76"""
    content = body_of(NOVA, [IMAGE, TEXT])["messages"][0]["content"]

    data = b64encode(PNG).decode()
    assert content[0] == {"image": {"format": "png", "source": {"bytes": data}}}


def test_nova_reads_documents_through_converse_only() -> None:
    """R73, R76"""
    with pytest.raises(BedrockError) as error:
        body_of(NOVA, [document("pdf", b"%PDF-1.4"), TEXT])

    assert error.value.code == "unsupported_attachment"


@pytest.mark.parametrize("kind", ["docx", "doc", "xlsx", "xls"])
def test_a_document_that_anthropic_cannot_read_is_refused(kind: str) -> None:
    """R73, R76"""
    with pytest.raises(BedrockError) as error:
        body_of(CLAUDE, [document(kind, b"PK"), TEXT])

    assert error.value.code == "unsupported_attachment"


@pytest.mark.parametrize("model_id", [CLAUDE, *TEXT_ONLY])
@pytest.mark.parametrize(
    "block",
    [{"video": {"format": "mp4", "source": {"bytes": b"0"}}}, {"quiteNew": {"value": 1}}],
    ids=lambda block: next(iter(block)),
)
def test_a_block_that_nobody_can_carry_is_refused(model_id: str, block: dict[str, Any]) -> None:
    """R73: never left out, or the person would believe that the model has seen it."""
    with pytest.raises(BedrockError) as error:
        body_of(model_id, [block, TEXT])

    assert error.value.code == "unsupported_attachment"


@pytest.mark.parametrize("model_id", TEXT_ONLY)
@pytest.mark.parametrize("block", [IMAGE, document("txt", b"text")], ids=["image", "document"])
def test_a_dialect_of_text_refuses_attachments(model_id: str, block: dict[str, Any]) -> None:
    """R73, R76: also in a message that is not the newest one."""
    with pytest.raises(BedrockError) as error:
        body_of(model_id, [block, TEXT], [{"text": "A picture."}], [TEXT])

    assert error.value.code == "unsupported_attachment"
    assert not error.value.retryable


@pytest.mark.parametrize("model_id", TEXT_ONLY)
def test_a_dialect_of_text_refuses_tools(model_id: str) -> None:
    """R71, R73"""
    use = {"toolUse": {"toolUseId": "t", "name": "n", "input": {}}}

    with pytest.raises(BedrockError) as error:
        body_of(model_id, [TEXT], [use], [TEXT])

    assert error.value.code == "unsupported_model"


def test_reasoning_goes_back_as_anthropic_gave_it() -> None:
    """R70: thought, signature and redacted data, byte by byte, before the text."""
    thoughts: list[dict[str, Any]] = [
        {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "c2ln+/="}}},
        {"reasoningContent": {"redactedContent": b"\x00\xff"}},
        {"text": "Yes."},
    ]

    body = body_of(CLAUDE, [TEXT], thoughts, [TEXT])

    assert body["messages"][1]["content"] == [
        {"type": "thinking", "thinking": "Hm.", "signature": "c2ln+/="},
        {"type": "redacted_thinking", "data": "AP8="},
        {"type": "text", "text": "Yes."},
    ]


def test_redacted_reasoning_that_could_not_go_back_unchanged_is_kept_as_unknown() -> None:
    """R70: bytes of ours make base64 again, and nothing else."""
    blocks = [
        {"type": "redacted_thinking", "data": "AP8="},
        {"type": "redacted_thinking", "data": "not base64"},
        {"type": "redacted_thinking", "data": "AP9="},
        {"type": "thinking", "thinking": "", "signature": "c2ln"},
    ]

    events = list(AnthropicMessages().whole({"content": blocks, "stop_reason": "end_turn"}))

    assert [event for event in events if isinstance(event, ReasoningRedacted)] == [
        ReasoningRedacted(b"\x00\xff", 0)
    ]
    assert [event.kind for event in events if isinstance(event, Unknown)] == [
        "content_block_start.redacted_thinking"
    ] * 2
    assert ReasoningSignature("c2ln", 3) in events


def test_tools_and_their_results_go_back_as_anthropic_has_them() -> None:
    """R71"""
    use = {"toolUse": {"toolUseId": "t1", "name": "tide", "input": {"place": "Dover"}}}
    result = {"toolResult": {"toolUseId": "t1", "content": [{"text": "High"}], "status": "error"}}

    body = body_of(CLAUDE, [TEXT], [use], [result])

    assert body["messages"][1]["content"] == [
        {"type": "tool_use", "id": "t1", "name": "tide", "input": {"place": "Dover"}}
    ]
    assert body["messages"][2]["content"] == [
        {
            "type": "tool_result",
            "tool_use_id": "t1",
            "content": [{"type": "text", "text": "High"}],
            "is_error": True,
        }
    ]


def test_a_cache_point_marks_the_block_before_it() -> None:
    """R112: there it is a mark, here it is a block of its own."""
    point = {"cachePoint": {"type": "default", "ttl": "1h"}}

    content = body_of(CLAUDE, [TEXT, point])["messages"][0]["content"]

    assert content == [
        {
            "type": "text",
            "text": "What is this?",
            "cache_control": {"type": "ephemeral", "ttl": "1h"},
        }
    ]


def test_a_system_prompt_is_marked_for_the_cache_where_the_dialect_has_marks() -> None:
    """R112"""
    asked = {"system": "Be brief.", "cache_system": True}

    assert body_of(CLAUDE, [TEXT], **asked)["system"] == [
        {"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}
    ]
    point = {"cachePoint": {"type": "default"}}
    assert body_of(NOVA, [TEXT], **asked)["system"] == [{"text": "Be brief."} | point]
    content = body_of(NOVA, [point, TEXT, point, TEXT])["messages"][0]["content"]
    assert content == [TEXT | point, TEXT]
    for model_id in TEXT_ONLY:
        assert body_of(model_id, [TEXT], **asked) == body_of(model_id, [TEXT], system="Be brief.")


@pytest.mark.parametrize("model_id", sorted(DIALECTS))
def test_a_guardrail_is_no_part_of_a_body(model_id: str) -> None:
    """R72: it is asked for beside the body, and a provider would refuse what it does not know."""
    guarded = {"guardrail": Guardrail("abc", "1", "async")}

    assert body_of(model_id, [TEXT], **guarded) == body_of(model_id, [TEXT])


@pytest.mark.parametrize("model_id", TEXT_ONLY)
def test_what_says_nothing_is_left_out_of_a_text(model_id: str) -> None:
    """A cache point is no word; the thoughts of a model are for itself alone."""
    thought = {"reasoningContent": {"reasoningText": {"text": "Hm.", "signature": "s"}}}
    cited = {"citationsContent": {"content": [{"text": "It rises."}], "citations": []}}

    body = body_of(model_id, [TEXT, {"cachePoint": {"type": "default"}}], [thought, cited], [TEXT])

    assert body == body_of(model_id, [TEXT], [{"text": "It rises."}], [TEXT])


@pytest.mark.parametrize(
    ("model_id", "end"),
    [
        ("anthropic.claude-v2:1", "\n\nAssistant: The tide"),
        ("amazon.titan-text-express-v1", "\nBot: The tide"),
        ("meta.llama2-13b-chat-v1", " [/INST] The tide"),
        ("meta.llama3-8b-instruct-v1:0", "assistant<|end_header_id|>\n\nThe tide"),
        ("meta.llama4-scout-17b-instruct-v1:0", "assistant<|header_end|>\n\nThe tide"),
        ("cohere.command-text-v14", "\nChatbot: The tide"),
        ("ai21.j2-ultra-v1", "\nAssistant: The tide"),
        ("mistral.mistral-7b-instruct-v0:2", " [/INST] The tide"),
    ],
)
def test_a_prompt_ends_with_the_beginning_of_the_answer(model_id: str, end: str) -> None:
    """R67: so every model of a prompt goes on with it."""
    body = body_of(model_id, [TEXT], [{"text": "The tide"}])

    prompt = body.get("prompt") or body["inputText"]
    assert prompt.endswith(end)
    assert dialect_of(model_id).goes_on


def test_messages_end_with_the_beginning_of_the_answer_where_the_model_takes_it() -> None:
    """R67"""
    for model_id in (CLAUDE, NOVA):
        body = body_of(model_id, [TEXT], [{"text": "The tide"}])
        assert body["messages"][-1]["role"] == "assistant"
        assert dialect_of(model_id).goes_on is None


def test_command_r_cannot_be_asked_to_go_on() -> None:
    """R73: its message is the user's; the engine does not try, and nothing is sent by mistake."""
    with pytest.raises(BedrockError) as error:
        body_of("cohere.command-r-v1:0", [TEXT], [{"text": "The tide"}])

    assert error.value.code == "unsupported_model"
    assert dialect_of("cohere.command-r-v1:0").goes_on is False


@pytest.mark.parametrize(("chosen", "sent"), [(0.0, 0.01), (0.5, 0.5), (1.0, 0.99)])
def test_command_r_gets_no_p_that_it_refuses(chosen: float, sent: float) -> None:
    """R65"""
    assert body_of("cohere.command-r-v1:0", [TEXT], top_p=chosen)["p"] == sent


@pytest.mark.parametrize("model_id", sorted(DIALECTS))
def test_what_nobody_chose_is_not_said(model_id: str) -> None:
    """R65: the limit is always there, sampling only where somebody chose it."""
    plain = str(body_of(model_id, [TEXT]))
    chosen = str(body_of(model_id, [TEXT], temperature=0.25, top_p=0.75))

    assert "50" in plain
    assert "emperature" not in plain
    for value in ("0.25", "0.75"):
        assert value not in plain
        assert value in chosen


def test_the_longest_beginning_decides_and_regions_and_arns_do_not() -> None:
    """R73"""
    arn = "arn:aws:bedrock:eu-west-1:123456789012"
    for model_id, name in {
        "anthropic.claude-v2:1": "AnthropicText",
        "anthropic.claude-instant-v1": "AnthropicText",
        "eu.anthropic.claude-sonnet-4-5-20250929-v1:0": "AnthropicMessages",
        f"{arn}:inference-profile/us.meta.llama3-3-70b-instruct-v1:0": "Llama3",
        "arn:aws:bedrock:us-east-1::foundation-model/cohere.command-r-plus-v1:0": "CohereCommandR",
        "amazon.titan-tg1-large": "Titan",
        f"{arn}:imported-model/abcdefghijkl": "Choices",
        "arn:aws:sagemaker:us-east-1:123456789012:endpoint/mine": "Choices",
    }.items():
        assert dialect_of(model_id).__name__ == name
