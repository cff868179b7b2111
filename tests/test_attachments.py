"""Files that people upload: kept, limited, theirs alone, and gone with what they belong to."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from conversations.attachments import files
from conversations.attachments.storing import store_image, sweep
from conversations.models import Attachment, Conversation, Message, TranscriptRead, User
from conversations.purge import purge
from conversations.refusals import Refused
from conversations.turns import Turn
from tests import pictures
from tests.people import ask, talk
from tests.pictures import TEXT, uploaded

pytestmark = pytest.mark.django_db

PATH = "/api/v1/attachments"


def post(client: Client, data: bytes = TEXT.encode(), name: str = "notes.txt") -> Any:
    return client.post(PATH, {"file": SimpleUploadedFile(name, data)})


def sent(user: User, *attachments: Attachment, **fields: Any) -> Turn:
    return talk(user, attachments=tuple(each.pk for each in attachments), **fields)


def stored(row: Attachment) -> list[str]:
    """The files that there are of a row; other tests' may be in the same folder."""
    name = row.stored_as.hex
    folder = f"{name[:2]}/{name[2:4]}"
    if not default_storage.exists(folder):
        return []
    return sorted(each for each in default_storage.listdir(folder)[1] if each.startswith(name))


def long_ago(*rows: Attachment, **ages: timedelta) -> None:
    now = timezone.now()
    Attachment.objects.filter(pk__in=[row.pk for row in rows]).update(
        **{name: now - age for name, age in ages.items()}
    )


# --- uploading ------------------------------------------------------------------------------------


def test_an_image_is_uploaded_and_told_what_it_is(as_alice: Client, alice: User) -> None:
    response = post(as_alice, pictures.image(), "red.exe")
    assert response.status_code == 201
    row = Attachment.objects.owned_by(alice).get()
    assert response.json() == {
        "id": str(row.pk),
        "kind": "image",
        "name": "red.exe",
        "media_type": "image/png",
        "size": row.size,
        "width": 40,
        "height": 30,
    }
    assert stored(row) == [f"{row.stored_as.hex}.original", f"{row.stored_as.hex}.thumbnail"]


def test_a_file_is_stored_under_a_name_that_nobody_chose_and_only_this_process_reads(
    as_alice: Client,
) -> None:
    """R32"""
    post(as_alice, name="../../evil.html")
    row = Attachment.objects.get()
    (name,) = stored(row)
    assert "evil" not in default_storage.path(name)
    path = default_storage.path(f"{name[:2]}/{name[2:4]}/{name}")
    assert str(row.pk) not in path, "nor does the address tell it"
    with open(path, "rb") as file:
        assert file.read() == TEXT.encode()


@pytest.mark.parametrize(
    ("data", "code", "status"),
    [
        (b"\0\1\2", "unsupported_attachment", 422),
        (b"", "unsupported_attachment", 422),
        (b"a" * 5_000_000, "too_large", 413),
        (b"a" * 20_000_001, "too_large", 413),
    ],
    ids=["binary", "empty", "a large document", "a large file"],
)
def test_what_cannot_be_attached_is_refused_and_leaves_nothing(
    as_alice: Client, alice: User, data: bytes, code: str, status: int
) -> None:
    """R76, R88"""
    response = post(as_alice, data)
    assert response.status_code == status
    assert response.json()["error"]["code"] == code
    assert not Attachment.objects.owned_by(alice).exists()
    assert [stored(row) for row in Attachment.objects.all()] in ([], [[]])


def test_a_request_without_a_file_is_told_so(as_alice: Client) -> None:
    response = as_alice.post(PATH, {"file": "words"})
    assert (response.status_code, response.json()["error"]["code"]) == (422, "malformed")


