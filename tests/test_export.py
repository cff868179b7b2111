"""A conversation as a file: Markdown, JSON, or one HTML page that runs and asks for nothing."""

from __future__ import annotations

import json
import re
import time
from html.parser import HTMLParser
from typing import Any

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from conversations.export.passages import open_fence, passages
from conversations.models import Conversation, User
from tests import pictures
from tests.browser.corpus import HOSTILE
from tests.people import MODEL, answer, ask_again, talk
from tests.pictures import uploaded

HOSTILE_TEXT = "\n\n".join(HOSTILE)


def export(client: Client, conversation: Conversation, **query: Any) -> Any:
    return client.get(f"/api/v1/conversations/{conversation.pk}/export", query)


class Seen(HTMLParser):
    """Which elements there are, with their attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.elements if name == tag]


# --- the three forms ------------------------------------------------------------------------------


@pytest.mark.django_db
def test_markdown_has_the_branch_as_it_is_read(as_alice: Client, alice: User) -> None:
    turn = talk(alice, "How do tides work?", "```python\nprint(1)", system_prompt="Be brief.")
    other = ask_again(alice, turn.assistant_message)
    answer(other, "By the moon.", status="stopped")
    turn.conversation.rename("Tides / moon")
    newest = export(as_alice, turn.conversation, format="markdown").text
    assert newest.startswith("# Tides / moon\n")
    assert "## System prompt\n\nBe brief." in newest
    assert f"* Model: {MODEL}" in newest
    assert "By the moon.\n\n*Stopped.*" in newest
    assert "print(1)" not in newest
    first = export(as_alice, turn.conversation, at=str(turn.assistant_message.uuid)).text
    # Code that was left open does not swallow what follows.
    assert "```python\nprint(1)\n```\n" in first
    assert "By the moon." not in first


@pytest.mark.django_db
def test_json_has_all_branches_with_the_names_of_the_api(as_alice: Client, alice: User) -> None:
    turn = talk(alice, "Tides?", "By gravity.")
    answer(ask_again(alice, turn.assistant_message), "By the moon.")
    body = json.loads(export(as_alice, turn.conversation, format="json").content)
    read = as_alice.get(f"/api/v1/conversations/{turn.conversation.pk}").json()
    assert body.pop("version") == 1
    assert body.pop("exported_at").endswith("Z")
    assert body.keys() == read.keys()
    texts = [each["text"] for each in body["messages"]]
    assert texts == ["Tides?", "By gravity.", "By the moon."]
    assert [each["id"] for each in body["messages"]] == [each["id"] for each in read["messages"]]


@pytest.mark.django_db
def test_the_page_holds_small_copies_of_its_images(as_alice: Client, alice: User) -> None:
    image = uploaded(alice, pictures.image(), "tide.png")
    turn = talk(alice, "What is this?", "A tide.\n\n```\ncode\n```", attachments=(image.pk,))
    page = export(as_alice, turn.conversation, format="html").text
    seen = Seen(page)
    (shown,) = seen.of("img")
    assert (shown["src"] or "").startswith("data:image/webp;base64,")
    assert "tide.png" in page
    assert "<pre><code>code\n</code></pre>" in page


@pytest.mark.django_db
def test_a_file_has_a_safe_name_and_is_never_shown_as_a_page(as_alice: Client, alice: User) -> None:
    """R32"""
    conversation = talk(alice).conversation
    conversation.rename('../Ebbe/Flut "<script>"\u202e gpj')
    for kind, ending in (("markdown", "md"), ("json", "json"), ("html", "html")):
        response = export(as_alice, conversation, format=kind)
        disposition = response.headers["Content-Disposition"]
        assert disposition.startswith("attachment; filename")
        assert disposition.rstrip('"').endswith(f".{ending}")
        assert not re.search(r"[/\r\n\u202e]", disposition.split("filename", 1)[1])
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Cache-Control"] == "no-store"
        policy = response.headers["Content-Security-Policy"]
        assert "sandbox" in policy
        assert "default-src 'none'" in policy


@pytest.mark.django_db
def test_hostile_text_runs_nothing_and_asks_for_nothing(as_alice: Client, alice: User) -> None:
    """R27, R28, R86: whatever is in title, question, answer, reasoning and system prompt."""
    turn = talk(alice, HOSTILE_TEXT, HOSTILE_TEXT, system_prompt=HOSTILE_TEXT)
    turn.assistant_message.reasoning = HOSTILE_TEXT
    turn.assistant_message.save()
    turn.conversation.rename("</title><script>alert(1)</script>")
    page = export(as_alice, turn.conversation, format="html").text
    seen = Seen(page)
    ours = {
        "html", "head", "meta", "title", "style", "body", "header", "h1", "p", "details", "summary",
        "div", "main", "article", "h2", "time", "pre", "code", "a",
    }  # fmt: skip
    assert {tag for tag, _ in seen.elements} <= ours
    for tag, attributes in seen.elements:
        assert not any(name.startswith("on") or name == "style" for name in attributes), tag
        assert not attributes.keys() & {"src", "srcset", "background", "ping"}, tag
    for link in seen.of("a"):
        assert re.match(r"https?://", link["href"] or "", re.IGNORECASE)
        assert "noopener" in (link["rel"] or "")
    (policy,) = (meta for meta in seen.of("meta") if meta.get("http-equiv"))
    said = policy["content"] or ""
    assert said.startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:")
    assert "script" not in said


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"format": "docx"}, 422),
        ({"at": "last"}, 422),
        ({"at": "99999999-aaaa-4bbb-8ccc-dddddddddd07"}, 404),
    ],
)
def test_what_there_is_not_is_refused(
    as_alice: Client, alice: User, query: dict[str, str], status: int
) -> None:
    assert export(as_alice, talk(alice).conversation, **query).status_code == status


@pytest.mark.django_db
def test_strangers_and_reviewers_export_nothing(
    as_bob: Client, as_carol: Client, alice: User
) -> None:
    """R20, R35: an export would be a reading that is not on record."""
    conversation = talk(alice).conversation
    for client in (as_bob, as_carol):
        assert export(client, conversation, format="json").status_code == 404


@pytest.mark.django_db
def test_a_temporary_conversation_and_an_empty_one_are_exported(
    as_alice: Client, alice: User
) -> None:
    temporary = talk(alice, temporary=True).conversation
    assert export(as_alice, temporary).text.startswith("# Temporary conversation\n")
    empty = Conversation.begin(alice, title="Nothing yet", model=MODEL)
    for kind in ("markdown", "json", "html"):
        assert "Nothing yet" in export(as_alice, empty, format=kind).text


# --- passages -------------------------------------------------------------------------------------


def test_code_and_addresses_are_set_apart() -> None:
    text = "See https://a.example/x, then:\n~~~js\nlet a; // http://b.example\n~~~\nDone ``` so\n"
    assert [tuple(each) for each in passages(text)] == [
        ("prose", "See "),
        ("link", "https://a.example/x"),
        ("prose", ", then:\n"),
        ("code", "let a; // http://b.example\n"),
        ("prose", "Done ``` so\n"),
    ]


@given(st.text(alphabet="`~ \n\rahttp://x.y(\u2028", max_size=200))
def test_no_text_is_lost(text: str) -> None:
    """All but the marks around code is there, in order."""
    found = "".join(each.text for each in passages(text))
    marks = re.compile(r" {0,3}(```|~~~)")
    lines = [line for line in text.splitlines(keepends=True) if not marks.match(line)]
    kept = iter(found)
    assert all(sign in kept for sign in "".join(lines))


@given(st.text(alphabet="`~ \na", max_size=200))
def test_closed_code_is_closed(text: str) -> None:
    fence = open_fence(text)
    assert open_fence(f"{text}\n{fence}") == "" or not fence


@pytest.mark.parametrize(
    "piece", ["> ", "```\n", "http://", "~~~ ", "[a](http://b.example ", "*a_ "]
)
def test_a_long_text_takes_time_in_proportion(piece: str) -> None:
    """R102: twice as long takes about twice the time; measured on this thread alone."""

    def seconds(times: int) -> float:
        began = time.thread_time()
        assert sum(1 for _ in passages(piece * times)) > 0
        return time.thread_time() - began

    seconds(1_000)
    assert seconds(200_000) < 40 * max(seconds(20_000), 0.002)
