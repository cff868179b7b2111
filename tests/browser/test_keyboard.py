"""Everything by keyboard, the focus where one expects it, and what is said to a screen reader."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

from conversations.models import User
from tests.browser.chat import Chat
from tests.people import talk

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
TO_CLIPBOARD = """() => {
  window.copied = [];
  const clipboard = { writeText: async (text) => void window.copied.push(text) };
  Object.defineProperty(navigator, "clipboard", { value: clipboard });
}"""


def focused(tab: Chat, selector: str) -> None:
    expect(tab.page.locator(":focus")).to_have_count(1)
    assert tab.page.locator(f"{selector}:focus").count() == 1


def dialog(tab: Chat) -> Any:
    return tab.page.get_by_role("dialog", name="Keyboard shortcuts")


def test_every_key_of_the_list_does_what_it_says_and_none_fires_while_one_types(
    enter: Any, alice: User
) -> None:
    code = "Two:\n\n```python\nprint(1)\n```\n\n```python\nprint(2)\n```"
    conversation = talk(alice, "How?", "By gravity.").conversation
    talk(alice, "And in code?", code, conversation=conversation)
    tab = enter(alice, f"/c/{conversation.pk}/")
    tab.evaluate(TO_CLIPBOARD)
    keys = tab.page.keyboard
    expect(tab.answers).to_have_count(2)

    tab.field.press_sequentially("nbck?/jr")
    expect(tab.field).to_have_value("nbck?/jr")
    expect(dialog(tab)).to_be_hidden()
    keys.press("Escape")
    focused(tab, "#composer-text")
    tab.field.fill("")
    keys.press("Escape")
    focused(tab, ".message-assistant")
    keys.press("k")
    focused(tab, ".message-user")
    expect(tab.page.locator(":focus")).to_contain_text("And in code?")
    keys.press("j")
    keys.press("c")
    keys.press("Shift+C")
    announcer = tab.page.locator("#announcer")
    expect(announcer).to_contain_text("Copied.")
    assert tab.evaluate("() => window.copied") == [code, "print(2)"]
    keys.press("b")
    expect(tab.listed.first).to_be_hidden()
    tab.page.reload()
    expect(tab.answers).to_have_count(2)
    expect(tab.listed.first).to_be_hidden()
    tab.page.get_by_role("button", name="Conversations").click()
    expect(tab.listed.first).to_be_visible()

    keys.press("?")
    expect(dialog(tab)).to_be_visible()
    keys.press("n")
    assert tab.path == f"/c/{conversation.pk}/"
    keys.press("Escape")
    expect(dialog(tab)).to_be_hidden()
    focused(tab, "#list-toggle")
    keys.press("/")
    focused(tab, "#composer-text")
    expect(tab.field).to_have_value("")
    keys.press("Control+/")
    dialog(tab).get_by_label("Single keys").uncheck()
    keys.press("Control+/")
    expect(dialog(tab)).to_be_hidden()
    focused(tab, "#composer-text")
    tab.page.get_by_role("button", name="Conversations").focus()
    keys.press("?")
    expect(dialog(tab)).to_be_hidden()
    keys.press("Control+/")
    dialog(tab).get_by_label("Single keys").check()
    keys.press("Escape")
    keys.press("n")
    expect(tab.page.get_by_role("heading", name="What would you like to know?")).to_be_visible()


def test_the_list_is_there_for_a_finger_and_the_drawer_keeps_the_focus(
    enter: Any, alice: User
) -> None:
    tab = enter(alice, f"/c/{talk(alice).conversation.pk}/", **PHONE)
    expect(tab.text).to_have_text("By gravity.")
    opener = tab.page.get_by_role("button", name="Conversations")
    opener.tap()
    focused(tab, "[aria-label='Close the list']")
    for _ in range(12):
        tab.page.keyboard.press("Tab")
        assert (
            tab.evaluate("() => document.querySelector('#chat').contains(document.activeElement)")
            is False
        )
    tab.page.keyboard.press("Escape")
    expect(tab.listed).to_be_hidden()
    focused(tab, "#list-toggle")
    opener.tap()
    tab.page.locator(".account-summary").tap()
    tab.page.get_by_role("button", name="Keyboard shortcuts").tap()
    expect(dialog(tab)).to_be_visible()
    expect(tab.listed).to_be_hidden()
    dialog(tab).get_by_role("button", name="Close").tap()
    expect(dialog(tab)).to_be_hidden()
    focused(tab, "#list-toggle")


def test_deleting_by_keyboard_leaves_the_focus_in_the_list(enter: Any, alice: User) -> None:
    for title in ("First", "Second"):
        talk(alice).conversation.rename(title)
    tab = enter(alice)
    row = tab.in_the_list("Second")
    row.get_by_label("Rename, pin, archive or delete").focus()
    tab.page.keyboard.press("Enter")
    row.get_by_role("button", name="Delete").focus()
    tab.page.keyboard.press("Enter")
    expect(tab.listed).to_have_text(["First"])
    expect(tab.page.get_by_role("link", name="First")).to_be_focused()


def test_what_happens_is_said_once_and_a_wait_has_its_time_and_a_stop(
    enter: Any, alice: User, script: Any
) -> None:
    answer = script()
    tab = enter(alice)
    tab.evaluate(
        """() => {
          window.said = [];
          const region = document.getElementById("announcer");
          new MutationObserver(() => window.said.push(region.textContent.trim()))
            .observe(region, { childList: true });
        }"""
    )
    tab.ask("How do tides work?")
    wait = tab.answer.locator(".message-wait")
    expect(wait).to_contain_text("model")
    expect(wait.locator(".wait-time")).to_have_text("3 s")
    answer.emit("The moon ")
    expect(wait.locator(".pace")).to_contain_text("first words after")
    expect(wait.locator(".pace")).to_contain_text("of at most")
    # The server of these tests says after three seconds of silence that it takes longer.
    expect(wait).to_contain_text("longer")
    wait.get_by_role("button", name="Stop it").click()
    expect(tab.answer).to_have_attribute("data-status", "stopped")
    said = tab.evaluate("() => window.said")
    assert said[0] == "The answer is being written."
    assert said[-1] == "You stopped this answer."
    # It was silent for so long before the first words, and once more behind them.
    assert len(said) <= 4

    tab.open("/settings/")
    tab.page.get_by_label("Show how fast an answer comes").uncheck()
    again = script()
    tab.open("/")
    tab.ask("And then?")
    again.emit("The sun.")
    expect(tab.text).to_have_text("The sun.")
    expect(tab.waiting).to_contain_text("longer")
    expect(tab.answer.locator(".pace")).to_be_hidden()
    again.stop()


def test_who_reads_further_up_is_left_there_and_told_what_came(
    enter: Any, alice: User, script: Any
) -> None:
    answer = script()
    tab = enter(alice)
    tab.ask("Much, please.")
    for number in range(40):
        answer.emit(f"Paragraph {number}.\n\n")
    expect(tab.text).to_contain_text("Paragraph 39.")
    button = tab.page.locator("#to-end")
    expect(button).to_be_hidden()
    tab.page.locator("#scroller").hover()
    tab.page.mouse.wheel(0, -600)
    expect(button).to_be_visible()
    top = tab.evaluate("() => document.getElementById('scroller').scrollTop")
    answer.emit("One more.\n\nAnd another.\n\n")
    expect(button).to_have_text("2 new paragraphs")
    expect(button).to_have_accessible_name("To the end: 2 new paragraphs")
    assert tab.evaluate("() => document.getElementById('scroller').scrollTop") == top
    button.focus()
    tab.page.keyboard.press("Enter")
    expect(button).to_be_hidden()
    focused(tab, "#scroller")
    answer.emit("At the end.")
    expect(tab.page.get_by_text("At the end.")).to_be_in_viewport()
    answer.stop()


def test_nothing_jumps_while_an_answer_arrives(enter: Any, alice: User, script: Any) -> None:
    """The layout shifts that a browser counts, without those that follow a person's own doing."""
    answer = script()
    tab = enter(alice)
    tab.evaluate(
        """() => {
          window.shifts = [];
          new PerformanceObserver((list) => {
            for (const { hadRecentInput, value, sources } of list.getEntries())
              if (!hadRecentInput)
                window.shifts.push([value, sources.map(({ node }) => node?.className ?? "")]);
          }).observe({ type: "layout-shift", buffered: false });
        }"""
    )
    tab.ask("Much, please.")
    answer.reason("I think. " * 30)
    pieces = [
        "# Tides\n\n",
        "The *moon* ",
        "pulls.\n\n",
        "- high\n- low\n\n",
        "| a | b |\n|---|---|\n",
    ]
    pieces += ["| 1 | 2 |\n\n", "```python\nprint(1)\n", "print(2)\n```\n\n", "> said\n\n"]
    for piece in pieces * 3:
        answer.emit(piece)
        tab.page.wait_for_timeout(60)
    answer.stop()
    expect(tab.answer).to_have_attribute("data-status", "complete")
    tab.page.wait_for_timeout(100)
    shifts = tab.evaluate("() => window.shifts")
    assert sum(value for value, _ in shifts) < 0.05, shifts
