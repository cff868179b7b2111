"""What a request may hold besides its messages."""

import pytest

from streaming.localbedrock import Answer

from .reading import ask, assistant, read, text_of, user
from .test_validation import TOOLS, USE, refused, result

pytestmark = pytest.mark.nodb

THINKING = {"thinking": {"type": "enabled", "budget_tokens": 2_000}}
ROOM = {"maxTokens": 4_000}
NOVA = "amazon.nova-lite-v1:0"


def thinking(**more):
    return {"additionalModelRequestFields": THINKING, "inferenceConfig": ROOM} | more


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (thinking(inferenceConfig={"maxTokens": 2_000}), "must be greater than `thinking.budget"),
        (thinking(inferenceConfig=ROOM | {"temperature": 0.5}), "may only be set to 1"),
        (thinking(inferenceConfig=ROOM | {"topP": 0.9}), "`top_p` must be unset"),
        (thinking(additionalModelRequestFields=THINKING | {"top_k": 5}), "`top_k` must be unset"),
        (
            thinking(
                additionalModelRequestFields={"thinking": {"type": "enabled", "budget_tokens": 9}}
            ),
            "greater than or equal to 1024",
        ),
        (thinking(messages=[user("a"), assistant("b")]), "can't be given when thinking"),
        (
            thinking(messages=[user("a"), USE, result("t1")], toolConfig=TOOLS),
            "Expected `thinking` or `redacted_thinking`",
        ),
        (thinking(toolConfig=TOOLS | {"toolChoice": {"any": {}}}), "forces tool use"),
        ({"additionalModelRequestFields": {"colour": 1}}, "extraneous key [colour]"),
        ({"additionalModelRequestFields": {"reasoning_effort": "some"}}, "some is not an effort"),
        (
            {"guardrailConfig": {"guardrailIdentifier": "a1", "guardrailVersion": ""}},
            "identifier or version provided in the request does not exist",
        ),
        ({"inferenceConfig": {"stopSequences": [" "]}}, "must contain non-whitespace"),
        ({"toolConfig": {"tools": TOOLS["tools"] * 2}}, "Tool names must be unique"),
    ],
)
def test_what_is_not_allowed_is_refused(client, endpoint, request_, words):
    assert words in refused(client, **request_)


@pytest.mark.parametrize(
    ("model", "request_", "words"),
    [
        (NOVA, thinking(), "extraneous key [thinking]"),
        ("anthropic.claude-3-haiku-20240307-v1:0", thinking(), "extraneous key [thinking]"),
        ("meta.llama3-8b-instruct-v1:0", {"toolConfig": TOOLS}, "doesn't support tool use"),
    ],
)
def test_each_model_has_its_own(client, endpoint, model, request_, words):
    assert words in refused(client, model=model, **request_)


@pytest.mark.parametrize(
    "request_",
    [
        thinking(inferenceConfig=ROOM | {"temperature": 1.0}),
        {"requestMetadata": {"turn": "1"}},
        {"toolConfig": TOOLS},
        {"guardrailConfig": {"guardrailIdentifier": "a1", "guardrailVersion": "DRAFT"}},
    ],
)
def test_what_is_allowed_is_taken(client, endpoint, request_):
    endpoint.enqueue(Answer("fine"))
    assert text_of(read(ask(client, **request_))) == "fine"


@pytest.mark.parametrize("pairs", [{}, {str(n): "x" for n in range(17)}])
def test_metadata_has_one_to_sixteen_pairs(make_client, endpoint, pairs):
    client = make_client(parameter_validation=False)
    assert "between 1 and 16" in refused(client, requestMetadata=pairs)
