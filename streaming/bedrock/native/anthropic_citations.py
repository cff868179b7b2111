"""A citation as Converse tells it, from Anthropic's own form."""

from typing import Final

from streaming.bedrock.loose import Json, string

# Anthropic's type: Converse's name of the place, and the names of its beginning and end.
_PLACES: Final = {
    "char_location": ("documentChar", "start_char_index", "end_char_index"),
    "page_location": ("documentPage", "start_page_number", "end_page_number"),
    "content_block_location": ("documentChunk", "start_block_index", "end_block_index"),
}


def citation_of(cited: Json) -> Json:
    """Of a type that is not known it is the original, so that nothing is lost."""
    kind = string(cited.get("type")) or ""
    location: Json
    if kind == "web_search_result_location":
        location = {"web": _present({"url": cited.get("url")})}
    elif kind in _PLACES:
        name, start, end = _PLACES[kind]
        place = {
            "documentIndex": cited.get("document_index"),
            "start": cited.get(start),
            "end": cited.get(end),
        }
        location = {name: _present(place)}
    else:
        return cited
    quoted = string(cited.get("cited_text"))
    told: Json = {
        "title": cited.get("document_title") or cited.get("title"),
        "sourceContent": None if quoted is None else [{"text": quoted}],
        "location": location,
    }
    return _present(told)


def _present(told: Json) -> Json:
    return {name: value for name, value in told.items() if value is not None}
