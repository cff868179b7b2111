"""What the service demands of the blocks of messages, and of the system prompt."""

import base64
import re
from dataclasses import dataclass, field
from typing import Any

from .models import Model
from .reasoning import is_genuine
from .refusals import refuse

Json = dict[str, Any]

_IMAGES = 20
_IMAGE_BYTES = 3_932_160  # 3.75 MB
_DOCUMENTS = 5
_DOCUMENT_BYTES = 4_718_592  # 4.5 MB
_POINTS = 4
_DOCUMENT_FORMATS = frozenset(["pdf", "csv", "doc", "docx", "xls", "xlsx", "html", "txt", "md"])
# Letters, digits, single spaces, hyphens, brackets.
_NAME = re.compile(r"(?!.*\s\s)[A-Za-z0-9\s\-()\[\]]{1,200}")
_BEGINNINGS = {
    "png": re.compile(rb"\x89PNG"),
    "jpeg": re.compile(rb"\xff\xd8\xff"),
    "gif": re.compile(rb"GIF8[79]a"),
    "webp": re.compile(rb"RIFF....WEBP", re.DOTALL),
}
_ABILITIES = {
    "image": "images",
    "document": "documents",
    "video": "video",
    "audio": "audio",
    "searchResult": "documents",
}
_KINDS = _ABILITIES.keys() | {
    "text",
    "toolUse",
    "toolResult",
    "guardContent",
    "cachePoint",
    "reasoningContent",
    "citationsContent",
}


@dataclass(slots=True)
class _Counted:
    """What a request may have only so many of, over all its messages."""

    images: int = 0
    points: int = 0
    names: list[str] = field(default_factory=list)


def check_content(body: Json, model: Model) -> None:
    """Raises ServiceError (ValidationException) for a block that the model or its place forbids."""
    counted = _Counted()
    tools = (body.get("toolConfig") or {}).get("tools") or []
    _check_points(tools, "toolConfig.tools", counted, model)
    _check_system(body.get("system") or [], counted, model)
    for at, message in enumerate(body["messages"]):
        where = f"messages.{at}.content"
        for index, block in enumerate(message["content"]):
            _check_block(block, f"{where}.{index}", message["role"], counted, model)
        _check_points(message["content"], where, counted, model)
        _check_message(message, where, model)


def _check_system(blocks: list[Json], counted: _Counted, model: Model) -> None:
    if blocks and not model.can("system"):
        refuse(
            "This model doesn't support system messages. Try again without a system message or "
            "use a model that supports system messages."
        )
    for at, block in enumerate(blocks):
        if len(block) != 1 or not block.keys() <= {"text", "cachePoint", "guardContent"}:
            refuse(f"The SystemContentBlock object at system.{at} must have exactly one member.")
        if "text" in block:
            check_text(block["text"], "SystemContentBlock", f"system.{at}")
    _check_points(blocks, "system", counted, model)


def _check_block(block: Json, where: str, role: str, counted: _Counted, model: Model) -> None:
    if len(block) != 1 or not block.keys() <= _KINDS:
        refuse(f"The ContentBlock object at {where} must have exactly one known member.")
    [(kind, value)] = block.items()
    ability = _ABILITIES.get(kind)
    if ability and not model.can(ability):
        refuse_kind(kind)
    if ability and role != "user":
        refuse(f"The {kind} content block at {where} is allowed in user messages only.")
    match kind:
        case "text":
            check_text(value, "ContentBlock", where)
        case "image":
            _check_image(value, where, counted)
        case "document":
            _check_document(value, where, counted)
        case "reasoningContent":
            _check_reasoning(value, where, role, model)
        case "citationsContent":
            for at, part in enumerate(value.get("content") or []):
                check_text(part.get("text", ""), "CitationGeneratedContent", f"{where}.{at}")


def check_text(text: str, kind: str, where: str) -> None:
    if not text.strip():
        refuse(
            f"The text field in the {kind} object at {where} is blank. "
            "Add text to the text field, and try again."
        )


def refuse_kind(kind: str) -> None:
    refuse(
        f"This model doesn't support the {kind} content block that you provided. Update the "
        "content block and try again."
    )


