"""The dialects of plain text: what goes in, what comes out, and how it ends."""

import json
from contextlib import closing

import pytest
from urllib3.exceptions import ProtocolError

from streaming.localbedrock import Answer, Controlled, Cut

from .invoking import chunks, refusal, stream, whole

pytestmark = pytest.mark.nodb

METRICS = "amazon-bedrock-invocationMetrics"
LLAMA_3 = (
    "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nBe kind.<|eot_id|>"
    "<|start_header_id|>user<|end_header_id|>\n\nHello<|eot_id|>"
    "<|start_header_id|>assistant<|end_header_id|>\n\nHi<|eot_id|>"
    "<|start_header_id|>user<|end_header_id|>\n\nWho?<|eot_id|>"
    "<|start_header_id|>assistant<|end_header_id|>\n\n"
)
LLAMA_2 = "<s>[INST] <<SYS>>\nBe kind.\n<</SYS>>\n\nHello [/INST] Hi </s><s>[INST] Who? [/INST]"
MISTRAL = "<s>[INST] Hello [/INST] Hi</s>[INST] Who? [/INST]"
CLAUDE = "Be kind.\n\nHuman: Hello\n\nAssistant: Hi\n\nHuman: Who?\n\nAssistant:"
CHAT = [
    {"role": "system", "content": "Be kind."},
    {"role": "user", "content": "Hello"},
    {"role": "assistant", "content": "Hi"},
    {"role": "user", "content": "Who?"},
]
COHERE = [{"role": "USER", "message": "Hello"}, {"role": "CHATBOT", "message": "Hi"}]

# model: a request, and the name of its limit on tokens
REQUESTS = {
    "meta.llama3-8b-instruct-v1:0": ({"prompt": LLAMA_3}, "max_gen_len"),
    "meta.llama2-13b-chat-v1": ({"prompt": LLAMA_2}, "max_gen_len"),
    "mistral.mistral-7b-instruct-v0:2": ({"prompt": MISTRAL}, "max_tokens"),
    "anthropic.claude-v2:1": (
        {"prompt": CLAUDE, "max_tokens_to_sample": 500},
        "max_tokens_to_sample",
    ),
    "cohere.command-text-v14": (
        {"prompt": "User: Hello\nChatbot: Hi\nUser: Who?\nChatbot:"},
        "max_tokens",
    ),
    "cohere.command-r-v1:0": (
        {"message": "Who?", "chat_history": COHERE, "preamble": "Be kind."},
        "max_tokens",
    ),
    "ai21.jamba-1-5-mini-v1:0": ({"messages": CHAT}, "max_tokens"),
    "us.deepseek.r1-v1:0": ({"messages": CHAT}, "max_tokens"),
    "mistral.mistral-large-2407-v1:0": ({"messages": CHAT}, "max_tokens"),
    "amazon.titan-text-express-v1": (
        {"inputText": "User: Hello\nBot: Hi\nUser: Who?\nBot:"},
        "maxTokenCount",
    ),
}
JURASSIC = "ai21.j2-mid-v1"
WITHOUT_SYSTEM = ("mistral.mistral-7b", "cohere.command-text", "amazon.titan")


def limited(model, tokens):
    body, name = REQUESTS[model]
    if model.startswith("amazon.titan"):
        return body | {"textGenerationConfig": {name: tokens}}
    return body | {name: tokens}


def told(chunk):
    """The text of a chunk, and the word with which it ends."""
    match chunk:
        case {"generation": text, "stop_reason": reason}:
            return text, reason
        case {"outputs": [{"text": text, "stop_reason": reason}]}:
            return text, reason
        case {"completion": text, "stop_reason": reason}:
            return text, reason
        case {"outputText": text, "completionReason": reason}:
            return text, reason
        case {"choices": [{"delta": delta, "finish_reason": reason}]}:
            return delta["content"], reason
        case {"is_finished": False, "text": text}:
            return text, None
        case {"is_finished": True, "finish_reason": reason}:
            return "", reason
    raise AssertionError(chunk)


@pytest.mark.parametrize("model", REQUESTS)
def test_a_stream_says_the_answer_piece_by_piece(client, endpoint, model):
    endpoint.enqueue(Answer("Hello, my dear alice."))
    found = chunks(client, model, limited(model, 100))
    assert "".join(told(chunk)[0] for chunk in found) == "Hello, my dear alice."
    assert len(found) > 3
    assert [told(chunk)[1] for chunk in found[:-1]] == [None] * (len(found) - 1)
    figures = found[-1][METRICS]
    assert figures["outputTokenCount"] == 6
    assert figures["inputTokenCount"] > 0
    assert all(METRICS not in chunk for chunk in found[:-1])


