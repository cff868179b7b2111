"""A conversation of one's own as a file: Markdown, JSON or one HTML page that needs nothing else.

Markdown and HTML have the branch that is asked for, as it is read; JSON has all of it, with the
names of the HTTP API.
"""

from __future__ import annotations

import json
from base64 import b64encode
from typing import TYPE_CHECKING, Any, Literal

from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpResponse
from django.template.loader import render_to_string
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from conversations.attachments import files, images
from conversations.attachments.names import shown
from conversations.attachments.serving import POLICY
from conversations.export.passages import open_fence
from conversations.models import Attachment, BedrockModel

if TYPE_CHECKING:
    from conversations.models import Conversation, Message
    from conversations.transcript import Item, Transcript

Format = Literal["markdown", "json", "html"]
VERSION = 1
TYPES = {"markdown": "text/markdown", "json": "application/json", "html": "text/html"}
ENDINGS = {"markdown": "md", "json": "json", "html": "html"}
# Small copies of images that one page takes along, all together; the others are named.
IMAGES_BYTES = 8_000_000


def response(body: str, kind: Format, conversation: Conversation) -> HttpResponse:
    """To be saved, never to be shown or run as a page of this site (R27, R32)."""
    answer = HttpResponse(body, content_type=f"{TYPES[kind]}; charset=utf-8")
    answer.headers["Content-Security-Policy"] = POLICY
    answer.headers["X-Content-Type-Options"] = "nosniff"
    # A slash would be taken for a folder, and what is before it left out.
    name = shown(conversation.shown_title.replace("/", "-").replace("\\", "-"), "conversation")
    disposition = content_disposition_header(True, f"{name}.{ENDINGS[kind]}")
    answer.headers["Content-Disposition"] = disposition or "attachment"
    return answer


def as_json(whole: dict[str, Any]) -> str:
    """``whole``: the conversation as the HTTP API gives it."""
    document = {"version": VERSION, "exported_at": timezone.now(), **whole}
    return json.dumps(document, cls=DjangoJSONEncoder, ensure_ascii=False, indent=2)


def as_markdown(transcript: Transcript, through: Message | None) -> str:
    conversation = transcript.conversation
    thread = transcript.thread(through)
    names = _names(thread, conversation)
    parts = [f"# {conversation.shown_title}", _facts(conversation, names)]
    if conversation.system_prompt:
        parts.append(f"## {_('System prompt')}\n\n{_closed(conversation.system_prompt)}")
    parts += [_said(item, names) for item in thread]
    return "\n\n".join(parts) + "\n"


def as_html(transcript: Transcript, through: Message | None) -> str:
    conversation = transcript.conversation
    thread = transcript.thread(through)
    pictures = _pictures(conversation, thread)
    context = {
        "conversation": conversation,
        "title": conversation.shown_title,
        "thread": [{**item, "pictures": _of(item, pictures)} for item in thread],
        "names": _names(thread, conversation),
        "now": timezone.now(),
    }
    return render_to_string("export/conversation.html", context)


# --- Markdown -------------------------------------------------------------------------------------


def _facts(conversation: Conversation, names: dict[str, str]) -> str:
    facts = {
        _("Model"): names[conversation.model],
        _("Begun"): _time(conversation.created_at),
        _("Exported"): _time(timezone.now()),
        **{name: str(value) for name, value in conversation.options.items()},
    }
    return "\n".join(f"* {name}: {value}" for name, value in facts.items())


def _said(item: Item, names: dict[str, str]) -> str:
    generation = item["generation"] or {}
    author = _("You") if item["role"] == "user" else names[generation["model"]]
    parts = [f"## {author} · {_time(item['created_at'])}"]
    parts += [f"* {_('File')}: {each['name']}" for each in item["attachments"]]
    parts.append(_closed(item["text"]))
    for source in (generation.get("parts") or {}).get("citations", ()):
        address = f" <{source['url']}>" if source["url"] else ""
        parts.append(f"{source['number']}. {source['title']} {source['place']}{address}".rstrip())
    if outcome := outcome_of(item):
        parts.append(f"*{outcome}*")
    return "\n\n".join(part for part in parts if part)


def _closed(text: str) -> str:
    """Code that a text leaves open would swallow what follows."""
    fence = open_fence(text)
    return f"{text.rstrip()}\n{fence}" if fence else text.strip("\n")


def outcome_of(item: Item) -> str:
    """How an answer ended, where that needs a word."""
    generation = item["generation"] or {}
    if error := generation.get("error"):
        return str(error["detail"])
    if note := generation.get("note"):
        return str(note)
    words = {"stopped": _("Stopped."), "interrupted": _("Interrupted.")}
    unfinished = {"pending", "streaming"}
    return words.get(item["status"], _("Not complete.") if item["status"] in unfinished else "")


def _time(moment: Any) -> str:
    return f"{timezone.localtime(moment):%Y-%m-%d %H:%M} UTC"


# --- both -----------------------------------------------------------------------------------------


def _names(thread: list[Item], conversation: Conversation) -> dict[str, str]:
    """What models are called, by their ids; those that the catalogue does not know by these."""
    used = {item["generation"]["model"] for item in thread if item["generation"]}
    used.add(conversation.model)
    known = BedrockModel.objects.filter(pk__in=used).values_list("pk", "name")
    return {**{each: each for each in used}, **dict(known)}


def _pictures(conversation: Conversation, thread: list[Item]) -> dict[str, str]:
    """By id, small copies of the images of a branch, as addresses that hold them."""
    wanted = [each["id"] for item in thread for each in item["attachments"]]
    stored = Attachment.objects.within(conversation).in_bulk(wanted)
    rows = {str(pk): row for pk, row in stored.items()}
    found: dict[str, str] = {}
    room = IMAGES_BYTES
    for each in dict.fromkeys(wanted):
        row = rows.get(each)
        if row is None or not row.is_image:
            continue
        try:
            data = files.read(row, files.THUMBNAIL)
        except FileNotFoundError:
            continue
        room -= len(data)
        if room < 0:
            break
        found[each] = f"data:{images.THUMBNAIL_TYPE};base64,{b64encode(data).decode('ascii')}"
    return found


def _of(item: Item, pictures: dict[str, str]) -> list[dict[str, Any]]:
    return [{**each, "picture": pictures.get(each["id"], "")} for each in item["attachments"]]
