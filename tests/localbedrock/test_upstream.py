"""A real model behind LOCAL_MODEL_URL: a server of our own plays Ollama, boto3 asks for Bedrock."""

import json
import socket
import threading
from contextlib import closing

import pytest
from botocore.exceptions import ClientError, EventStreamError

from streaming.localbedrock import LocalBedrock
from streaming.localbedrock.samples import picture

from .native.invoking import chunks, whole
from .openai_server import say, serving
from .reading import (
    MODEL,
    ask,
    assistant,
    kinds,
    read,
    read_to_error,
    stop_reason_of,
    text_of,
    user,
)
from .test_validation import TOOLS

pytestmark = pytest.mark.nodb

LOCAL = "local.model-v1:0"


@pytest.fixture
def server():
    with serving() as server:
        yield server


@pytest.fixture
def relayed(server, make_client):
    """A client of an endpoint that passes on to the server."""
    with LocalBedrock(model_url=server.url) as endpoint:
        yield make_client(url=endpoint.url)


def asked_of(client, text="Hello", **more):
    return read(ask(client, text, model=LOCAL, **more))


def test_the_answer_comes_in_the_format_of_bedrock(server, relayed):
    usage = {"prompt_tokens": 12, "completion_tokens": 4, "total_tokens": 16}
    server.play = say("Hello from here.", usage=usage)
    events = asked_of(relayed)
    assert text_of(events) == "Hello from here. "
    assert kinds(events) == [
        "messageStart",
        "contentBlockDelta",
        "contentBlockStop",
        "messageStop",
        "metadata",
    ]
    told = events[-1]["metadata"]["usage"]
    assert told == {"inputTokens": 12, "outputTokens": 4, "totalTokens": 16}
    assert server.asked[0][0] == "/v1/chat/completions"


def test_the_conversation_is_passed_on(server, relayed):
    asked_of(
        relayed,
        messages=[user("a"), assistant("b"), user("c")],
        system=[{"text": "Be brief."}],
        inferenceConfig={
            "maxTokens": 50,
            "temperature": 0.5,
            "topP": 0.75,
            "stopSequences": ["END"],
        },
    )
    assert server.request == {
        "model": "tiny-model",
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "a"},
            {"role": "assistant", "content": "b"},
            {"role": "user", "content": "c"},
        ],
        "stream": True,
        "stream_options": {"include_usage": True},
        "max_tokens": 50,
        "temperature": 0.5,
        "top_p": 0.75,
        "stop": ["END"],
    }


def test_pictures_and_plain_documents_are_passed_on(server, relayed):
    image = {"image": {"format": "png", "source": {"bytes": picture()}}}
    document = {"document": {"format": "md", "name": "notes", "source": {"bytes": b"# Tea"}}}
    content = [image, document, {"text": "Look"}]
    asked_of(relayed, messages=[{"role": "user", "content": content}])
    [message] = server.request["messages"]
    assert message["content"][0]["image_url"]["url"].startswith("data:image/png;base64,iVBOR")
    assert message["content"][1]["text"] == "Document notes:\n\n# Tea"
    assert message["content"][2] == {"type": "text", "text": "Look"}


def test_other_documents_are_refused(server, relayed):
    document = {"document": {"format": "pdf", "name": "notes", "source": {"bytes": b"%PDF"}}}
    messages = [{"role": "user", "content": [document, {"text": "Look"}]}]
    with pytest.raises(relayed.exceptions.ValidationException, match="only documents of plain"):
        asked_of(relayed, messages=messages)
    assert server.asked == []


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("stop", "end_turn"),
        ("length", "max_tokens"),
        ("content_filter", "content_filtered"),
        ("tool_calls", "tool_use"),
        ("something new", "end_turn"),
    ],
)
def test_reasons_to_stop_are_bedrocks(server, relayed, theirs, ours):
    server.play = say("Hello", theirs)
    assert stop_reason_of(asked_of(relayed)) == ours


