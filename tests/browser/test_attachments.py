"""Files on the page: taken, shown, sent, seen by every tab, and never run."""

from __future__ import annotations

from typing import Any

import pytest
from django.conf import settings
from playwright.sync_api import FilePayload, Page, expect

from conversations.models import Attachment, BedrockModel, Message
from streaming.localbedrock import Answer
from tests import pictures

PICTURE: FilePayload = {
    "name": "tide.png",
    "mimeType": "image/png",
    "buffer": pictures.image(size=(900, 600)),
}
HOSTILE: FilePayload = {
    "name": "page.html",
    "mimeType": "text/html",
    "buffer": b"<!doctype html><script>document.title = 'run'</script>",
}
DROP = """(field, name) => {
  const data = new DataTransfer();
  data.items.add(new File(["Words."], name, {type: "text/plain"}));
  const happen = (type) => field.dispatchEvent(
    new DragEvent(type, {dataTransfer: data, bubbles: true, cancelable: true}));
  happen("dragenter");
  happen("dragover");
  return happen("drop");
}"""
LOADED = "image => image.complete && image.naturalWidth > 0"


@pytest.fixture
def reader(transactional_db: None) -> BedrockModel:
    """The site's model, one that reads images and documents."""
    return BedrockModel.objects.create(
        id=settings.BEDROCK_MODEL_ID,
        name="Reader",
        capabilities={"images": True, "documents": True, "system_prompt": True},
        context_window=200_000,
        max_output_tokens=4_096,
    )


def attach(page: Page, *files: FilePayload) -> None:
    page.locator("[data-part=files-input]").set_input_files(list(files))


def chips(page: Page, state: str = "done") -> Any:
    return page.locator(f".chip[data-state={state}]")


def test_files_are_sent_and_every_tab_shows_them(enter, alice, model, reader):
    """R97: live, and after a reload."""
    model.enqueue(Answer("Yes."))
    model.enqueue(Answer("A picture."))
    mine = enter(alice)
    path = mine.ask_and_read("Are you there?", "Yes.")
    other = mine.tab(path)
    expect(other.text).to_have_text("Yes.")
    attach(mine.page, PICTURE, HOSTILE)
    expect(chips(mine.page)).to_have_count(2)
    mine.ask("What is it?")
    for tab in (mine, other):
        expect(tab.text).to_have_text("A picture.")
        files = tab.page.locator(".attachment")
        expect(files).to_have_count(2)
        expect(files.nth(1)).to_contain_text("page.html")
        image = files.nth(0).locator("img")
        image.scroll_into_view_if_needed()
        expect(image).to_be_visible()
        tab.page.wait_for_function(LOADED, arg=image.element_handle())
    expect(chips(mine.page)).to_have_count(0)
    mine.page.reload()
    expect(mine.page.locator(".attachment")).to_have_count(2)
    content = model.history[-1].body["messages"][-1]["content"]
    assert [next(iter(block)) for block in content] == ["image", "document", "text"]


def test_a_file_is_saved_and_never_opened_as_a_page(enter, alice, model, reader):
    """R32"""
    model.enqueue(Answer("Read."))
    tab = enter(alice)
    attach(tab.page, HOSTILE)
    expect(chips(tab.page)).to_have_count(1)
    tab.ask_and_read("Read.", "Read.")
    with tab.page.expect_download() as download:
        tab.page.get_by_role("link", name="page.html").click()
    assert download.value.suggested_filename == "page.html"
    assert download.value.path().read_bytes() == HOSTILE["buffer"]
    expect(tab.page).not_to_have_title("run")


def test_what_cannot_be_attached_says_why_and_can_be_removed_by_keyboard(enter, alice, reader):
    tab = enter(alice)
    tab.watch.allow("422")
    attach(tab.page, {"name": "a.bin", "mimeType": "image/png", "buffer": b"\0\1\2"})
    failed = chips(tab.page, "failed")
    expect(failed).to_contain_text("Only images")
    tab.ask("Look.")
    expect(tab.problem).to_contain_text("a.bin is not uploaded")
    tab.page.get_by_role("button", name="Remove a.bin").press("Enter")
    expect(failed).to_have_count(0)
    expect(tab.field).to_be_focused()
    assert not Message.objects.exists()


def test_a_dropped_file_survives_a_reload_until_it_is_sent(enter, alice, model, reader):
    """R96"""
    model.enqueue(Answer("Words."))
    tab = enter(alice)
    prevented = not tab.field.evaluate(DROP, "notes.txt")
    assert prevented, "or the browser would have opened it"
    expect(chips(tab.page)).to_contain_text("notes.txt")
    tab.page.reload()
    expect(chips(tab.page)).to_contain_text("notes.txt")
    tab.ask_and_read("Read.", "Words.")
    tab.page.goto("/")
    expect(tab.field).to_be_visible()
    expect(chips(tab.page)).to_have_count(0)
    assert Attachment.objects.get().uses.count() == 1


def test_what_the_model_cannot_read_is_said_before_it_is_sent(enter, alice, reader):
    """R73"""
    BedrockModel.objects.update(capabilities={"documents": True})
    tab = enter(alice)
    attach(tab.page, PICTURE)
    expect(tab.page.locator("[data-part=files-hint]")).to_contain_text("Reader cannot read images.")
    tab.ask("Look.")
    expect(tab.problem).to_contain_text("Reader cannot read images.")
    assert not Message.objects.exists()
