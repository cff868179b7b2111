"""What is more than text, in a request: attachments, reasoning, tools. Whole or not at all."""

import itertools
from typing import Any

import pytest
from botocore.validate import ParamValidator
from hypothesis import given
from hypothesis import strategies as st

from streaming.context import Block, TooLong, Turn, build
from streaming.context.sizes import IMAGE_TOKENS, PAGE_TOKENS, block_tokens
from streaming.localbedrock.models import Model
from streaming.localbedrock.validation import check_conversation
from tests.test_context import LARGE, SMALL, converse_input, facts, ratios, squeezes, texts, words

pytestmark = pytest.mark.nodb

TOOLS = {"tools": [{"toolSpec": {"name": "t", "inputSchema": {"json": {}}}}]}
IMAGE: Block = {"image": {"format": "png", "source": {"bytes": b"\x89PNG"}}}
DOCUMENT: Block = {
    "document": {"format": "txt", "name": "document 1", "source": {"bytes": b"some text"}}
}


def thought(text: str = "Let me think.") -> Block:
    return {"reasoningContent": {"reasoningText": {"text": text, "signature": "c2ln"}}}


def use(tool: str = "a", **more: Any) -> Block:
    return {"toolUse": {"toolUseId": tool, "name": "t", "input": {"x": 1}, **more}}


def result(tool: str = "a", text: str = "42") -> Block:
    return {"toolResult": {"toolUseId": tool, "content": [{"text": text}]}}


ids = st.sampled_from("abc")
blocks = st.one_of(
    st.builds(lambda text: {"text": text}, texts),
    st.builds(thought, st.text(max_size=5)),
    st.just({"reasoningContent": {"redactedContent": b"\0secret"}}),
    st.builds(use, ids),
    st.builds(lambda tool: use(tool, type="server_tool_use"), ids),
    st.just({"toolUse": {"toolUseId": "a", "name": "t", "rawInput": "{"}}),
    st.builds(result, ids, st.sampled_from(["", "42", words(300)])),
    st.just({"citationsContent": {"content": [{"text": "cited"}], "citations": []}}),
    st.just({"SDK_UNKNOWN_MEMBER": {"name": "video"}}),
)
turns = st.builds(
    Turn,
    st.sampled_from(["user", "assistant"]),
    texts,
    st.sampled_from([False, False, False, True]),
    st.lists(blocks, max_size=4).map(tuple),
)
# A model asks its tools several times before it answers: pairs that belong together.
loops = st.builds(
    lambda size, times: [
        Turn("user", words(size)),
        *itertools.chain.from_iterable(
            (Turn("assistant", "", blocks=(thought(), use())), Turn("user", "", blocks=(result(),)))
            for _ in range(times)
        ),
        Turn("assistant", words(size)),
    ],
    st.integers(1, 200),
    st.integers(0, 3),
)
histories = st.builds(
    lambda before, last: [*itertools.chain.from_iterable(before), last],
    st.lists(st.one_of(loops, turns.map(lambda turn: [turn])), max_size=8),
    # How many files a request may have, and what they are called, is told by streaming/attached.py.
    st.builds(
        lambda many, files: Turn("user", "Now?", blocks=(*many, *files)),
        st.lists(blocks, max_size=3),
        st.sampled_from([(), (IMAGE,), (DOCUMENT,), (DOCUMENT, IMAGE)]),
    ),
)


@given(histories, facts, st.booleans(), ratios, squeezes)
def test_whatever_blocks_a_history_has_its_request_is_one_that_the_service_takes(
    history: list[Turn], model: Any, tools: bool, ratio: float, squeeze: float
) -> None:
    """R19, R71: tool use and result, reasoning and what follows it are never parted."""
    try:
        context = build(history, model=model, ratio=ratio, squeeze=squeeze, tools=tools)
    except TooLong:
        return
    arguments = context.request.as_converse() | ({"toolConfig": TOOLS} if tools else {})
    report = ParamValidator().validate(arguments, converse_input())
    assert not report.has_errors(), report.generate_report()
    check_conversation(arguments, Model("local.x", "x", window=10**9, max_output=64_000))

    messages = arguments["messages"]
    for before, message, after in zip(
        [None, *messages], messages, [*messages[1:], None], strict=False
    ):
        content = message["content"]
        uses, results = ids_in(message, "toolUse"), ids_in(message, "toolResult")
        if message["role"] == "user":
            assert not uses
            assert results <= ids_in(before, "toolUse")
        else:
            assert uses - results <= ids_in(after, "toolResult")
            assert results <= uses
            assert "reasoningContent" not in content[-1]
    given_blocks = [block for turn in history for block in turn.blocks]
    for block in (block for message in messages for block in message["content"]):
        assert "text" in block or block in given_blocks  # unchanged, signature and all