def test_usage_is_estimated_where_none_is_reported(server, relayed):
    usage = asked_of(relayed)[-1]["metadata"]["usage"]
    assert usage["inputTokens"] > 0
    assert usage["outputTokens"] == 5


@pytest.mark.parametrize("member", ["reasoning_content", "reasoning"])
def test_reasoning_comes_in_a_block_of_its_own(server, relayed, member):
    def play(handler):
        handler.begin()
        handler.delta(**{member: "Hm."})
        handler.delta(content="Yes.")
        handler.delta("stop")
        handler.done()

    server.play = play
    deltas = [e["contentBlockDelta"] for e in asked_of(relayed) if "contentBlockDelta" in e]
    assert [delta["contentBlockIndex"] for delta in deltas] == [0, 1]
    assert deltas[0]["delta"] == {"reasoningContent": {"text": "Hm."}}


def test_tools_go_there_and_their_use_comes_back(server, relayed):
    def play(handler):
        handler.begin()
        handler.delta(content="I will look.")
        named = {"name": "clock", "arguments": ""}
        handler.delta(tool_calls=[{"index": 0, "id": "t1", "function": named}])
        for piece in ('{"zone":', '"UTC"}'):
            handler.delta(tool_calls=[{"index": 0, "function": {"arguments": piece}}])
        handler.delta("tool_calls")
        handler.done()

    server.play = play
    response = relayed.converse(modelId=LOCAL, messages=[user("What time?")], toolConfig=TOOLS)
    assert response["stopReason"] == "tool_use"
    use = {"toolUseId": "t1", "name": "clock", "input": {"zone": "UTC"}}
    content = response["output"]["message"]["content"]
    assert content == [{"text": "I will look."}, {"toolUse": use}]
    assert server.request["tools"][0]["function"]["name"] == "clock"

    server.play = say("Noon.")
    result = {"toolResult": {"toolUseId": "t1", "content": [{"text": "12:00"}]}}
    messages = [
        user("What time?"),
        {"role": "assistant", "content": content},
        {"role": "user", "content": [result]},
    ]
    asked_of(relayed, messages=messages, toolConfig=TOOLS)
    function = {"name": "clock", "arguments": '{"zone": "UTC"}'}
    assert server.request["messages"][1:] == [
        {
            "role": "assistant",
            "content": "I will look.",
            "tool_calls": [{"id": "t1", "type": "function", "function": function}],
        },
        {"role": "tool", "tool_call_id": "t1", "content": "12:00"},
    ]


def test_it_answers_in_the_words_of_a_provider_too(server, relayed):
    body = {
        "anthropic_version": "bedrock-2023-05-31",
        "max_tokens": 50,
        "messages": [{"role": "user", "content": "Hello"}],
    }
    found = chunks(relayed, LOCAL, body)
    assert found[0]["type"] == "message_start"
    assert found[-1]["type"] == "message_stop"
    assert whole(relayed, LOCAL, body)["content"][0]["text"] == "Hello from here. "


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "ValidationException"),
        (401, "AccessDeniedException"),
        (404, "ResourceNotFoundException"),
        (429, "ThrottlingException"),
        (500, "ModelErrorException"),
        (503, "ServiceUnavailableException"),
        (504, "ModelTimeoutException"),
    ],
)
def test_errors_of_the_server_are_errors_of_bedrock(server, relayed, status, code):
    server.play = lambda handler: handler.reply(status, {"error": {"message": "No such thing."}})
    with pytest.raises(ClientError, match="No such thing") as caught:
        asked_of(relayed)
    assert caught.value.response["Error"]["Code"] == code


def test_too_long_a_conversation_is_told_as_bedrock_does(server, relayed):
    words = "the request exceeds the available context size, try increasing it"
    server.play = lambda handler: handler.reply(400, {"error": {"message": words}})
    with pytest.raises(relayed.exceptions.ValidationException, match="Input is too long"):
        asked_of(relayed)


