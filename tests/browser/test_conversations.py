"""The list of conversations, titles, deletion with undo, and what a message offers."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone
from playwright.sync_api import expect

from conversations.models import Conversation
from streaming.localbedrock import Answer
from tests.browser.conditions import until
from tests.people import answer, ask_again, talk


def texts_of(history):
    """What the newest question was sent with."""
    asked = [call for call in history if call.operation == "ConverseStream"]
    return [message["content"][0]["text"] for message in asked[-1].messages]


def titled(user, title):
    conversation = talk(user, f"About {title}").conversation
    conversation.rename(title)
    return conversation


def test_the_model_writes_the_title(enter, alice, model):
    model.enqueue(Answer("Tides and the moon"), operation="Converse")
    model.enqueue(Answer("The moon pulls."))
    tab = enter(alice)
    tab.ask("How do tides work?")
    expect(tab.title).to_have_value("Tides and the moon")
    expect(tab.listed).to_have_text(["Tides and the moon"])
    expect(tab.page).to_have_title("Tides and the moon · Chat")
    tab.page.reload()
    expect(tab.title).to_have_value("Tides and the moon")


def test_a_title_is_changed_where_it_stands_and_in_every_tab(enter, alice):
    """R97"""
    conversation = titled(alice, "Tides")
    tab = enter(alice, f"/c/{conversation.pk}/")
    other = tab.tab("/")
    expect(other.listed).to_have_text(["Tides"])
    tab.title.fill("Ebb and flow")
    tab.title.press("Enter")
    for each in (tab, other):
        expect(each.listed).to_have_text(["Ebb and flow"])
    until(lambda: Conversation.objects.get().title == "Ebb and flow")
    tab.title.fill("Something else")
    tab.title.press("Escape")
    expect(tab.title).to_have_value("Ebb and flow")
    tab.page.reload()
    expect(tab.title).to_have_value("Ebb and flow")


def test_a_conversation_is_renamed_in_the_list(enter, alice):
    conversation = titled(alice, "Tides")
    tab = enter(alice, f"/c/{conversation.pk}/")
    row = tab.in_the_list("Tides")
    row.get_by_label("Rename, pin, archive or delete").click()
    row.get_by_role("button", name="Rename").click()
    # The row is found by its title, which is a field now.
    field = tab.page.get_by_role("textbox", name="Title", exact=True)
    expect(field).to_be_focused()
    field.fill("Ebb and flow")
    field.press("Enter")
    expect(tab.listed).to_have_text(["Ebb and flow"])
    expect(tab.title).to_have_value("Ebb and flow")
    until(lambda: Conversation.objects.get().title == "Ebb and flow")


def delete(tab, title):
    row = tab.in_the_list(title)
    row.get_by_label("Rename, pin, archive or delete").click()
    row.get_by_role("button", name="Delete").click()


def test_a_deleted_conversation_can_be_brought_back(enter, alice):
    """R97: another tab sees both."""
    titled(alice, "Tides")
    kept = titled(alice, "Ada")
    tab = enter(alice, f"/c/{kept.pk}/")
    other = tab.tab("/")
    expect(other.listed).to_have_text(["Ada", "Tides"])
    delete(tab, "Tides")
    for each in (tab, other):
        expect(each.listed).to_have_text(["Ada"])
    assert Conversation.objects.owned_by(alice).count() == 1
    expect(tab.page.get_by_text("“Tides” was deleted.")).to_be_visible()
    tab.page.get_by_role("button", name="Undo").click()
    for each in (tab, other):
        expect(each.listed).to_have_count(2)
    assert Conversation.objects.owned_by(alice).count() == 2


def test_deleting_the_conversation_that_is_open_leads_to_a_new_one_and_can_be_undone(enter, alice):
    conversation = titled(alice, "Tides")
    path = f"/c/{conversation.pk}/"
    tab = enter(alice, path)
    delete(tab, "Tides")
    expect(tab.page.get_by_role("heading", name="What would you like to know?")).to_be_visible()
    assert tab.path == "/"
    tab.page.get_by_role("button", name="Undo").click()
    expect(tab.listed).to_have_text(["Tides"])
    tab.page.get_by_role("link", name="Tides").click()
    expect(tab.text).to_have_text("By gravity.")


def test_a_new_conversation_appears_in_the_list_of_every_tab(enter, alice, model):
    """R97"""
    model.enqueue(Answer("Tides"), operation="Converse")
    model.enqueue(Answer("The moon pulls."))
    tab = enter(alice)
    other = tab.tab("/")
    expect(tab.page.get_by_text("Your conversations will be listed here.")).to_be_visible()
    tab.ask("How do tides work?")
    for each in (tab, other):
        expect(each.listed).to_have_text(["Tides"])
    expect(tab.page.locator(".conversation [aria-current=page]")).to_have_text("Tides")
    expect(other.page.locator(".conversation [aria-current=page]")).to_have_count(0)


def test_conversations_are_grouped_by_day(enter, alice):
    now = timezone.now()
    ages = {"Now": 0, "Day before": 1, "Some days ago": 4, "Long ago": 70}
    for title, days in reversed(ages.items()):
        conversation = titled(alice, title)
        moment = now - timedelta(days=days)
        Conversation.objects.filter(pk=conversation.pk).update(updated_at=moment)
    tab = enter(alice)
    month = (now - timedelta(days=70)).strftime("%B %Y")
    labels = tab.page.locator(".conversation-group-label")
    expect(labels).to_have_text(["Today", "Yesterday", "Previous 7 days", month])
    expect(tab.listed).to_have_text(list(ages))


def test_a_question_in_an_old_conversation_brings_it_to_the_top(enter, alice, model):
    old = titled(alice, "Tides")
    Conversation.objects.update(updated_at=timezone.now() - timedelta(days=40))
    titled(alice, "Ada")
    tab = enter(alice, f"/c/{old.pk}/")
    expect(tab.listed).to_have_text(["Ada", "Tides"])
    model.enqueue(Answer("Twice a day."))
    tab.ask_and_read("How often?", "Twice a day.")
    expect(tab.listed).to_have_text(["Tides", "Ada"])
    expect(tab.page.locator(".conversation-group-label")).to_have_text(["Today"])


def test_code_and_answer_are_copied_as_written(enter, alice, model):
    written = "Some *code*:\n\n```python\nprint(1)\nprint(2)\n```"
    model.enqueue(Answer(written))
    tab = enter(alice)
    tab.context.grant_permissions(["clipboard-read", "clipboard-write"])
    tab.ask("Code, please.")
    expect(tab.answer).to_have_attribute("data-status", "complete")
    clipboard = "() => navigator.clipboard.readText()"
    tab.text.get_by_role("button", name="Copy").click()
    expect(tab.text.get_by_role("button", name="Copied")).to_be_visible()
    assert tab.evaluate(clipboard) == "print(1)\nprint(2)"
    tab.answer.hover()
    tab.answer.locator("[data-act=copy]").click()
    until(lambda: tab.evaluate(clipboard) == written)


def test_another_answer_stands_beside_the_first(enter, alice, model):
    model.enqueue(Answer("The moon pulls."))
    tab = enter(alice)
    path = tab.ask_and_read("How do tides work?", "The moon pulls.")
    model.enqueue(Answer("Gravity."))
    tab.answer.hover()
    tab.answer.get_by_role("button", name="Regenerate").click()
    expect(tab.text).to_have_text("Gravity.")
    expect(tab.answers).to_have_count(1)
    siblings = tab.answer.get_by_role("navigation", name="Other versions")
    expect(siblings).to_contain_text("2 / 2")
    siblings.get_by_label("Previous version").click()
    expect(tab.text).to_have_text("The moon pulls.")
    expect(siblings).to_contain_text("1 / 2")
    siblings.get_by_label("Next version").click()
    expect(tab.text).to_have_text("Gravity.")
    tab.open(path)
    expect(tab.text).to_have_text("Gravity.")


def test_a_question_on_an_older_branch_goes_on_there(enter, alice, model):
    turn = talk(alice, "How do tides work?", "The moon pulls.")
    answer(ask_again(alice, turn.assistant_message), "Gravity.")
    tab = enter(alice, f"/c/{turn.conversation.pk}/?at={turn.assistant_message.uuid}")
    expect(tab.text).to_have_text("The moon pulls.")
    model.enqueue(Answer("Twice a day."))
    tab.ask("How often?")
    expect(tab.text).to_have_text("Twice a day.")
    expect(tab.answers.first.locator(".message-text")).to_have_text("The moon pulls.")
    assert texts_of(model.history) == ["How do tides work?", "The moon pulls.", "How often?"]
