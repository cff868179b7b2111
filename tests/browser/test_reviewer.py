"""carol reads what alice saw, alice sees that she did, and nobody else gets in."""

from __future__ import annotations

from playwright.sync_api import expect

from conversations.models import TranscriptRead
from streaming.localbedrock import Answer, samples
from tests.people import answer, ask, talk


def test_a_reviewer_finds_a_transcript_and_its_owner_sees_it(enter, alice, carol, model):
    """R35"""
    model.enqueue(Answer("Tea"), operation="Converse")
    model.enqueue(Answer(samples.LIST))
    owner = enter(alice)
    owner.ask("A list, please.")
    expect(owner.answer).to_have_attribute("data-status", "complete")
    expect(owner.listed).to_have_text(["Tea"])
    owner.arrives()
    owner.page.reload()
    expect(owner.text.locator("li").first).to_be_visible()

    reader = enter(carol)
    reader.page.locator(".account-summary").click()
    reader.page.get_by_role("link", name="Review of transcripts").click()
    search = reader.page.get_by_role("search")
    search.locator("[name=q], input[type=search], input[type=text]").first.fill("kettle")
    search.get_by_role("button", name="Find").click()
    expect(reader.page.locator("mark")).to_have_text(["kettle"])
    reader.page.get_by_role("link", name="Tea").click()
    expect(reader.page.get_by_text("That you opened this is on record")).to_be_visible()
    expect(reader.questions).to_have_text(["A list, please."])
    expect(reader.text.locator("li").first).to_be_visible()
    assert reader.markup == owner.markup
    expect(reader.page.get_by_text("end_turn")).to_be_visible()
    expect(reader.page.get_by_role("button", name="Regenerate")).to_have_count(0)

    assert set(TranscriptRead.objects.values_list("kind", flat=True)) == {"searched", "opened"}
    owner.open("/settings/")
    reads = owner.page.locator("#reads tbody tr")
    expect(reads).to_have_count(2)
    expect(reads.first).to_contain_text("carol")
    expect(owner.page.get_by_role("link", name="Opened a conversation")).to_be_visible()


def test_a_reviewer_sees_outcome_error_and_reference(enter, alice, carol):
    turn = ask(alice, "How do tides work?")
    answer(
        turn, "The moon", status="interrupted", error_code="worker_lost", error_reference="ab12cd34"
    )
    reader = enter(carol, f"/review/{turn.conversation.pk}/")
    expect(reader.outcome).to_contain_text("The server stopped while the answer was being written.")
    figures = reader.page.locator(".figures").last
    for words in ("interrupted", "worker_lost", "ab12cd34"):
        expect(figures).to_contain_text(words)


def test_who_may_not_review_finds_nothing_there(enter, alice, bob):
    """R20, R84"""
    turn = talk(alice)
    tab = enter(bob)
    tab.watch.allow("status of 404")
    for path in ("/review/", f"/review/{turn.conversation.pk}/"):
        tab.open(path)
        expect(tab.page.get_by_role("link", name="Back to your conversations")).to_be_visible()
        expect(tab.page.get_by_text("By gravity.")).to_have_count(0)
    assert not TranscriptRead.objects.exists()
