"""Which guardrail a conversation goes through: administrators say so, nobody else."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from conversations.guardrails import explanation, guardrail_of
from conversations.models import Guardrail, User
from streaming import protocol
from streaming.accumulator import Accumulator
from streaming.bedrock.events import MessageStop, Metadata, Usage
from streaming.guarding import INTERVENED, found_in
from tests.people import answer, ask, talk


def chosen(conversation: Any) -> str | None:
    found = guardrail_of(conversation)
    return found.identifier if found else None


@pytest.mark.django_db
def test_the_closest_guardrail_counts(alice: User, bob: User, settings: Any) -> None:
    hers, his = talk(alice).conversation, talk(bob).conversation
    assert chosen(hers) is None
    settings.GUARDRAIL_ID, settings.GUARDRAIL_VERSION = "of-the-site", "3"
    assert chosen(hers) == chosen(his) == "of-the-site"
    found = guardrail_of(hers)
    assert found
    assert (found.version, found.mode) == ("3", "sync"), "scanned first, unless chosen otherwise"

    group = Group.objects.create(name="Minors")
    alice.groups.add(group)
    of_group = Guardrail.objects.create(name="Strict", identifier="of-the-group")
    of_group.groups.add(group)
    assert (chosen(hers), chosen(his)) == ("of-the-group", "of-the-site")

    own = Guardrail.objects.create(name="One", identifier="its-own")
    own.conversations.add(hers)
    assert chosen(hers) == "its-own"
    assert chosen(talk(alice).conversation) == "of-the-group"


@pytest.mark.parametrize("field", ["guardrail", "guardrailConfig", "guardrail_id"])
@pytest.mark.nodb
def test_no_command_names_or_switches_off_a_guardrail(field: str) -> None:
    send = {"type": "send", "key": "5e4d3c2b-1a0f-4e9d-8c7b-6a5f4e3d2c05", "text": "Hello."}
    for body in ({**send, field: "off"}, {**send, "options": {field: "off"}}):
        with pytest.raises(protocol.Malformed):
            protocol.understand(body)


@pytest.mark.django_db
def test_an_administrator_chooses_guardrails(
    alice: User, as_dora: Client, as_alice: Client
) -> None:
    conversation = talk(alice).conversation
    form = {
        "name": "Strict", "identifier": "g-1", "version": "2", "mode": "sync",
        "groups": [], "conversations": str(conversation.pk),
    }  # fmt: skip
    assert as_dora.post("/admin/conversations/guardrail/add/", form).status_code == 302
    assert chosen(conversation) == "g-1"
    assert "Strict" in as_dora.get("/admin/conversations/guardrail/").text
    assert as_alice.get("/admin/conversations/guardrail/").status_code == 302


@pytest.mark.django_db
def test_what_was_withdrawn_is_marked_for_review(alice: User, as_carol: Client) -> None:
    """R72"""
    turn, other = ask(alice, "How?"), talk(alice)
    answer(
        turn, "", stop_reason=INTERVENED, withdrawn=True, extra={"guardrail": {"withdrawn": True}}
    )
    page = as_carol.get("/review/", {"outcome": "withdrawn"}).text
    assert str(turn.conversation.pk) in page
    assert str(other.conversation.pk) not in page
    assert "withdrawn by a guardrail" in as_carol.get(f"/review/{turn.conversation.pk}/").text


@pytest.mark.nodb
def test_reasons_are_told_by_their_kind() -> None:
    found = {"action": "blocked", "where": "input", "policies": ["wordPolicy", "somethingNew"]}
    assert explanation(found).endswith("Reason: a word that is not allowed here.")
    assert explanation({}) == "A guardrail stopped or changed this answer."


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["NONE", "BLOCKED", "ANONYMIZED"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["guardrail", "inputAssessment", "outputAssessments", "topicPolicy", "action"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@pytest.mark.nodb
@given(st.dictionaries(st.just("guardrail"), anything))
def test_no_trace_breaks_the_record(trace: dict[str, Any]) -> None:
    """R68"""
    accumulator = Accumulator()
    accumulator.add(MessageStop(INTERVENED, None))
    accumulator.add(Metadata(Usage(), None, trace))
    assert found_in(accumulator)["action"] in {"", "blocked", "masked"}
