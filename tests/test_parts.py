"""What an answer has beside its text, made of the blocks that are stored."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from django.template.loader import render_to_string
from hypothesis import given
from hypothesis import strategies as st

from conversations.parts import SHOWN, Sources, parts_of
from conversations.templatetags.answers import host

pytestmark = pytest.mark.nodb

PAGE = {
    "title": "Handbook",
    "sourceContent": [{"text": "Twenty days "}, {"text": "a year."}],
    "location": {"documentPage": {"documentIndex": 0, "start": 3, "end": 4}},
}


def cited(*citations: Any) -> list[dict[str, Any]]:
    return [{"citationsContent": {"content": [], "citations": list(citations)}}]


def places(location: dict[str, Any]) -> tuple[str, str | None]:
    parts = parts_of(cited({"location": location}))
    assert parts
    [note] = parts["citations"]
    return note["place"], note["url"]


def test_text_alone_has_no_parts() -> None:
    assert parts_of(None) is None
    assert parts_of([{"text": "x"}, {"reasoningContent": {"reasoningText": {"text": "y"}}}]) is None


def test_sources_are_numbered_and_told_once() -> None:
    other = {**PAGE, "title": "Contract"}
    parts = parts_of([*cited(PAGE, other), {"text": "."}, *cited(copy.deepcopy(PAGE))])
    assert parts
    assert [(note["number"], note["title"]) for note in parts["citations"]] == [
        (1, "Handbook"),
        (2, "Contract"),
    ]
    assert parts["citations"][0] == {
        "number": 1,
        "title": "Handbook",
        "place": "page 3",
        "url": None,
        "source": "Twenty days a year.",
    }


@pytest.mark.parametrize(
    ("location", "place"),
    [
        ({"documentPage": {"start": 3, "end": 6}}, ("pages 3–5", None)),
        ({"documentChar": {"start": 0, "end": 58}}, ("characters 1–58", None)),
        ({"documentChunk": {"start": 4, "end": 5}}, ("part 5", None)),
        ({"searchResultLocation": {"searchResultIndex": 1, "start": 0}}, ("part 1", None)),
        (
            {"web": {"url": "https://example.com/a", "domain": "example.com"}},
            ("example.com", "https://example.com/a"),
        ),
        ({"web": {"url": "javascript:alert(1)", "domain": "x"}}, ("x", None)),
        ({"somethingNew": {"where": "here"}}, ("", None)),
    ],
)
def test_a_place_is_told_in_words(location: dict[str, Any], place: tuple[str, str | None]) -> None:
    assert places(location) == place


def test_a_tool_of_the_services_own_is_shown_with_what_it_gave() -> None:
    parts = parts_of(
        [
            {
                "toolUse": {
                    "toolUseId": "t1",
                    "name": "search",
                    "type": "server_tool_use",
                    "input": {"q": "tides"},
                }
            },
            {"toolResult": {"toolUseId": "t1", "content": [{"json": {"hits": 2}}, {"text": "ok"}]}},
            {"toolUse": {"toolUseId": "t2", "name": "clock", "rawInput": "{bro"}},
        ]
    )
    assert parts
    assert parts["tools"] == [
        {"name": "search", "server": True, "input": '{"q": "tides"}', "result": '{"hits": 2}\nok'},
        {"name": "clock", "server": False, "input": "{bro", "result": None},
    ]


def test_reasoning_that_stays_hidden_is_told_and_not_shown() -> None:
    """R70: never raw."""
    parts = parts_of([{"reasoningContent": {"redactedContent": "c2VjcmV0"}}])
    assert parts == {"citations": [], "tools": [], "redacted": True, "lost": 0}


def test_what_is_told_is_bounded() -> None:
    note = Sources().add({"title": "t" * 9_999, "sourceContent": [{"text": "s" * 99_999}]})
    assert note
    assert len(note["source"]) == SHOWN
    parts = parts_of([{"toolUse": {"name": "n", "input": {"a": "b" * 99_999}}}])
    assert parts
    assert len(parts["tools"][0]["input"]) == SHOWN


LINKS = json.loads((Path(__file__).parent / "samples" / "links.json").read_text(encoding="utf-8"))[
    "cases"
]


@pytest.mark.parametrize("case", LINKS, ids=lambda case: case["address"])
def test_the_server_shows_of_an_address_what_the_page_shows(case: dict[str, Any]) -> None:
    """R101"""
    assert (host(case["address"]) or None) == case["place"]


def test_a_source_without_a_title_is_named_by_its_host_and_not_twice() -> None:
    source = {"title": "", "place": "example.com", "url": "https://example.com/a", "source": ""}
    drawn = render_to_string("conversations/_source.html", {"source": source})
    assert '">example.com</a> <span class="source-place" data-part="source-place" hidden>' in drawn
    bank = {**source, "url": "https://bank.example@evil.example/", "place": "page 3"}
    drawn = render_to_string("conversations/_source.html", {"source": bank})
    assert "href" not in drawn
    assert ">Source</a>" in drawn


MEMBERS = (
    *("citationsContent", "citations", "location", "web", "url", "documentPage", "start", "end"),
    *("toolUse", "toolResult", "content", "input", "text", "json", "name", "title", "source"),
    "sourceContent",
)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(MEMBERS), inner, max_size=4)
    ),
    max_leaves=12,
)
blocks = st.dictionaries(
    st.sampled_from(["citationsContent", "toolUse", "toolResult"]), anything, max_size=2
)


@given(st.lists(blocks, max_size=4))
def test_no_block_breaks_the_page(content: list[dict[str, Any]]) -> None:
    """R68: what a service may yet send is told as far as it is understood."""
    parts = parts_of(content)
    if parts is None:
        return
    for note in parts["citations"]:
        assert all(isinstance(note[name], str) for name in ("title", "place", "source"))
    for tool in parts["tools"]:
        assert isinstance(tool["name"], str)
        assert isinstance(tool["input"], str)
