"""Presets, temporary conversations and exports, as a person meets them."""

from __future__ import annotations

from playwright.sync_api import expect

from conversations.models import Conversation, Preset

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True}
DESKTOP = {"viewport": {"width": 1280, "height": 800}}


def test_a_preset_is_kept_and_the_answer_is_written_with_it(enter, alice, model, two_models):
    chat = enter(alice, **DESKTOP)
    page = chat.page
    page.get_by_role("combobox", name="Model", exact=True).select_option("First model")
    page.get_by_role("button", name="This conversation").click()
    page.get_by_role("button", name="Options and presets").click()
    page.get_by_label("System prompt", exact=True).fill("Answer in rhymes.")
    page.get_by_label("Temperature").fill("0.5")
    page.get_by_label("Maximum length").fill("9000")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("dialog", name="Options")).to_be_visible()  # the model writes 8,192
    page.get_by_label("Maximum length").fill("800")
    page.get_by_label("Name of the preset").fill("Poet")
    page.get_by_role("combobox", name="Model of the preset").select_option("Second model")
    page.get_by_role("button", name="Save as a preset").click()
    expect(page.get_by_text("The preset is saved.")).to_be_visible()
    page.get_by_role("button", name="Default: Poet").click()
    expect(page.get_by_role("button", name="Default: Poet")).to_have_attribute(
        "aria-pressed", "true"
    )
    kept = Preset.objects.get()
    # The next conversation begins with it by itself.
    chat.open()
    expect(page.get_by_role("combobox", name="Preset", exact=True)).to_have_value(str(kept.pk))
    chat.ask("Hello?")
    expect(chat.answer).to_have_attribute("data-status", "complete")
    began = Conversation.objects.get()
    assert (began.preset, began.model) == (kept.pk, "local.demonstration-reasoning-v1:0")
    asked = next(each for each in model.history if each.operation == "ConverseStream").body
    assert asked["system"][0]["text"] == "Answer in rhymes."
    assert asked["inferenceConfig"] == {"maxTokens": 800, "temperature": 0.5}
    # Changed in one tab, shown in the other.
    other = chat.tab(chat.arrives())
    for tab in (chat, other):
        tab.page.get_by_role("button", name="This conversation").click()
        tab.page.get_by_role("button", name="Options and presets").click()
        if tab is chat:
            tab.page.get_by_label("Temperature").fill("1")
            tab.page.get_by_role("button", name="Save", exact=True).click()
            expect(tab.page.get_by_role("dialog", name="Options")).to_be_hidden()
    expect(other.page.get_by_label("Temperature")).to_have_value("1")


def test_a_temporary_conversation_says_what_happens_to_it(enter, alice, model):
    """At phone width; it is in no list after a reload, and goes at once when it is deleted."""
    chat = enter(alice, **PHONE)
    page = chat.page
    page.get_by_label("Temporary conversation").check()
    note = page.locator("#temporary-note")
    expect(note).to_contain_text("a day after it begins")
    expect(note).to_contain_text("Nobody but you can read it")
    chat.ask("Hello?")
    path = chat.arrives()
    expect(chat.answer).to_have_attribute("data-status", "complete")
    expect(note).to_contain_text("It is deleted for good after")
    expect(chat.listed).to_have_count(0)
    chat.page.reload()
    expect(chat.answer).to_have_attribute("data-status", "complete")
    expect(note).to_contain_text("It is deleted for good after")
    expect(chat.listed).to_have_count(0)
    page.get_by_role("button", name="This conversation").click()
    page.get_by_role("button", name="Delete now").click()
    expect(page).to_have_url(chat.page.url.replace(path, "/"))
    assert not Conversation.objects.owned_by(alice).exists()


def test_exports_are_downloaded_from_the_menu(enter, alice, model, tmp_path):
    """R27, R28: the page that is saved opens by itself, and asks for nothing."""
    chat = enter(alice, **DESKTOP)
    page = chat.page
    chat.ask("Hello <img src=x onerror=alert(1)>?")
    expect(chat.answer).to_have_attribute("data-status", "complete")
    chat.arrives()
    for name, ending in (("Markdown", ".md"), ("JSON", ".json"), ("a web page", ".html")):
        page.get_by_role("button", name="This conversation").click()
        with page.expect_download() as download:
            page.get_by_role("link", name=f"Export as {name}").filter(visible=True).click()
        file = download.value
        assert file.suggested_filename.endswith(ending)
        file.save_as(tmp_path / f"saved{ending}")
    assert "Hello <img src=x" in (tmp_path / "saved.md").read_text()
    chat.page.goto("about:blank")
    chat.page.set_content((tmp_path / "saved.html").read_text())
    expect(chat.page.locator("article.user .text")).to_have_text(
        "Hello <img src=x onerror=alert(1)>?"
    )
    expect(chat.page.locator("img")).to_have_count(0)