@pytest.mark.parametrize("model", [*REQUESTS, JURASSIC])
def test_the_prompt_is_taken_apart_into_turns(client, endpoint, model):
    """R75: what a test sees of a request is what the model would take for turns."""
    body = {"prompt": "User: Hello\nAssistant: Hi\nUser: Who?\nAssistant:"}
    if model in REQUESTS:
        body = REQUESTS[model][0]
    endpoint.enqueue(Answer("Bob."))
    whole(client, model, body)
    call = endpoint.history[-1]
    turns = [(m["role"], [block["text"] for block in m["content"]]) for m in call.messages]
    assert turns == [("user", ["Hello"]), ("assistant", ["Hi"]), ("user", ["Who?"])]
    assert call.system_text == ("" if model.startswith((*WITHOUT_SYSTEM, JURASSIC)) else "Be kind.")


ENDS = {
    "meta": ("stop", "length", "stop"),
    "mistral.mistral-7b": ("stop", "length", "content_filter"),
    "mistral.mistral-large": ("stop", "length", "content_filter"),
    "anthropic": ("stop_sequence", "max_tokens", "refusal"),
    "cohere": ("COMPLETE", "MAX_TOKENS", "ERROR_TOXIC"),
    "ai21": ("stop", "length", "content_filter"),
    "us.deepseek": ("stop", "length", "content_filter"),
    "amazon": ("FINISH", "LENGTH", "CONTENT_FILTERED"),
}


@pytest.mark.parametrize("model", REQUESTS)
def test_each_end_has_its_word(client, endpoint, model):
    expected = next(words for prefix, words in ENDS.items() if model.startswith(prefix))
    answers = (Answer("one"), Answer("x" * 50), Answer("one", stop_reason="content_filtered"))
    for answer, word in zip(answers, expected, strict=True):
        endpoint.enqueue(answer, times=2)
        found = chunks(client, model, limited(model, 5))
        assert told(found[-1])[1] == word
        assert f'"{word}"' in json.dumps(whole(client, model, limited(model, 5)))


@pytest.mark.parametrize("model", REQUESTS)
def test_an_empty_answer_has_an_end(client, endpoint, model):
    endpoint.enqueue(Answer(""))
    [last] = chunks(client, model, limited(model, 100))
    assert told(last)[0] == ""
    assert told(last)[1]
    assert METRICS in last


@pytest.mark.parametrize("model", REQUESTS)
def test_what_has_no_words_in_plain_text_is_not_said(client, endpoint, model):
    endpoint.enqueue(Answer("Yes.", reasoning="Is it?", signature="s", redacted=b"x"))
    found = chunks(client, model, limited(model, 100))
    assert "".join(told(chunk)[0] for chunk in found) == "Yes."


@pytest.mark.parametrize("model", REQUESTS)
def test_faults_come_at_their_place(client, endpoint, model):
    endpoint.enqueue(Answer("one two three", then=Cut(), after=2))
    found = []
    events = stream(client, model, limited(model, 100))["body"]
    with closing(events), pytest.raises(ProtocolError):
        found.extend(json.loads(event["chunk"]["bytes"]) for event in events)
    assert [told(chunk) for chunk in found] == [("one", None), (" two", None)]


def test_a_test_can_write_the_answer_step_by_step(client, endpoint):
    """The word of the end comes with the metrics, or without them where there are none."""
    model = "meta.llama3-8b-instruct-v1:0"
    script = endpoint.enqueue(Controlled())
    with closing(stream(client, model, limited(model, 100))["body"]) as events:
        found = (json.loads(event["chunk"]["bytes"]) for event in events)
        script.emit("Hello")
        assert next(found)["generation"] == "Hello"
        script.stop(metadata=False)
        script.end()
        assert list(found) == [
            {
                "generation": "",
                "prompt_token_count": None,
                "generation_token_count": 2,
                "stop_reason": "stop",
            }
        ]


def test_the_models_of_llama_count_as_they_speak(client, endpoint):
    model = "meta.llama2-13b-chat-v1"
    endpoint.enqueue(Answer("one two three four"))
    found = chunks(client, model, limited(model, 100))
    assert found[0]["prompt_token_count"] == found[-1][METRICS]["inputTokenCount"]
    counts = [chunk["generation_token_count"] for chunk in found]
    assert counts == sorted(counts)
    assert counts[-1] == found[-1][METRICS]["outputTokenCount"]


def test_the_end_of_command_r_has_the_whole(client, endpoint):
    model = "cohere.command-r-v1:0"
    endpoint.enqueue(Answer("Hello, bob."))
    last = chunks(client, model, limited(model, 100))[-1]
    assert last["event_type"] == "stream-end"
    assert last["response"]["text"] == "Hello, bob."
    history = last["response"]["chat_history"]
    assert history[-1] == {"role": "CHATBOT", "message": "Hello, bob."}
    assert last["response"]["meta"]["billed_units"]["output_tokens"] == 3


