"""Search over what a person wrote and got: what is found, what is not, and how it stays in step."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conversations.models import Conversation, Generation, Message, Searchable, User
from conversations.models.progress import Checkpoint
from conversations.purge import purge
from conversations.search import index, sqlite
from conversations.turns import begin_continuation
from tests.people import answer, ask, ask_again, talk

pytestmark = pytest.mark.django_db

PATH = "/api/v1/conversations"


def look(client: Client, q: str, **more: Any) -> list[dict[str, Any]]:
    response = client.get(PATH, {"q": q, **more})
    assert response.status_code == 200, response.text
    items: list[dict[str, Any]] = response.json()["items"]
    return items


def titles(client: Client, q: str, **more: Any) -> list[str]:
    return [item["title"] for item in look(client, q, **more)]


def titled(user: User, title: str, question: str, told: str = "So.") -> Conversation:
    conversation = talk(user, question, told).conversation
    conversation.rename(title)
    return conversation


def marked(segments: list[dict[str, Any]]) -> str:
    return "".join(f"[{each['text']}]" if each["hit"] else each["text"] for each in segments)


# --- what is found --------------------------------------------------------------------------------


def test_questions_answers_and_titles_are_found_with_the_place_marked(
    alice: User, as_alice: Client
) -> None:
    titled(alice, "About Café culture", "What of espresso?")
    turn = talk(alice, "How do tides work?", "The moon pulls at the\n\nséa, and the sea follows.")
    turn.conversation.rename("Ebb and flow")
    titled(alice, "Something else", "Nothing here.")
    (item,) = look(as_alice, "SEA moon")
    assert item["title"] == "Ebb and flow"
    (hit,) = item["found"]["hits"]
    assert hit["message"] == str(turn.assistant_message.uuid)
    assert hit["role"] == "assistant"
    assert marked(hit["excerpt"]) == "The [moon] pulls at the [séa], and the [sea] follows."
    (item,) = look(as_alice, "cafe")
    assert marked(item["found"]["title"]) == "About [Café] culture"
    assert item["found"]["hits"] == []


@pytest.mark.parametrize(
    ("q", "fits"),
    [
        ("spring", True),
        ("tide spring", True),
        ("spring neap", False),
        ("spr", True),  # the last word is being typed
        ("spr tide", False),  # one before it is not
        ("s", False),  # one letter begins too much
        ('"spring tide"', True),
        ('"tide spring"', False),
        ('"spring ti', True),
        ('"spring ti"', False),
        ("spring-tide", True),
        ("SPRING TIDE", True),
        ("example.com", True),
        ("path", True),
        ("do_it", True),
        ("naive", True),
        ("übermäßig", True),
        ("ubermaßig", True),
        ("3", True),
        ("潮汐", True),
        ("汐是", True),
        ("潮汐 spring", True),
        ("潮汐 neap", False),
        ("서울", True),
        ("서울 spring", True),
        ("->", True),
        ("=>", False),
    ],
)
def test_words_phrases_beginnings_and_signs(
    alice: User, as_alice: Client, q: str, fits: bool
) -> None:
    text = (
        "A spring tide, see https://example.com/some/path?x=3 or self.do_it(x) -> naïve. "
        "Übermäßig! 什么潮汐是。 서울에서"
    )
    talk(alice, "How?", text)
    assert bool(look(as_alice, q)) is fits


def test_nothing_asked_for_is_the_whole_list(alice: User, as_alice: Client) -> None:
    titled(alice, "Tides", "How?")
    assert [item["found"] for item in look(as_alice, "  ")] == [None]
    assert [item["found"] for item in look(as_alice, '""')] == [None]


def test_the_newest_come_first_page_by_page(alice: User, as_alice: Client) -> None:
    for number in range(5):
        titled(alice, f"Tide {number}", "Tell me.")
    seen: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        body = as_alice.get(PATH, {"q": "tide", "limit": "2", **cursor}).json()
        seen += [item["title"] for item in body["items"]]
        if body["next"] is None:
            break
        cursor = {"cursor": body["next"]}
    assert seen == [f"Tide {number}" for number in reversed(range(5))]
    assert as_alice.get(PATH, {"q": "tide", "cursor": "x"}).status_code == 400


def test_of_a_conversation_the_three_newest_messages_are_shown(
    alice: User, as_alice: Client
) -> None:
    turn = talk(alice, "Tides, first.", "Tides, second.")
    later = ask(alice, "Tides, third.", conversation=turn.conversation)
    answer(later, "Tides, fourth.")
    (item,) = look(as_alice, "tides")
    assert [marked(hit["excerpt"]) for hit in item["found"]["hits"]] == [
        "[Tides], fourth.",
        "[Tides], third.",
        "[Tides], second.",
    ]


def test_archived_ones_are_found_too(alice: User, as_alice: Client) -> None:
    titled(alice, "Kept", "tides").change(archived=True)
    titled(alice, "Shown", "tides")
    assert titles(as_alice, "tides") == ["Shown", "Kept"]
    assert titles(as_alice, "tides", archived="true") == ["Kept"]
    assert titles(as_alice, "tides", archived="false") == ["Shown"]


def test_every_branch_is_found(alice: User, as_alice: Client) -> None:
    turn = talk(alice, "How do tides work?", "The moon pulls.")
    answer(ask_again(alice, turn.assistant_message), "Gravity.")
    (item,) = look(as_alice, "moon")
    (hit,) = item["found"]["hits"]
    page = as_alice.get(f"/c/{turn.conversation.pk}/", {"at": hit["message"]})
    assert "The moon pulls." in page.text
    assert "Gravity." not in page.text


# --- what is not found ----------------------------------------------------------------------------


@pytest.mark.parametrize("q", ["secret", "秘密", "--"])
def test_what_others_wrote_is_never_found(
    alice: User, as_bob: Client, as_alice: Client, q: str
) -> None:
    """R20"""
    titled(alice, "A secret 秘密 --", "The secret 秘密 --", "secret 秘密 --")
    assert look(as_alice, q)
    assert look(as_bob, q) == []


@pytest.mark.parametrize("q", ["tides", "潮汐"])
def test_what_was_deleted_is_not_found_until_it_is_restored(
    alice: User, as_alice: Client, q: str
) -> None:
    conversation = titled(alice, "About tides 潮汐", "How do tides 潮汐 work?")
    conversation.delete_softly()
    assert look(as_alice, q) == []
    conversation.restore()
    assert titles(as_alice, q) == ["About tides 潮汐"]


def test_what_was_purged_leaves_nothing_in_the_index(alice: User, as_alice: Client) -> None:
    """R38"""
    conversation = titled(alice, "About tides", "How do tides work?")
    conversation.delete_softly()
    Conversation.objects.update(deleted_at="2026-01-01T00:00:00Z")
    purge(conversation.created_at)
    assert not Searchable.objects.exists()
    assert words_in_the_index() == []


def words_in_the_index() -> list[str]:
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute(
                "CREATE VIRTUAL TABLE temp.v USING fts5vocab(main, conversations_words, row)"
            )
            cursor.execute("SELECT term FROM temp.v ORDER BY term")
        else:
            cursor.execute(
                "SELECT DISTINCT unnest(tsvector_to_array(words)) FROM conversations_searchable"
            )
        found = [row[0] for row in cursor.fetchall()]
        if connection.vendor == "sqlite":
            cursor.execute("DROP TABLE temp.v")
    return found


def test_an_answer_is_found_when_it_has_ended_and_not_before(alice: User, as_alice: Client) -> None:
    """A checkpoint each second must not cost an index each second."""
    turn = ask(alice, "How do tides work?")
    generation = Generation.claim(turn.generation.pk)
    assert generation is not None
    key = turn.assistant_message.pk
    point = Checkpoint(generation.pk, key, generation.fence, 2, "The moon", "")
    assert Generation.checkpoint([point]) == set()
    assert look(as_alice, "moon") == []
    answer_so_far(generation, "The moon pulls.", "complete")
    assert len(look(as_alice, "moon")) == 1


def answer_so_far(generation: Generation, text: str, status: str, **more: Any) -> None:
    from conversations.models.progress import Ending

    assert generation.finish(Ending(status=status, seq=9, text=text, **more))


def test_a_continued_answer_is_found_by_its_new_words_and_by_the_old_ones(
    alice: User, as_alice: Client
) -> None:
    turn = ask(alice, "How do tides work?")
    answer(turn, "The moon", status="stopped")
    again = begin_continuation(alice, key=uuid4(), digest="d", message=turn.assistant_message.uuid)
    generation = Generation.claim(again.generation.pk)
    assert generation is not None
    key = turn.assistant_message.pk
    point = Checkpoint(generation.pk, key, generation.fence, 2, "The moon pul", "")
    assert Generation.checkpoint([point]) == set()
    answer_so_far(generation, "The moon pulls.", "complete")
    assert len(look(as_alice, "moon pulls")) == 1
    Message.objects.filter(pk=key).delete()
    assert look(as_alice, "moon") == []
    assert "moon" not in words_in_the_index()


def test_what_a_guardrail_withdrew_is_not_found(alice: User, as_alice: Client) -> None:
    """R72"""
    turn = ask(alice, "Tell me.")
    generation = Generation.claim(turn.generation.pk)
    assert generation is not None
    point = Checkpoint(generation.pk, turn.assistant_message.pk, generation.fence, 2, "poison", "")
    Generation.checkpoint([point])
    answer_so_far(generation, "This answer was withdrawn.", "complete", withdrawn=True)
    assert look(as_alice, "poison") == []
    assert len(look(as_alice, "withdrawn")) == 1
    assert "poison" not in words_in_the_index()


def test_a_title_is_found_as_it_is_now(alice: User, as_alice: Client) -> None:
    conversation = titled(alice, "First", "How?")
    assert titles(as_alice, "conversation") == []
    conversation.rename("Second")
    assert titles(as_alice, "first") == []
    assert titles(as_alice, "second") == ["Second"]


# --- hostile --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "q",
    [
        '"',
        "'",
        "\\",
        "a\\",
        "a'b",
        "a & | ! b <-> c:*",
        "NEAR(a b) OR text:x AND about:o1",
        "-a ^b *",
        "%_%",
        "\0",
        "\ud800",
        "\u0301",
        "é" * 400,
        '"' * 400,
        "a " * 240,
        "﷽" * 20,
        "½ ﬁ",
        "' || '",
    ],
)
def test_no_query_is_an_error(alice: User, as_alice: Client, q: str) -> None:
    talk(alice, "How do tides work?")
    response = as_alice.get(PATH, {"q": q.encode("utf-8", "surrogatepass")})
    assert response.status_code == 200


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(q=st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=30))
def test_no_query_whatsoever_is_an_error(as_alice: Client, q: str) -> None:
    assert as_alice.get(PATH, {"q": q}).status_code == 200


def test_a_query_that_is_too_long_is_refused(as_alice: Client) -> None:
    assert as_alice.get(PATH, {"q": "a" * 501}).status_code == 422


def test_other_words_of_the_index_are_out_of_reach(alice: User, as_bob: Client) -> None:
    talk(alice, "secret")
    for q in (f"o{alice.pk}", f"about:o{alice.pk}", f"/{alice.pk}", f'"/{alice.pk}" secret'):
        assert look(as_bob, q) == []


def test_texts_beyond_every_limit_are_kept_and_found_by_their_beginning(
    alice: User, as_alice: Client
) -> None:
    """A tsvector holds a megabyte, and a word of it two kilobytes."""
    turn = talk(alice, "Long", " ".join(f"w{number:x}" for number in range(180_000)))
    other = talk(alice, "One word", "tides " + "x" * 300_000)
    assert [item["id"] for item in look(as_alice, "w1f w2f")] == [str(turn.conversation.pk)]
    assert [item["id"] for item in look(as_alice, "tides")] == [str(other.conversation.pk)]


# --- in step --------------------------------------------------------------------------------------


def test_what_was_there_before_the_index_is_indexed(alice: User, as_alice: Client) -> None:
    titled(alice, "About tides", "How do the seas work?")
    ask(alice, "Still being answered")
    Searchable.objects.all().delete()
    assert look(as_alice, "tides") == []
    index.install("default")
    index.install("default")
    assert titles(as_alice, "seas") == titles(as_alice, "tides") == ["About tides"]
    assert Searchable.objects.count() == 4


@pytest.mark.matrix  # PostgreSQL always has its index
def test_without_fts5_the_texts_are_read(
    alice: User, as_alice: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    titled(alice, "About tides", "How do the seas work?")
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL always has its index")
    monkeypatch.setattr(sqlite, "is_there", lambda cursor: False)
    assert titles(as_alice, "Seas work") == titles(as_alice, "tides") == ["About tides"]
    assert titles(as_alice, "seas ebb") == []