def ids_in(message: Any, kind: str) -> set[str]:
    return {
        block[kind]["toolUseId"] for block in (message or {}).get("content", ()) if kind in block
    }


@given(st.lists(loops, min_size=3, max_size=12))
def test_trimming_cuts_between_exchanges_and_never_within_one(exchanges: list[list[Turn]]) -> None:
    """R71"""
    history = [*itertools.chain.from_iterable(exchanges), Turn("user", "Now?")]
    context = build(history, model=SMALL, tools=True)
    first = context.request.messages[0]
    assert first["role"] == "user"
    assert first["content"][0].keys() == {"text"}
    starts = [exchange[0].text for exchange in exchanges] + ["Now?"]
    assert first["content"][0]["text"].strip() in starts


def test_an_attachment_comes_before_the_text_that_speaks_of_it() -> None:
    history = [Turn("user", "What is this?", blocks=(IMAGE, DOCUMENT))]
    context = build(history, model=LARGE)
    assert context.request.messages == [
        {"role": "user", "content": [IMAGE, DOCUMENT, {"text": "What is this?"}]}
    ]
    assert context.estimated_input_tokens > IMAGE_TOKENS


def test_a_document_without_a_word_is_sent_with_one() -> None:
    request = build([Turn("user", " ", blocks=(DOCUMENT,))], model=LARGE).request
    assert request.messages[0]["content"][1]["text"].strip()


def test_reasoning_goes_back_before_its_text_as_it_came() -> None:
    """R70"""
    said = (thought(), {"text": "42"})
    history = [Turn("user", "?"), Turn("assistant", "42", blocks=said), Turn("user", "Sure?")]
    assert build(history, model=LARGE).request.messages[1]["content"] == list(said)


def test_an_answer_of_reasoning_alone_is_not_sent() -> None:
    """R19"""
    history = [Turn("user", "?"), Turn("assistant", "", blocks=(thought(),)), Turn("user", "Well?")]
    context = build(history, model=LARGE)
    assert [message["role"] for message in context.request.messages] == ["user"]
    assert context.left_out == 0


def test_a_tool_that_nobody_answered_is_left_out_with_the_reasoning_for_it() -> None:
    """R19, R71: the text that was shown stays."""
    said = (thought(), {"text": "Let me look."}, use())
    history = [Turn("user", "?"), Turn("assistant", "", blocks=said), Turn("user", "Well?")]
    for tools in (True, False):
        messages = build(history, model=LARGE, tools=tools).request.messages
        assert messages[1]["content"] == [{"text": "Let me look."}]


def test_what_the_service_ran_by_itself_stays_in_its_answer() -> None:
    """R71"""
    said = (use(type="server_tool_use"), result(), {"text": "42"})
    history = [Turn("user", "?"), Turn("assistant", "42", blocks=said), Turn("user", "Sure?")]
    sent = build(history, model=LARGE, tools=True).request.messages[1]["content"]
    assert sent == list(said)


def test_what_a_model_asked_of_its_tools_counts_with_the_question() -> None:
    history = [
        Turn("user", "Look it up."),
        Turn("assistant", "", blocks=(use(),)),
        Turn("user", "", blocks=(result(text=words(5_000)),)),
    ]
    with pytest.raises(TooLong) as caught:
        build(history, model=SMALL, tools=True)
    assert caught.value.message_tokens > 5_000


def test_a_block_has_a_size_before_anybody_counted_it() -> None:
    pages = b"".join(b"<< /Type /Page >>" for _ in range(3))
    pdf = {"document": {"format": "pdf", "name": "d", "source": {"bytes": b"%PDF" + pages}}}
    assert 3 * PAGE_TOKENS <= block_tokens(pdf) < 3 * PAGE_TOKENS + 50
    assert block_tokens({"text": "word"}) < block_tokens(thought(words(100)))
    assert block_tokens(result(text=words(100))) > 100
    assert block_tokens({"SDK_UNKNOWN_MEMBER": {"name": "video"}}) > 0
    known = build([Turn("user", "?", blocks=(IMAGE,), blocks_tokens=100)], model=LARGE)
    assert known.estimated_input_tokens < IMAGE_TOKENS
