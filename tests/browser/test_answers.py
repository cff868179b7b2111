"""What an answer shows beside words: code with its colours, formulas, and what is further up."""

import re

from playwright.sync_api import expect

from conversations.models import Message
from conversations.views import RECENT
from streaming.localbedrock import Answer
from tests.people import talk

RICH = """By \\(E = mc^2\\) it costs $5 or $6.

```python
def tide(hour):
    return hour  # metres
```
"""


def test_code_has_colours_and_buttons_and_formulas_are_typeset(enter, alice, model):
    """Under the page's own rules: no style in an attribute, no HTML sink (R27)."""
    model.enqueue(Answer(RICH))
    tab = enter(alice)
    tab.ask("How do tides work?")
    code = tab.text.locator(".code")
    expect(code.locator(".code-keyword")).to_have_text(["def", "return"])
    expect(code.locator("pre")).to_have_text("def tide(hour):\n    return hour  # metres")
    expect(tab.text.locator(".formula .katex")).to_have_count(1)
    expect(tab.text).to_contain_text("it costs $5 or $6.")

    code.get_by_role("button", name="Wrap").click()
    expect(code).to_have_class(re.compile("is-wrapped"))
    with tab.page.expect_download() as download:
        code.get_by_role("button", name="Download").click()
    assert download.value.suggested_filename == "code.py"
    assert download.value.path().read_text() == "def tide(hour):\n    return hour  # metres"


def test_a_long_conversation_opens_at_its_end_and_has_the_rest_above(enter, alice, model):
    conversation = talk(alice, "Question 0").conversation
    parent = conversation.messages.latest("id")
    for number in range(2 * RECENT):
        role = "user" if parent.role == "assistant" else "assistant"
        text = f"Text {number}. " + "More of it. " * 20
        parent = Message.objects.create(
            conversation=conversation, role=role, text=text, parent=parent
        )
    tab = enter(alice, f"/c/{conversation.pk}/")
    expect(tab.messages).to_have_count(RECENT)
    expect(tab.messages.last).to_be_in_viewport()
    first = tab.messages.first
    kept = first.get_attribute("data-message")
    first.scroll_into_view_if_needed()
    expect(tab.messages).not_to_have_count(RECENT)
    # What was looked at is still looked at.
    expect(tab.page.locator(f"#m-{kept}")).to_be_in_viewport()
    tab.page.locator("#scroller").evaluate("s => { s.scrollTop = 0; }")
    expect(tab.messages).to_have_count(conversation.messages.count())
    expect(tab.page.get_by_role("link", name="Earlier messages")).to_be_hidden()
