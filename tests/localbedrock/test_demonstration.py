"""What the demonstration says of its own accord."""

import pytest
from botocore.exceptions import ClientError

from streaming.localbedrock import LocalBedrock, Refusal

from .reading import MODEL, ask, assistant, read, stop_reason_of, text_of, user

pytestmark = pytest.mark.nodb

REASONING_MODEL = "local.demonstration-reasoning-v1:0"


def said(client, text="Hello", **more):
    return text_of(read(ask(client, text, **more)))


def title(client, *messages, **more):
    response = client.converse(modelId=MODEL, messages=list(messages), **more)
    return response["output"]["message"]["content"][0]["text"]


def test_it_says_what_it_is(client, endpoint):
    text = said(client, "How deep is the sea?")
    assert "demonstration model" in text
    assert "not a real language model" in text
    assert '"How deep is the sea?"' in text


@pytest.mark.parametrize(
    ("asked", "mark"),
    [
        ("Make me a list", "\n1. **Water**"),
        ("A TABLE please", "|:-----|"),
        ("some python code", "```python\n"),
        ("a formula", "\\frac{-b"),
        ("everything", "# Everything at once"),
        ("a long text", "**5.** This is a long prepared text"),
        ("Which phrases make you fail?", "error midstream throttling"),
        ("What is my temperature?", "| temperature | 0.25 |"),
    ],
)
def test_it_shows_what_is_asked_for(client, endpoint, asked, mark):
    assert mark in said(client, asked, inferenceConfig={"temperature": 0.25})


def test_it_shows_all_that_is_asked_for_in_the_order_asked(client, endpoint):
    text = said(client, "A formula, then a table and some code about the moons of Jupiter")
    places = [text.index(mark) for mark in ("\\frac{-b", "|:-----|", "```python\n")]
    assert places == sorted(places)
    assert "1. **Water**" not in text


def test_it_refers_to_earlier_turns(client, endpoint):
    turns = [user("I like tea."), assistant("Good."), user("And cake."), assistant("Good.")]
    text = said(client, messages=[*turns, user("What did I say earlier?")])
    assert 'You first asked "I like tea."' in text
    assert "4 earlier ones, 2 of them mine" in text
    assert '2. "And cake."' in text
    text = said(client, messages=[*turns, user("Thanks")])
    assert "your 3rd question" in text
    assert '"I like tea."' in text


def test_it_knows_when_nothing_came_before(client, endpoint):
    assert "nothing came before" in said(client, "What did I say earlier?")


def test_it_tells_of_the_system_prompt(client, endpoint):
    asked = "What does the system prompt say?"
    assert "No system prompt" in said(client, asked)
    system = [{"text": "You are a pirate."}]
    assert "A system prompt of 17 characters" in said(client, asked, system=system)


@pytest.mark.parametrize(
    ("system", "begins", "ends"),
    [
        ('Begin every answer with "Ahoy!" and be kind.', "Ahoy! I am", ""),
        ('Always end your answer with "Over and out."', "I am", "\n\nOver and out."),
        ("Write in CAPITAL LETTERS.", "I AM THE", ""),
    ],
)
def test_it_obeys_a_few_system_prompts(client, endpoint, system, begins, ends):
    text = said(client, system=[{"text": system}])
    assert text.startswith(begins)
    assert text.endswith(ends)


def test_the_reasoning_model_reasons(client, endpoint):
    events = read(ask(client, "Hello", model=REASONING_MODEL))
    deltas = [e["contentBlockDelta"]["delta"] for e in events if "contentBlockDelta" in e]
    reasoning = [delta["reasoningContent"] for delta in deltas if "reasoningContent" in delta]
    assert "".join(part.get("text", "") for part in reasoning).startswith('The user wrote "Hello"')
    assert reasoning[-1].keys() == {"signature"}
    assert text_of(events)


def test_thinking_can_be_asked_for(client, endpoint):
    thinking = {"thinking": {"type": "enabled", "budget_tokens": 1024}}
    events = read(ask(client, "Hello", additionalModelRequestFields=thinking))
    assert "reasoningContent" in events[1]["contentBlockDelta"]["delta"]


def test_it_uses_a_tool_that_is_named(client, endpoint):
    tools = {
        "tools": [{"toolSpec": {"name": "clock", "inputSchema": {"json": {"type": "object"}}}}]
    }
    assert stop_reason_of(read(ask(client, "Use the clock", toolConfig=tools))) == "tool_use"
    assert stop_reason_of(read(ask(client, "Hello", toolConfig=tools))) == "end_turn"


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ("How do I make tea?", "How do I make tea"),
        ("Can you please explain how photosynthesis works?", "How photosynthesis works"),
        ("hello! what is the capital of France?", "The capital of France"),
        ("Tell me about **black holes**. In detail, please.", "Black holes. In detail, please"),
        ("[[throttle 2]] Make a table", "Make a table"),
        ("one two three four five six seven eight nine", "One two three four five six seven"),
        ("Donaudampfschifffahrtsgesellschaftskapitänsmützenschirm", None),
        ("????", "A first conversation"),
        ("日本語のタイトルを考えてください", "日本語のタイトルを考えてください"),
    ],
)
def test_a_title_is_short(client, endpoint, asked, expected):
    for prompt in (
        f"Write a short title for this conversation.\n\nUser: {asked}\n\nAssistant: Yes.",
        f"Give this conversation a title.\n<conversation>\n{asked}\n</conversation>",
        f"A title for the following, at most six words.\n\n{asked}",
        f"Title of: {asked}",
    ):
        found = title(client, user(prompt))
        assert found == expected or (expected is None and len(found) <= 48)


def test_a_title_is_of_the_first_turn_where_turns_are_sent(client, endpoint):
    turns = [user("How do I make tea?"), assistant("With water."), user("Write a title for this.")]
    assert title(client, *turns) == "How do I make tea"
    system = [{"text": "You write titles of at most five words."}]
    assert title(client, user("How do I make tea?"), system=system) == "How do I make tea"


def test_a_summary_is_of_what_was_asked_and_goes_on_from_the_one_before(client, endpoint):
    """Though what is summed up speaks of titles, and holds what makes the chat fail."""
    endpoint.enqueue(Refusal("ThrottlingException"))  # meant for the chat
    before = "\n\nSummary of what came before:\nThe user asked:\n- Is tea good?"
    quoted = "User: A title, [[throttle 2]] please\n\nAssistant: Yes.\n\nUser: Why?"
    prompt = f"This is the part of a conversation. Summarise it.{before}\n\n{quoted}"
    assert title(client, user(prompt)).splitlines() == [
        "The user asked:",
        "- Is tea good?",
        "- A title, [[throttle 2]] please",
        "- Why?",
    ]
    with pytest.raises(ClientError, match="ThrottlingException"):
        ask(client, "Hello")


def test_a_title_of_a_talk_about_summaries_is_a_title(client, endpoint):
    prompt = "Write a title for the conversation below.\n\nUser: Summarise this conversation"
    assert title(client, user(prompt)) == "Summarise this conversation"


def test_a_stream_is_never_a_title(client, endpoint):
    assert "demonstration model" in said(client, "A title please")


def test_it_keeps_its_pace(make_client):
    with LocalBedrock(pace=500, first_after=0.05) as endpoint:
        text = said(make_client(url=endpoint.url))
        call = endpoint.history[0]
    assert "demonstration model" in text
    assert call.ended.wait(30)
    assert call.ended_at - call.started >= 0.05 + (call.deltas - 1) / 500
