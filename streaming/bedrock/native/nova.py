"""Amazon Nova: nearly Converse, but each event's name is inside, and bytes are base64."""

from collections.abc import Iterator
from typing import Final

from streaming.bedrock.events import Event
from streaming.bedrock.loose import Json, mapping
from streaming.bedrock.native.dialect import Dialect, cannot_say, unknown
from streaming.bedrock.request import Request
from streaming.bedrock.whole import on_the_wire, read_whole
from streaming.bedrock.wire import event_of

# What Converse calls the same.
_ALIKE: Final = ("system", "messages", "inferenceConfig", "toolConfig")


class Nova(Dialect):
    """Through this dialect each delta of a text has an index of its own."""

    def request(self, request: Request) -> Json:
        # The one thing that these models read through Converse only.
        if any("document" in block for message in request.messages for block in message["content"]):
            raise cannot_say("documents", "unsupported_attachment")
        asked = on_the_wire(request.as_converse())
        body = {name: asked[name] for name in _ALIKE if name in asked}
        body["messages"] = [
            message | {"content": _marked(message["content"])} for message in body["messages"]
        ]
        if "system" in body:
            body["system"] = _marked(body["system"])
        body["inferenceConfig"] |= request.additional
        return {"schemaVersion": "messages-v1", **body}

    def additional(self, request: Request) -> Json:
        return {}  # it stands among the other options

    def events(self, chunk: Json) -> Iterator[Event]:
        named = [kind for kind, body in chunk.items() if isinstance(body, dict)]
        if len(named) != 1:
            yield unknown(chunk)
            return
        event = event_of(named[0], mapping(chunk[named[0]]))
        if event is not None:
            yield event

    def whole(self, body: Json) -> Iterator[Event]:
        return read_whole(body)


def _marked(blocks: list[Json]) -> list[Json]:
    """Here a cache point is a member of the block that it follows in Converse."""
    marked: list[Json] = []
    for block in blocks:
        if "cachePoint" not in block:
            marked.append(dict(block))
        elif marked:
            marked[-1] |= block
    return marked