def test_several_answers_of_command_come_mixed(client, endpoint):
    model = "cohere.command-text-v14"
    endpoint.enqueue(Answer("one two"), times=2)
    body = limited(model, 100) | {"num_generations": 2}
    found = chunks(client, model, body)
    assert [(chunk["index"], chunk["text"]) for chunk in found[:-1]] == [
        (0, "one"),
        (1, "one"),
        (0, " two"),
        (1, " two"),
    ]
    assert len(whole(client, model, body)["generations"]) == 2


def test_jurassic_does_not_stream(client, endpoint):
    with pytest.raises(client.exceptions.ValidationException, match="unsupported for streaming"):
        stream(client, JURASSIC, {"prompt": "Hello"})
    with pytest.raises(client.exceptions.ValidationException, match="unsupported for streaming"):
        client.converse_stream(
            modelId=JURASSIC, messages=[{"role": "user", "content": [{"text": "a"}]}]
        )


@pytest.mark.parametrize(
    ("answer", "limit", "reason"),
    [
        (Answer("one"), 100, "endoftext"),
        (Answer("x" * 50), 5, "length"),
        (Answer("one\nUser: two"), 100, "stop"),
        (Answer(""), 100, "endoftext"),
    ],
)
def test_jurassic_answers_as_a_whole(client, endpoint, answer, limit, reason):
    endpoint.enqueue(answer)
    body = {"prompt": "Hello", "maxTokens": limit, "stopSequences": ["\nUser:"]}
    [completion] = whole(client, JURASSIC, body)["completions"]
    assert completion["finishReason"] == {"reason": reason}
    assert completion["data"]["text"] == answer.text[:20].partition("\n")[0]


@pytest.mark.parametrize(
    ("model", "body", "words"),
    [
        ("meta.llama3-8b-instruct-v1:0", {}, "required key [prompt] not found"),
        (
            "meta.llama3-8b-instruct-v1:0",
            {"prompt": "a", "max_tokens": 5},
            "extraneous key [max_tokens] is not permitted, please reformat your input",
        ),
        ("meta.llama2-13b-chat-v1", {"prompt": "a", "max_gen_len": 9_000}, "not less or equal"),
        ("meta.llama2-13b-chat-v1", {"prompt": 5}, "#/prompt: expected type: String, found: Int"),
        ("mistral.mistral-7b-instruct-v0:2", {"prompt": "a", "temperature": 1.5}, "1.5 is not"),
        ("anthropic.claude-v2:1", {"prompt": CLAUDE}, "[max_tokens_to_sample] not found"),
        (
            "anthropic.claude-v2:1",
            {"prompt": "Hello", "max_tokens_to_sample": 5},
            "prompt must start with",
        ),
        (
            "anthropic.claude-v2:1",
            {"prompt": "\n\nHuman: Hello", "max_tokens_to_sample": 5},
            "prompt must end with",
        ),
        ("cohere.command-text-v14", {"prompt": "a", "num_generations": 9}, "9 is not less"),
        ("cohere.command-r-v1:0", {"message": " "}, "at least 1 token long"),
        ("cohere.command-r-v1:0", {"message": "a", "p": 1}, "1 is not less or equal to 0.99"),
        (
            "cohere.command-r-v1:0",
            {"message": "a", "chat_history": [{"role": "user", "message": "b"}]},
            "user is not a valid enum value",
        ),
        ("ai21.jamba-1-5-mini-v1:0", {"messages": [{"role": "user"}]}, "[content] not found"),
        ("ai21.jamba-1-5-mini-v1:0", {"messages": []}, "must start with a user message"),
        (
            "amazon.titan-text-express-v1",
            {"inputText": "a", "textGenerationConfig": {"stopSequences": ["stop"]}},
            "string [stop] does not match pattern",
        ),
        ("meta.llama2-13b-chat-v1", {"prompt": "x" * 20_000}, "too long for requested model"),
    ],
)
def test_a_body_is_checked(client, endpoint, model, body, words):
    assert words in refusal(client, model, body)


@pytest.mark.parametrize(
    ("body", "member"),
    [
        ({"prompt": "<s>[INST] a [/INST]", "max_tokens": 50}, "outputs"),
        ({"prompt": "a", "max_gen_len": 50}, "generation"),
        ({"messages": [{"role": "user", "content": "a"}], "max_tokens": 50}, "choices"),
        ({"inputText": "a"}, "results"),
    ],
)
def test_a_model_behind_an_arn_is_known_by_its_body(client, endpoint, body, member):
    arn = "arn:aws:bedrock:us-east-1:123456789012:imported-model/abcdefghijkl"
    endpoint.enqueue(Answer("Hello"))
    assert member in whole(client, arn, body)


def test_what_is_in_no_form_at_all_is_refused(client, endpoint):
    arn = "arn:aws:bedrock:us-east-1:123456789012:provisioned-model/abcdefghijkl"
    assert refusal(client, arn, {}) == "The body is in no form that this model knows."
