"""The chat as a person meets it: one tab, found by what is written on it."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, Locator, Page, expect

from tests.browser.watch import Watch

DRAWN = """root => {
  const drawn = root.cloneNode(true);
  for (const code of drawn.querySelectorAll("pre > code")) code.textContent = code.textContent;
  for (const formula of drawn.querySelectorAll(".formula")) formula.textContent = "";
  return drawn.innerHTML;
}"""
CONVERSATION = re.compile(r"/c/[0-9a-f-]{36}/$")


class Chat:
    """One tab. ``tab`` opens another one of the same browser."""

    def __init__(self, context: BrowserContext, watch: Watch) -> None:
        self.context = context
        self.watch = watch
        self.page: Page = context.new_page()

    # --- where it is --------------------------------------------------------------------------

    def open(self, path: str = "/") -> None:
        self.page.goto(path)

    def tab(self, path: str = "/") -> Chat:
        other = Chat(self.context, self.watch)
        other.open(path)
        return other

    @property
    def path(self) -> str:
        return urlsplit(self.page.url).path

    def arrives(self) -> str:
        """Waits until the address is that of a conversation; returns the path."""
        expect(self.page).to_have_url(CONVERSATION)
        return self.path

    # --- asking -------------------------------------------------------------------------------

    @property
    def field(self) -> Locator:
        return self.page.get_by_role("textbox", name="Your message")

    @property
    def problem(self) -> Locator:
        return self.page.locator(".composer-problem")

    @property
    def stop_button(self) -> Locator:
        return self.page.locator("#composer").get_by_role("button", name="Stop")

    def write(self, text: str) -> None:
        self.field.fill(text)

    def ask(self, text: str) -> None:
        self.write(text)
        self.field.press("Enter")

    def ask_and_read(self, text: str, answer: str) -> str:
        """Asks, waits for the whole answer, and returns the path of the conversation."""
        self.ask(text)
        expect(self.text).to_have_text(answer)
        expect(self.answer).to_have_attribute("data-status", "complete")
        return self.arrives()

    # --- reading ------------------------------------------------------------------------------

    @property
    def messages(self) -> Locator:
        return self.page.locator(".message")

    @property
    def questions(self) -> Locator:
        """The texts of what was asked."""
        return self.page.locator(".message-user .message-text")

    @property
    def answers(self) -> Locator:
        return self.page.locator(".message-assistant")

    @property
    def answer(self) -> Locator:
        """The newest one."""
        return self.answers.last

    @property
    def text(self) -> Locator:
        """The text of the newest answer."""
        return self.answer.locator(".message-text")

    @property
    def markup(self) -> str:
        """How it is drawn, without colours and typesetting, which come when there is time."""
        markup: str = self.text.evaluate(DRAWN)
        return markup

    @property
    def waiting(self) -> Locator:
        """The words that say what the newest answer waits for."""
        return self.answer.locator("[data-part=wait-text]")

    @property
    def outcome(self) -> Locator:
        """The words about how the newest answer ended."""
        return self.answer.locator(".outcome")

    @property
    def line(self) -> Locator:
        """The banner that tells of a lost connection."""
        return self.page.locator("#connection")

    @property
    def title(self) -> Locator:
        return self.page.get_by_role("textbox", name="Title of the conversation")

    @property
    def listed(self) -> Locator:
        """The titles in the list of conversations."""
        return self.page.locator(".conversation [data-part=title]")

    def in_the_list(self, title: str) -> Locator:
        # By the title alone: the link also says what is new, or being written.
        return self.page.locator(".conversation").filter(
            has=self.page.get_by_text(title, exact=True)
        )

    def evaluate(self, script: str, *arguments: Any) -> Any:
        return self.page.evaluate(script, *arguments)