def test_uploads_within_the_hour_are_limited(
    as_alice: Client, as_bob: Client, settings: Settings
) -> None:
    """R88: refused ones and those taken back count too; others' do not."""
    settings.MAX_UPLOADS_PER_HOUR = 3
    post(as_alice, b"\0")
    as_alice.delete(f"{PATH}/{post(as_alice).json()['id']}")
    assert post(as_alice).status_code == 201
    response = post(as_alice)
    assert (response.status_code, response.json()["error"]["code"]) == (429, "rate_limited")
    assert int(response.headers["Retry-After"]) > 0
    assert post(as_bob).status_code == 201
    Attachment.objects.update(created_at=timezone.now() - timedelta(hours=1, seconds=1))
    assert post(as_alice).status_code == 201


def test_all_files_of_a_person_together_are_limited(
    as_alice: Client, as_bob: Client, settings: Settings
) -> None:
    """R88"""
    settings.MAX_STORED_BYTES_PER_PERSON = 2 * len(TEXT)
    first = post(as_alice).json()["id"]
    assert post(as_alice).status_code == 201
    response = post(as_alice)
    assert (response.status_code, response.json()["error"]["code"]) == (429, "quota_exceeded")
    assert post(as_bob).status_code == 201
    assert as_alice.delete(f"{PATH}/{first}").status_code == 204
    assert post(as_alice).status_code == 201, "what was taken back makes room"


def test_what_was_not_sent_can_be_taken_back_and_what_was_sent_cannot(
    as_alice: Client, as_bob: Client, alice: User
) -> None:
    row = uploaded(alice)
    assert as_bob.delete(f"{PATH}/{row.pk}").status_code == 404
    assert as_alice.delete(f"{PATH}/{row.pk}").status_code == 204
    assert stored(row) == []
    assert as_alice.get(f"/files/{row.pk}/original").status_code == 404
    kept = uploaded(alice)
    sent(alice, kept)
    assert as_alice.delete(f"{PATH}/{kept.pk}").status_code == 404
    assert stored(kept)


# --- sending --------------------------------------------------------------------------------------


def test_a_message_tells_its_attachments_in_their_order_wherever_it_is_shown(
    as_alice: Client, alice: User
) -> None:
    first, second = uploaded(alice, pictures.image(), "b.png"), uploaded(alice, name="a.txt")
    turn = sent(alice, second, first)
    described = [second.described(), first.described()]
    assert turn.accepted()["attachments"] == described
    whole = as_alice.get(f"/api/v1/conversations/{turn.conversation.pk}").json()
    assert [message["attachments"] for message in whole["messages"]] == [described, []]


@pytest.mark.parametrize("whose", ["nobody's", "bob's", "taken back", "of a deleted conversation"])
def test_what_is_not_ones_own_cannot_be_sent(alice: User, bob: User, whose: str) -> None:
    """R21: and nothing is stored of the message."""
    row = uploaded(bob if whose == "bob's" else alice)
    if whose == "taken back":
        Attachment.objects.update(state="going")
    if whose == "of a deleted conversation":
        sent(alice, row).conversation.delete_softly()
    before = Message.objects.count()
    key = uuid.uuid4() if whose == "nobody's" else row.pk
    with pytest.raises(Refused) as refused:
        ask(alice, attachments=(uploaded(alice).pk, key))
    assert refused.value.code == "not_found"
    assert Message.objects.count() == before


def test_an_edited_message_keeps_what_it_names_again(alice: User) -> None:
    row = uploaded(alice)
    turn = sent(alice, row)
    edited = ask(alice, conversation=turn.conversation, parent=None, attachments=(row.pk,))
    assert edited.accepted()["attachments"] == [row.described()]
    assert row.uses.count() == 2


def test_an_image_of_an_answer_is_kept_with_it(as_alice: Client, alice: User) -> None:
    turn = talk(alice)
    row = store_image(turn.assistant_message, pictures.image(), "tide.png")
    whole = as_alice.get(f"/api/v1/conversations/{turn.conversation.pk}").json()
    assert whole["messages"][1]["attachments"] == [row.described()]
    assert as_alice.get(f"/files/{row.pk}/thumbnail").status_code == 200
    assert turn.assistant_message.attached == [row.described()]
    with pytest.raises(Refused):
        store_image(turn.assistant_message, b"<svg/>")


