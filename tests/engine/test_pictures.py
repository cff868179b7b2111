"""Pictures in answers: kept in our own storage, told to every tab, served to their owner."""

from __future__ import annotations

import pytest
from botocore.exceptions import EndpointConnectionError
from channels.db import database_sync_to_async

from conversations.attachments import files
from conversations.models import Message
from streaming.localbedrock import Answer
from tests import pictures

pytestmark = pytest.mark.matrix


async def test_a_picture_is_kept_and_shown_and_counts_as_an_answer(open_tab, alice, model):
    model.enqueue(Answer("", images=(pictures.image(),)))
    mine = await open_tab(alice)
    accepted = await mine.ask("Draw the tide.")
    finished = await mine.expect("finished")
    assert (finished["status"], finished["note"], finished["parts"]) == ("complete", None, None)
    [picture] = finished["attachments"]
    assert (picture["kind"], picture["media_type"]) == ("image", "image/png")
    stored = await database_sync_to_async(Message.objects.get)(uuid=accepted["assistant_message"])
    assert (stored.attached, stored.content) == ([picture], None)


@pytest.mark.parametrize("data", [None, b"<svg onload='alert(1)'/>"])
async def test_a_picture_that_failed_or_is_none_is_told_as_lost(open_tab, alice, model, data):
    """R68: what a model calls a picture is looked at as an upload is."""
    model.enqueue(Answer("Here it is.", images=(data,)))
    mine = await open_tab(alice)
    await mine.ask("Draw the tide.")
    finished = await mine.expect("finished")
    assert finished["status"] == "complete"
    assert finished["attachments"] == []
    assert finished["parts"]["lost"] == 1


async def test_a_store_that_is_away_costs_the_picture_and_not_the_answer(
    open_tab, alice, model, monkeypatch
):
    """What boto3 raises of a bucket is no OSError; the answer would have no end."""

    def away(row, made):
        raise EndpointConnectionError(endpoint_url="https://bucket.example")

    monkeypatch.setattr(files, "write", away)
    model.enqueue(Answer("Here it is.", images=(pictures.image(),)))
    mine = await open_tab(alice)
    await mine.ask("Draw the tide.")
    finished = await mine.expect("finished")
    assert finished["status"] == "complete"
    assert (finished["attachments"], finished["parts"]["lost"]) == ([], 1)
