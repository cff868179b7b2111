"""The message rules of the service, in its words."""

import pytest

from streaming.localbedrock import Answer

from .reading import ask, assistant, read, text_of, user

pytestmark = pytest.mark.nodb

SMALL = "local.demonstration-small-v1:0"
TOOLS = {
    "tools": [{"toolSpec": {"name": "clock", "inputSchema": {"json": {"type": "object"}}}}],
}
USE = {
    "role": "assistant",
    "content": [{"toolUse": {"toolUseId": "t1", "name": "clock", "input": {}}}],
}


def result(*ids: str):
    return {
        "role": "user",
        "content": [{"toolResult": {"toolUseId": i, "content": [{"text": "noon"}]}} for i in ids],
    }


def refused(client, **request):
    with pytest.raises(client.exceptions.ValidationException) as caught:
        ask(client, **request)
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    return caught.value.response["Error"]["Message"]


@pytest.mark.parametrize(
    ("messages", "words"),
    [
        ([], "must start with a user message"),
        ([assistant("Hello")], "must start with a user message"),
        ([user("a"), user("b")], "must alternate between user and assistant"),
        ([user("a"), assistant("b"), assistant("c")], "must alternate"),
        ([user("")], "The text field in the ContentBlock object at messages.0.content.0 is blank"),
        ([user(" \n\t")], "is blank"),
        ([user("a"), assistant(" "), user("b")], "messages.1.content.0 is blank"),
        (
            [{"role": "user", "content": []}],
            "The content field in the Message object at messages.0",
        ),
        ([{"role": "system", "content": [{"text": "a"}]}], "Member must satisfy enum value set"),
        ([user("a"), assistant("b \n")], "cannot end with trailing whitespace"),
    ],
)
def test_turns_are_checked(client, endpoint, messages, words):
    assert words in refused(client, messages=messages)


def test_an_assistant_turn_may_come_last_without_trailing_space(client, endpoint):
    endpoint.enqueue(Answer("and so on"))
    assert text_of(read(ask(client, messages=[user("a"), assistant("b")]))) == "and so on"


@pytest.mark.parametrize(
    ("config", "words"),
    [
        ({"temperature": 1.5}, "Value '1.5' at 'inferenceConfig.temperature' failed to satisfy"),
        ({"topP": 1.01}, "less than or equal to 1"),
        ({"maxTokens": 1_000_000}, "exceeds the model limit of 8192"),
    ],
)
def test_sampling_is_checked(client, endpoint, config, words):
    assert words in refused(client, inferenceConfig=config)


@pytest.mark.parametrize("config", [{"maxTokens": 0}, {"temperature": -0.1}, {"topP": -1.0}])
def test_what_the_sdk_itself_refuses_is_refused_here_too(make_client, endpoint, config):
    client = make_client(parameter_validation=False)
    assert "greater than or equal to" in refused(client, inferenceConfig=config)


def test_an_empty_system_prompt_is_refused(make_client, endpoint):
    client = make_client(parameter_validation=False)
    assert "system.0 is blank" in refused(client, system=[{"text": ""}])


@pytest.mark.parametrize(
    ("messages", "words"),
    [
        ([user("a"), USE, user("b")], "Expected toolResult blocks at messages.2.content"),
        ([user("a"), USE, result("t2")], "for the following Ids: t1"),
        ([user("a"), assistant("b"), result("t1")], "exceeds the number of toolUse blocks"),
        ([user("a"), USE, result("t1", "t2")], "exceeds the number of toolUse blocks"),
    ],
)
def test_tool_uses_and_results_go_together(client, endpoint, messages, words):
    assert words in refused(client, messages=messages, toolConfig=TOOLS)


def test_tool_blocks_need_tools(client, endpoint):
    words = refused(client, messages=[user("a"), USE, result("t1")])
    assert "The toolConfig field must be defined" in words


def test_a_tool_result_is_answered(client, endpoint):
    messages = [user("a"), USE, result("t1")]
    assert "noon" in text_of(read(ask(client, messages=messages, toolConfig=TOOLS)))


def test_tools_that_ran_at_the_service_need_no_result(client, endpoint):
    served = {
        "role": "assistant",
        "content": [
            {
                "toolUse": {
                    "toolUseId": "t1",
                    "name": "search",
                    "input": {},
                    "type": "server_tool_use",
                }
            },
            {"text": "b"},
        ],
    }
    endpoint.enqueue(Answer("c"))
    messages = [user("a"), served, user("b")]
    assert text_of(read(ask(client, messages=messages, toolConfig=TOOLS))) == "c"


def test_what_a_tool_of_the_service_gave_stays_in_its_turn(client, endpoint):
    """As it was streamed: use and result in one turn of the assistant."""
    content = client.converse(
        modelId="local.demonstration-v1:0", messages=[user("[[server tool]] a")]
    )["output"]["message"]
    endpoint.enqueue(Answer("c"))
    assert text_of(read(ask(client, messages=[user("a"), content, user("b")]))) == "c"
    alone = {"role": "assistant", "content": content["content"][1:]}
    words = refused(client, messages=[user("a"), alone, user("b")])
    assert "must follow their toolUse blocks" in words


def test_what_is_larger_than_the_window_is_refused(client, endpoint):
    """R18: four characters are a token, as in the reported usage."""
    assert refused(client, model=SMALL, text="x" * 16_400) == (
        "Input is too long for requested model."
    )
    endpoint.enqueue(Answer("fits"))
    assert text_of(read(ask(client, "x" * 16_000, model=SMALL))) == "fits"


def test_other_models_say_it_otherwise(client, endpoint):
    words = refused(client, model="anthropic.claude-3-haiku-20240307-v1:0", text="x" * 900_000)
    assert words == "prompt is too long: 225003 tokens > 200000 maximum"


def test_unknown_models_are_refused(client, endpoint):
    assert refused(client, model="nonsense") == "The provided model identifier is invalid."
    with pytest.raises(client.exceptions.ResourceNotFoundException) as caught:
        ask(client, model="local.unknown-v1:0")
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 404


@pytest.mark.parametrize(
    "model",
    [
        "anthropic.claude-3-haiku-20240307-v1:0",
        "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "global.anthropic.claude-haiku-4-5-20251001-v1:0",
        "us-gov.amazon.nova-pro-v1:0",
        "amazon.nova-lite-v1:0",
        "openai.gpt-oss-120b-1:0",
        "qwen.qwen3-32b-v1:0",
        "arn:aws:bedrock:eu-central-1:123456789012:inference-profile/eu.amazon.nova-lite-v1:0",
        "arn:aws:bedrock:us-east-1:123456789012:application-inference-profile/abc123",
    ],
)
def test_the_names_of_real_models_are_known(client, endpoint, model):
    endpoint.enqueue(Answer("Hello"), model=model)
    assert text_of(read(ask(client, model=model))) == "Hello"