# --- downloading ----------------------------------------------------------------------------------


def test_a_file_comes_as_it_went_to_be_saved_and_never_run(as_alice: Client, alice: User) -> None:
    """R32"""
    data = b"<!doctype html><script>alert(1)</script>"
    row = uploaded(alice, data, 'Grüße "1".html')
    response = as_alice.get(f"/files/{row.pk}/original")
    assert response.content == data
    assert response.headers["Content-Disposition"].startswith("attachment; filename*=utf-8''Gr")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    policy = response.headers["Content-Security-Policy"].split("; ")
    assert {"sandbox", "default-src 'none'"} <= set(policy)
    assert "no-store" in response.headers["Cache-Control"]
    assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_a_thumbnail_is_of_images_only(as_alice: Client, alice: User) -> None:
    row = uploaded(alice, pictures.noise((900, 20)))
    response = as_alice.get(f"/files/{row.pk}/thumbnail")
    assert response.headers["Content-Type"] == "image/webp"
    assert response.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert len(response.content) < row.size
    assert as_alice.get(f"/files/{uploaded(alice).pk}/thumbnail").status_code == 404


def test_a_file_that_is_not_there_is_no_fault(as_alice: Client, alice: User) -> None:
    row = uploaded(alice)
    files.remove(row)
    assert as_alice.get(f"/files/{row.pk}/original").status_code == 404


@pytest.mark.parametrize("part", ["original", "thumbnail"])
def test_whose_file_it_is_is_asked_at_each_download(
    as_alice: Client, as_bob: Client, as_carol: Client, alice: User, part: str
) -> None:
    """R21: sent or not; and nobody has it while its conversation is deleted."""
    row = uploaded(alice, pictures.image())
    path = f"/files/{row.pk}/{part}"
    assert as_alice.get(path).status_code == 200
    turn = sent(alice, row)
    assert as_alice.get(path).status_code == 200
    assert as_bob.get(path).status_code == as_carol.get(path).status_code == 404
    assert Client().get(path).status_code == 302
    turn.conversation.delete_softly()
    assert as_alice.get(path).status_code == 404
    turn.conversation.restore()
    assert as_alice.get(path).status_code == 200


# --- reviewers ------------------------------------------------------------------------------------


def test_a_reviewer_has_a_file_on_record_before_it_is_shown(
    as_carol: Client, alice: User, carol: User
) -> None:
    """R35"""
    row = uploaded(alice, pictures.image())
    turn = sent(alice, row)
    path = f"/review/{turn.conversation.pk}/files/{row.pk}"
    assert as_carol.get(f"{path}/original").status_code == 200
    read = TranscriptRead.objects.get()
    assert (read.kind, read.reader, read.owner) == ("file", carol, alice)
    assert (read.conversation, read.attachment) == (turn.conversation.pk, row.pk)
    settings_page = Client()
    settings_page.force_login(alice)
    assert "Had a file of a conversation" in settings_page.get("/settings/").text


def test_small_images_of_an_opened_transcript_are_part_of_that_reading(
    as_carol: Client, alice: User
) -> None:
    """R35: without it each of them is on record by itself."""
    row = uploaded(alice, pictures.image())
    turn = sent(alice, row)
    transcript = f"/review/{turn.conversation.pk}/"
    thumbnail = f"{transcript}files/{row.pk}/thumbnail"
    assert as_carol.get(thumbnail).status_code == 200
    assert [read.kind for read in TranscriptRead.objects.all()] == ["file"]
    page = as_carol.get(transcript).text
    assert thumbnail in page
    assert f"{transcript}files/{row.pk}/original" in page
    assert as_carol.get(thumbnail).status_code == 200
    assert [read.kind for read in TranscriptRead.objects.all()] == ["opened", "file"]


