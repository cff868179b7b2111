"""What of a long conversation the model is sent is what the page draws; pins and summary."""

from __future__ import annotations

from playwright.sync_api import expect

from conversations.models import BedrockModel, Conversation, Message
from streaming.localbedrock import Answer

SMALL = "local.demonstration-small-v1:0"


def test_what_is_drawn_is_what_is_sent(enter, alice, model):
    """The line, what is above it, and what is pinned, beside the request of the last question."""
    BedrockModel.objects.update_or_create(
        id=SMALL,
        defaults={
            "name": "Small",
            "context_window": 4_096,
            "max_output_tokens": 512,
            "demonstration": True,
            "enabled": True,
        },
    )
    Conversation.objects.create(owner=alice, title="Long", model=SMALL)
    conversation = Conversation.objects.get(owner=alice)
    tab = enter(alice, f"/c/{conversation.pk}/")
    for number in range(5):
        model.enqueue(Answer(text=f"Answer {number}."))
        tab.ask(f"{number} " + "word " * 620)
        expect(tab.messages.last).to_have_attribute("data-status", "complete")
        if number == 0:
            first = tab.messages.first
            first.hover()
            first.locator('[data-act="pin"]').click()
            expect(first.locator('[data-act="pin"]')).to_have_attribute("aria-pressed", "true")
    line = tab.page.locator(".view-line:visible")
    expect(line).to_contain_text("no longer sent to the model")
    drawn = tab.page.evaluate(
        """() => [...document.querySelectorAll(".message")]
          .filter((message) => message.dataset.view !== "out")
          .map((message) => message.querySelector(".message-text").textContent.trim())"""
    )
    call = [each for each in model.history if each.operation == "ConverseStream"][-1]
    sent = [block["text"].strip() for each in call.messages for block in each["content"]]
    assert drawn[:-1] == sent  # all but the answer to it
    assert sent[0].startswith("0 ")
    expect(tab.page.get_by_text("Still sent").first).to_be_visible()

    tab.page.get_by_role("button", name="Context:").click()
    expect(tab.page.locator(".context-figures")).to_contain_text("an estimate")
    tab.page.get_by_label("Summarise what is no longer sent").check()
    tab.page.get_by_label("Summary, sent in place").fill("They spoke of words.")
    tab.page.get_by_role("button", name="Save summary").click()
    expect(tab.page.get_by_text("Saved.")).to_be_visible()
    conversation.refresh_from_db()
    assert conversation.options["summarize"] is True
    assert conversation.summary == "They spoke of words."
    assert Message.objects.get(conversation=conversation, pinned=True).role == "user"
