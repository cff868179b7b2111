"""A long conversation: the page begins with its end; the rest is one link, or scroll, away."""

import json
import re

import pytest
from django.urls import reverse

from conversations.transcript import Transcript
from conversations.views import RECENT
from tests.people import talk

pytestmark = pytest.mark.django_db


@pytest.fixture
def conversation(alice):
    conversation = talk(alice, "Question 1").conversation
    parent = conversation.messages.latest("id")
    for number in range(RECENT + 3):
        role = "user" if parent.role == "assistant" else "assistant"
        parent = conversation.messages.create(role=role, text=f"Text {number}", parent=parent)
    return conversation


def shown(client, conversation, query=""):
    """The ids of the messages in the page's markup, which are those of its data, in order."""
    page = client.get(reverse("conversation", args=[conversation.pk]) + query).text
    ids = re.findall(r'data-message="([0-9a-f-]+)"', page)
    data = re.search(r'<script id="page-data"[^>]*>(.*?)</script>', page, re.S)
    assert [item["uuid"] for item in json.loads(data[1])["thread"]] == ids
    return page, ids


def test_the_page_has_the_last_messages_and_a_link_to_the_others(client, alice, conversation):
    client.force_login(alice)
    whole = [item["uuid"] for item in Transcript(conversation).thread()]
    assert len(whole) > RECENT
    page, ids = shown(client, conversation)
    assert ids == whole[-RECENT:]
    assert re.search(r'id="earlier" href="\?whole=1">', page)


def test_without_scripts_the_link_leads_to_all_of_them(client, alice, conversation):
    client.force_login(alice)
    whole = [item["uuid"] for item in Transcript(conversation).thread()]
    page, ids = shown(client, conversation, "?whole=1")
    assert ids == whole
    assert re.search(r'id="earlier" href="\?whole=1" hidden>', page)


def test_a_message_that_is_asked_for_is_there_however_far_up_it_is(client, alice, conversation):
    client.force_login(alice)
    whole = [item["uuid"] for item in Transcript(conversation).thread()]
    _, ids = shown(client, conversation, f"?at={whole[1]}")
    assert ids == whole[1:]