def test_what_cannot_be_put_on_record_is_not_shown(
    as_carol: Client, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R35"""
    from django.db import DatabaseError

    row = uploaded(alice)
    turn = sent(alice, row)

    def fail(*_: Any, **__: Any) -> None:
        raise DatabaseError

    monkeypatch.setattr(TranscriptRead, "save", fail)
    response = as_carol.get(f"/review/{turn.conversation.pk}/files/{row.pk}/original")
    assert response.status_code == 503
    assert TEXT not in response.text


def test_a_file_needs_a_reason_where_a_transcript_does(
    as_carol: Client, alice: User, settings: Settings
) -> None:
    settings.REVIEW_REQUIRES_REASON = True
    row = uploaded(alice)
    turn = sent(alice, row)
    response = as_carol.get(f"/review/{turn.conversation.pk}/files/{row.pk}/original")
    assert response.status_code == 302
    assert response.headers["Location"] == f"/review/{turn.conversation.pk}/"
    assert not TranscriptRead.objects.exists()


def test_a_file_is_read_through_its_own_conversation_only(
    as_carol: Client, alice: User, bob: User
) -> None:
    """R35: or the record would name another one."""
    row = uploaded(alice)
    sent(alice, row)
    other = talk(bob)
    path = f"/review/{other.conversation.pk}/files/{row.pk}/original"
    assert as_carol.get(path).status_code == 404
    unsent = uploaded(bob)
    path = f"/review/{other.conversation.pk}/files/{unsent.pk}/original"
    assert as_carol.get(path).status_code == 404


# --- going ----------------------------------------------------------------------------------------


def test_what_was_not_sent_goes_after_a_day(alice: User) -> None:
    old, new, used = uploaded(alice), uploaded(alice), uploaded(alice)
    sent(alice, used)
    long_ago(old, used, created_at=timedelta(days=1, minutes=1))
    long_ago(used, sent_at=timedelta(days=1))
    assert sweep() == 1
    assert stored(old) == []
    assert set(Attachment.objects.all()) == {new, used}
    assert stored(new)
    assert stored(used)


def test_the_files_of_a_conversation_go_with_it(alice: User) -> None:
    """R38: all of them, and none that another conversation has too."""
    row, shared = uploaded(alice, pictures.noise((1_300, 1_000))), uploaded(alice)
    assert len(stored(row)) == 3
    turn = sent(alice, row, shared)
    kept = sent(alice, shared)
    turn.conversation.delete_softly()
    Conversation.objects.filter(pk=turn.conversation.pk).update(
        deleted_at=timezone.now() - timedelta(days=31)
    )
    long_ago(row, shared, sent_at=timedelta(days=31), created_at=timedelta(days=31))
    purged = purge(timezone.now() - timedelta(days=30))
    assert (purged.conversations, purged.files) == (1, 1)
    assert stored(row) == []
    assert [each["id"] for each in kept.user_message.attached or []] == [str(shared.pk)]
    assert list(Attachment.objects.all()) == [shared]
    assert stored(shared)


def test_the_files_of_an_account_go_with_it(alice: User) -> None:
    """R38"""
    row, unsent = uploaded(alice), uploaded(alice)
    sent(alice, row)
    alice.delete()
    assert sweep() == 2
    assert stored(row) == stored(unsent) == []
    assert not Attachment.objects.exists()


def test_an_upload_that_broke_off_leaves_nothing_for_long(
    alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError("No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(files, "write", full)
        with pytest.raises(OSError, match="No space"):
            uploaded(alice)
    row = Attachment.objects.get()
    assert row.state == "going"
    long_ago(row, created_at=timedelta(hours=2))
    assert sweep() == 1


def test_a_store_that_is_away_is_asked_again(alice: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """A row stays for as long as its file may be there."""
    row = uploaded(alice)
    long_ago(row, created_at=timedelta(days=2))

    def away(*_: Any) -> None:
        raise OSError

    with monkeypatch.context() as broken:
        broken.setattr(files, "remove", away)
        assert sweep() == 0
    assert Attachment.objects.get().state == "going"
    assert sweep() == 1
    assert stored(row) == []
