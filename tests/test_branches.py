"""Paths through the tree of a conversation, whatever the tree."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conversations.branches import Tree
from conversations.models import Message

pytestmark = pytest.mark.nodb

# The parent of message n + 1, among the n before it; 0 for a first message.
TREES = st.lists(st.integers(0, 30), max_size=14).map(
    lambda picks: [pick % (place + 1) for place, pick in enumerate(picks)]
)


def grown(parents: list[int]) -> Tree:
    messages = [
        Message(id=number, parent_id=parent or None) for number, parent in enumerate(parents, 1)
    ]
    return Tree(reversed(messages))


@given(TREES)
def test_a_branch_goes_from_a_first_message_through_the_one_asked_for_to_a_last(
    parents: list[int],
) -> None:
    tree = grown(parents)
    for message in tree.messages:
        path = tree.thread(message)
        assert message in path
        assert path[0].parent_id is None
        for above, below in pairwise(path):
            assert below.parent_id == above.id
        assert path[-1].id not in {each.parent_id for each in tree.messages}


@given(TREES)
def test_what_is_shown_first_ends_with_what_was_written_last(parents: list[int]) -> None:
    tree = grown(parents)
    shown = tree.thread()
    if parents:
        assert shown[-1] == tree.newest == tree.messages[-1]
    else:
        assert shown == []
        assert tree.newest is None


@given(TREES)
def test_below_a_message_the_branch_is_shown_in_which_somebody_wrote_last(
    parents: list[int],
) -> None:
    tree = grown(parents)

    def below(message: Message) -> set[int]:
        children = [each for each in tree.messages if each.parent_id == message.id]
        return {message.id}.union(*(below(child) for child in children))

    for message in tree.messages:
        assert tree.thread(message)[-1].id == max(below(message))


@given(TREES)
def test_by_the_arrows_every_branch_is_reached(parents: list[int]) -> None:
    tree = grown(parents)
    for message in tree.messages:
        family = [each for each in tree.messages if each.parent_id == message.parent_id]
        place = tree.siblings(message)
        assert (place.index, place.count) == (family.index(message) + 1, len(family))
        assert place.previous == (family[place.index - 2] if place.index > 1 else None)
        assert place.next == (family[place.index] if place.index < place.count else None)
