"""What a generation has written over its attempts, and how two pieces are joined."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streaming.bedrock.events import ReasoningDelta, TextDelta
from streaming.draft import Draft, Seam, Written

pytestmark = pytest.mark.nodb

TEXT = st.text(alphabet="ab \n", max_size=12)


def cuts(text, at):
    places = sorted({min(place, len(text)) for place in at})
    return [text[a:b] for a, b in zip([0, *places], [*places, len(text)], strict=True)]


@given(TEXT, TEXT, st.lists(st.integers(0, 12), max_size=4))
def test_what_is_joined_does_not_depend_on_how_it_was_cut(shown, more, at):
    whole, pieces = Seam(shown), Seam(shown)
    assert whole.join(more) == "".join(pieces.join(piece) for piece in cuts(more, at))


@given(TEXT, TEXT)
def test_a_model_that_repeats_the_white_space_it_was_not_given_repeats_nothing_on_screen(
    shown, more
):
    seam = Seam(shown)
    white = shown[len(seam.given) :]
    assert seam.given == shown.rstrip()
    assert shown + seam.join(white + more) == shown + more


@given(TEXT.filter(lambda text: not text[-1:].isspace()), TEXT)
def test_where_nothing_was_cut_off_nothing_is_left_out(shown, more):
    assert Seam(shown).join(more) == more


def draft(base=""):
    return Draft(Written(base), None, lambda: 0.0)


def write(draft, text, reasoning=""):
    draft.accumulator.add(ReasoningDelta(reasoning, 0))
    draft.accumulator.add(TextDelta(text, 1))
    draft.accumulator.take()


def test_an_attempt_that_goes_on_keeps_what_is_there():
    mine = draft("Base, ")
    write(mine, "one, ", "hm")
    mine.carry_on()
    write(mine, "two.")
    assert mine.taken_text() == mine.written().text == "Base, one, two."
    assert mine.written().reasoning == "hm"


def test_an_attempt_that_starts_over_voids_what_this_generation_wrote_and_no_more():
    mine = draft("Base, ")
    write(mine, "one.")
    mine.carry_on()
    mine.start_over()
    assert mine.taken_text() == "Base, "
    assert not mine.has_new


@given(st.lists(st.text(alphabet="xyz", max_size=9), min_size=1, max_size=3))
def test_after_the_last_attempt_the_longest_stays(texts):
    mine = draft("Base, ")
    for number, text in enumerate(texts):
        write(mine, text)
        if number < len(texts) - 1:
            mine.start_over()
    changed = mine.keep_longest()
    mine.accumulator.take()
    longest = max(len(text) for text in texts)
    assert len(mine.taken_text()) == len("Base, ") + longest
    assert mine.taken_text() == mine.written().text
    assert changed or mine.taken_text() == "Base, " + texts[-1]


def test_the_first_word_counts_from_the_first_attempt():
    times = iter([1.0, 5.0])
    mine = Draft(Written(), None, lambda: next(times))
    write(mine, "one")
    mine.start_over()
    write(mine, "two")
    assert mine.first_delta_at == 1.0