def _check_image(image: Json, where: str, counted: _Counted) -> None:
    beginning = _BEGINNINGS.get(str(image.get("format")))
    if beginning is None:
        refuse(f"The format of the image at {where} must be one of {', '.join(_BEGINNINGS)}.")
    counted.images += 1
    if counted.images > _IMAGES:
        refuse(f"The request has more than {_IMAGES} images. Remove some and try again.")
    data = _bytes_of(image, where)
    if data is None:
        return
    if len(data) > _IMAGE_BYTES:
        refuse(f"The image at {where} exceeds the maximum size of 3.75 MB: {len(data)} bytes.")
    if not beginning.match(data):
        refuse(f"Could not process the image at {where}: it is no {image['format']}.")


def _check_document(document: Json, where: str, counted: _Counted) -> None:
    name = str(document.get("name", ""))
    if not _NAME.fullmatch(name):
        refuse(
            f"The file name at {where} can only contain alphanumeric characters, whitespace "
            "characters, hyphens, parentheses, and square brackets. The name can't contain more "
            "than one consecutive whitespace character."
        )
    if name in counted.names:
        refuse(f"The request has two documents named {name}. Document names must be unique.")
    if document.get("format", "txt") not in _DOCUMENT_FORMATS:
        refuse(f"The format {document['format']} of the document at {where} is not supported.")
    counted.names.append(name)
    if len(counted.names) > _DOCUMENTS:
        refuse(f"The request has more than {_DOCUMENTS} documents. Remove some and try again.")
    data = _bytes_of(document, where)
    if data is not None and len(data) > _DOCUMENT_BYTES:
        refuse(f"The document at {where} exceeds the maximum size of 4.5 MB: {len(data)} bytes.")


def _bytes_of(file: Json, where: str) -> bytes | None:
    """The file itself; None where it is somewhere else, or is text. Raw bytes are fine, too."""
    source = file.get("source") or {}
    if not source:
        refuse(f"The source of the content block at {where} is missing.")
    if "bytes" not in source:
        return None
    data = source["bytes"]
    try:
        data = data if isinstance(data, bytes) else base64.b64decode(data, validate=True)
    except (ValueError, TypeError):
        refuse(f"The bytes of the content block at {where} are not valid base64.")
    if not data:
        refuse(f"The bytes of the content block at {where} are empty.")
    return data


def _check_reasoning(value: Json, where: str, role: str, model: Model) -> None:
    if not (model.can("always") or model.reasons_on_request):
        refuse_kind("reasoningContent")
    if role != "assistant":
        refuse(f"The reasoningContent block at {where} is allowed in assistant messages only.")
    said = value.get("reasoningText")
    if said is None:
        if not value.get("redactedContent"):
            refuse(f"The reasoningContent block at {where} is empty.")
        return
    signature = said.get("signature")
    if not model.can("signed"):
        # Text may be blank where a signature stands for it, and there only.
        check_text(said.get("text", ""), "ReasoningTextBlock", where)
        if signature is not None:
            refuse(f"This model doesn't support the signature at {where}.reasoningText.")
        return
    if not signature:
        refuse(f"{where}.thinking.signature: Field required")
    if not is_genuine(said.get("text", ""), signature):
        refuse(f"{where}: Invalid `signature` in `thinking` block")


def _check_points(blocks: list[Json], where: str, counted: _Counted, model: Model) -> None:
    """A mark for the cache stands behind what can be cached: not first, not behind another."""
    for at, block in enumerate(blocks):
        point = block.get("cachePoint")
        if point is None:
            continue
        if not model.can("caching"):
            refuse(
                "You invoked an unsupported model or your request did not allow prompt caching. "
                "See the documentation for more information."
            )
        if point.get("type") != "default" or point.get("ttl", "5m") not in ("5m", "1h"):
            refuse(f"The cachePoint at {where}.{at} has a type or a ttl that is not known.")
        if at == 0 or blocks[at - 1].keys() & {"cachePoint", "reasoningContent"}:
            refuse(f"The cachePoint at {where}.{at} must follow a block that can be cached.")
        counted.points += 1
        if counted.points > _POINTS:
            refuse(f"A maximum of {_POINTS} cachePoint blocks may be provided.")


def _check_message(message: Json, where: str, model: Model) -> None:
    kinds = [next(iter(block)) for block in message["content"]]
    if "document" in kinds and "text" not in kinds:
        refuse(f"The content at {where} has a document and must have a text block, too.")
    if model.can("signed") and kinds[-1] == "reasoningContent":
        refuse(f"{where}: The final block in an assistant message cannot be `thinking`.")
