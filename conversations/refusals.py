"""Why something is refused: a code of the wire contract and one sentence that is safe to show."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _

# Where the database has no connection to give, or is away (R57).
BUSY = _("The server is busy just now.")
BUSY_SECONDS = 1.0
UNSUPPORTED_MODEL = _("This model cannot be used here. Choose another one.")


class Refused(Exception):
    """A command that cannot be carried out. Nothing was changed.

    ``code`` is one of the codes of docs/protocol.md; ``retry_after`` is in seconds. ``detail`` is
    in the language of whoever asked: said where it is raised, or lazily, where it is answered.
    """

    def __init__(self, code: str, detail: Any, retry_after: float | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail
        self.retry_after = retry_after


# By what was asked for: a sentence each, since languages bend the words around it.
_NOT_FOUND = {
    "conversation": _("There is no such conversation."),
    "message": _("There is no such message."),
    "answer": _("There is no such answer."),
    "attachment": _("There is no such attachment."),
    "preset": _("There is no such preset."),
}


def not_found(what: str = "conversation") -> Refused:
    """Unknown, deleted or somebody else's: the three must not be told apart."""
    return Refused("not_found", _NOT_FOUND[what])


def busy() -> Refused:
    return Refused("busy", _("An answer is being written in this conversation; stop it or wait."))
