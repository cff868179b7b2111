"""What blocks a message may have, by their place and by what the model can do."""

import pytest

from streaming.localbedrock import Answer
from streaming.localbedrock.reasoning import signature_of
from streaming.localbedrock.samples import picture

from .reading import MODEL, ask, assistant, read, text_of, user

pytestmark = pytest.mark.nodb

TITAN = "amazon.titan-text-premier-v1:0"
NOVA_MICRO = "amazon.nova-micro-v1:0"
CLAUDE_3 = "anthropic.claude-3-haiku-20240307-v1:0"
DEEPSEEK = "us.deepseek.r1-v1:0"
POINT = {"cachePoint": {"type": "default"}}
TEXT = {"text": "Hello"}


def image(data=None, form="png"):
    return {"image": {"format": form, "source": {"bytes": data or picture()}}}


def document(name="document 1", data=b"tea", form="txt"):
    return {"document": {"format": form, "name": name, "source": {"bytes": data}}}


def thought(text="Hm.", signature=None):
    signature = signature_of(text) if signature is None else signature
    said = {"text": text} | ({"signature": signature} if signature else {})
    return {"reasoningContent": {"reasoningText": said}}


def asked(*blocks):
    return [{"role": "user", "content": list(blocks)}]


def answered(*blocks):
    return [user("a"), {"role": "assistant", "content": list(blocks)}, user("b")]


@pytest.mark.parametrize(
    "request_",
    [
        {"messages": asked(image(), TEXT)},
        {"messages": asked(*[image()] * 20, TEXT)},
        {"messages": asked(*(document(f"document {n}") for n in range(5)), TEXT)},
        {"messages": asked(document("A (draft) [2] - x"), TEXT)},
        {"messages": answered(thought(), TEXT)},
        {"messages": answered(thought("", "s"), TEXT)},
        {"messages": answered({"reasoningContent": {"redactedContent": b"x"}}, TEXT)},
        {"messages": answered(TEXT, POINT), "system": [TEXT, POINT]},
        {"messages": asked(TEXT, {"cachePoint": {"type": "default", "ttl": "1h"}})},
    ],
)
def test_what_is_allowed_is_taken(client, endpoint, request_):
    endpoint.enqueue(Answer("fine"))
    assert text_of(read(ask(client, **request_))) == "fine"


@pytest.mark.parametrize(
    ("messages", "words"),
    [
        (asked(*[image()] * 21, TEXT), "more than 20 images"),
        (asked(image(b"\x89PNG" + bytes(3_932_161)), TEXT), "exceeds the maximum size of 3.75 MB"),
        (asked(image(b"GIF89a"), TEXT), "it is no png"),
        (answered(image(), TEXT), "allowed in user messages only"),
        (asked(*(document(f"document {n}") for n in range(6)), TEXT), "more than 5 documents"),
        (asked(document(data=bytes(4_718_593)), TEXT), "exceeds the maximum size of 4.5 MB"),
        (asked(document("report.txt"), TEXT), "can only contain alphanumeric characters"),
        (asked(document("a  b"), TEXT), "can only contain alphanumeric characters"),
        (asked(document("a"), document("a"), TEXT), "Document names must be unique"),
        (asked(document()), "must have a text block, too"),
        (answered(document(), TEXT), "allowed in user messages only"),
        (asked(POINT, TEXT), "must follow a block that can be cached"),
        (asked(TEXT, POINT, POINT), "must follow a block that can be cached"),
        (answered(thought(), POINT, TEXT), "must follow a block that can be cached"),
        (asked(*[TEXT, POINT] * 5), "A maximum of 4 cachePoint blocks"),
        (answered(thought()), "final block in an assistant message cannot be `thinking`"),
        (answered(thought(signature=""), TEXT), "thinking.signature: Field required"),
        (answered(thought("Hm?", signature_of("Hm.")), TEXT), "Invalid `signature`"),
        (asked(thought(), TEXT), "allowed in assistant messages only"),
        (
            answered({"citationsContent": {"content": [{"text": " "}], "citations": []}}),
            "CitationGeneratedContent object at messages.1.content.0.0 is blank",
        ),
    ],
)
def test_what_is_not_is_refused(client, endpoint, messages, words):
    assert words in refused(client, messages=messages)


def refused(client, **request):
    with pytest.raises(client.exceptions.ValidationException) as caught:
        ask(client, **request)
    return caught.value.response["Error"]["Message"]


@pytest.mark.parametrize(
    ("model", "request_", "words"),
    [
        (TITAN, {"system": [TEXT]}, "doesn't support system messages"),
        (TITAN, {"messages": asked(document(), TEXT)}, "doesn't support the document content"),
        (NOVA_MICRO, {"messages": asked(image(), TEXT)}, "doesn't support the image content"),
        (NOVA_MICRO, {"messages": asked(document(), TEXT)}, "doesn't support the document"),
        (CLAUDE_3, {"messages": answered(thought(), TEXT)}, "doesn't support the reasoningContent"),
        (CLAUDE_3, {"system": [TEXT, POINT]}, "did not allow prompt caching"),
        (DEEPSEEK, {"messages": answered(thought(), TEXT)}, "doesn't support the signature"),
        (DEEPSEEK, {"messages": answered(thought(" ", ""), TEXT)}, "ReasoningTextBlock object"),
        (DEEPSEEK, {"messages": [user("a"), assistant("b")]}, "does not support assistant message"),
    ],
)
def test_each_model_has_its_own_limits(client, endpoint, model, request_, words):
    assert words in refused(client, model=model, **request_)


def test_a_model_that_reasons_without_signatures_takes_it_back_without(client, endpoint):
    endpoint.enqueue(Answer("fine"))
    messages = answered(thought(signature=""), TEXT)
    assert text_of(read(ask(client, model=DEEPSEEK, messages=messages))) == "fine"


def test_reasoning_comes_back_as_it_was(client, endpoint):
    """R70: what was streamed, sent back unchanged, is taken."""
    fields = {"thinking": {"type": "enabled", "budget_tokens": 1_024}}
    config = {"maxTokens": 4_000}
    more = {"additionalModelRequestFields": fields, "inferenceConfig": config}
    content = client.converse(modelId=MODEL, messages=[user("a")], **more)["output"]["message"]
    messages = [user("a"), content, user("b")]
    assert "demonstration" in text_of(read(ask(client, messages=messages, **more)))


@pytest.mark.parametrize("block", [{"text": "a", "image": {}}, {"image": {"format": "png"}}])
def test_what_the_sdk_itself_refuses_is_refused_here_too(make_client, endpoint, block):
    client = make_client(parameter_validation=False)
    assert "messages.0.content.0" in refused(client, messages=asked(block))
