"""The demonstration goes on with an answer that was cut off."""

from __future__ import annotations

import pytest

from streaming.localbedrock import LocalBedrock
from tests.localbedrock.conftest import MakeClient

pytestmark = pytest.mark.matrix


def said(client, messages):
    response = client.converse_stream(
        modelId="local.demonstration-v1:0",
        messages=[{"role": role, "content": [{"text": text}]} for role, text in messages],
        inferenceConfig={"maxTokens": 4000},
    )
    return "".join(
        event["contentBlockDelta"]["delta"].get("text", "")
        for event in response["stream"]
        if "contentBlockDelta" in event
    )


def test_given_the_beginning_of_its_answer_it_says_the_rest(
    endpoint: LocalBedrock, make_client: MakeClient
):
    client = make_client()
    whole = said(client, [("user", "[[long 60]]")])
    begun = whole[: len(whole) // 2].rstrip()
    assert begun + said(client, [("user", "[[long 60]]"), ("assistant", begun)]) == whole


def test_asked_to_go_on_it_says_the_rest_and_does_not_break_off_again(
    endpoint: LocalBedrock, make_client: MakeClient
):
    client = make_client()
    asked = "[[long 60]] [[max tokens 20]]"
    begun = said(client, [("user", asked)])
    go_on = "Your answer was cut off. Go on exactly where it ends."
    rest = said(client, [("user", asked), ("assistant", begun), ("user", go_on)])
    assert begun + rest == said(client, [("user", "[[long 60]]")])
    assert rest


def test_what_is_not_the_beginning_of_its_answer_is_answered_whole(
    endpoint: LocalBedrock, make_client: MakeClient
):
    client = make_client()
    whole = said(client, [("user", "[[long 60]]")])
    assert said(client, [("user", "[[long 60]]"), ("assistant", "Something else")]) == whole