def test_a_server_that_is_not_there_is_told(make_client):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        with LocalBedrock(model_url=f"http://127.0.0.1:{unused.getsockname()[1]}") as endpoint:
            client = make_client(url=endpoint.url)
            with pytest.raises(client.exceptions.ServiceUnavailableException, match="reached"):
                asked_of(client)


def test_an_answer_that_breaks_off_is_an_error_in_the_stream(server, relayed):
    def play(handler):
        handler.send_response(200)
        handler.send_header("content-length", "1000")
        handler.end_headers()
        handler.delta(content="Hel")

    server.play = play
    events, error = read_to_error(ask(relayed, model=LOCAL), EventStreamError)
    assert text_of(events) == "Hel"
    assert error.response["Error"]["Code"] == "modelStreamErrorException"


def test_an_error_in_the_stream_is_one_of_bedrocks(server, relayed):
    def play(handler):
        handler.begin()
        handler.delta(content="Hel")
        handler.chunk({"error": {"message": "Out of memory."}})

    server.play = play
    _, error = read_to_error(ask(relayed, model=LOCAL), EventStreamError)
    assert "Out of memory." in str(error)


def test_a_client_that_goes_away_ends_the_call_there(server, relayed):
    gone = threading.Event()

    def play(handler):
        handler.begin()
        handler.delta(content="Hello")
        # It ends when the other side closed: nobody sends anything here.
        handler.connection.settimeout(10)
        try:
            handler.connection.recv(1)
        except OSError as error:
            if isinstance(error, TimeoutError):
                return
        gone.set()

    server.play = play
    with closing(ask(relayed, model=LOCAL)["stream"]) as stream:
        events = iter(stream)
        next(events)
        assert "contentBlockDelta" in next(events)
    assert gone.wait(30)


def test_the_model_is_listed_by_its_name(server, make_client):
    for name, listed in (("", "tiny-model"), ("other-model", "other-model")):
        with LocalBedrock(model_url=server.url, model_name=name) as endpoint:
            bedrock = make_client("bedrock", url=endpoint.url)
            first = bedrock.list_foundation_models()["modelSummaries"][0]
            assert (first["modelId"], first["modelName"]) == (LOCAL, listed)
            asked_of(make_client(url=endpoint.url))
            assert server.request["model"] == listed


def test_the_demonstration_is_still_there(server, relayed):
    assert "demonstration" in text_of(read(ask(relayed, model=MODEL)))
    assert server.asked == []


def test_without_a_server_there_is_no_such_model(endpoint, client, make_client):
    with pytest.raises(client.exceptions.ResourceNotFoundException):
        asked_of(client)
    summaries = make_client("bedrock").list_foundation_models()["modelSummaries"]
    assert LOCAL not in {summary["modelId"] for summary in summaries}


@pytest.mark.parametrize("path", ["", "/", "/v1", "/v1/"])
def test_the_address_may_end_as_people_write_it(server, make_client, path):
    with LocalBedrock(model_url=server.url + path) as endpoint:
        assert text_of(asked_of(make_client(url=endpoint.url)))


@pytest.mark.parametrize(
    "url", ["localhost:11434", "ftp://a", "http://", "http://a:x", "http://u@a"]
)
def test_what_is_no_address_is_refused_at_the_start(url):
    """R33: it comes from the operator, and a slip is told before anybody asks anything."""
    with pytest.raises(ValueError, match=r"LOCAL_MODEL_URL|[Pp]ort"):
        LocalBedrock(model_url=url)


def test_chunks_may_be_cut_anywhere(server, relayed):
    def play(handler):
        handler.begin()
        delta = {"choices": [{"index": 0, "delta": {"content": "é…"}, "finish_reason": "stop"}]}
        data = f"data: {json.dumps(delta, ensure_ascii=False)}\r\n\r\n: comment\n\ndata: [DONE]\n"
        for byte in data.encode():
            handler.wfile.write(bytes([byte]))
            handler.wfile.flush()

    server.play = play
    assert text_of(asked_of(relayed)) == "é…"
