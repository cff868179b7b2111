"""Why something is refused: a code of the wire contract and one sentence that is safe to show."""

from __future__ import annotations

# Where the database has no connection to give, or is away (R57).
BUSY = "The server is busy just now."
BUSY_SECONDS = 1.0
UNSUPPORTED_MODEL = "This model cannot be used here. Choose another one."


class Refused(Exception):
    """A command that cannot be carried out. Nothing was changed.

    ``code`` is one of the codes of docs/protocol.md; ``retry_after`` is in seconds.
    """

    def __init__(self, code: str, detail: str, retry_after: float | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail
        self.retry_after = retry_after


def not_found(what: str = "conversation") -> Refused:
    """Unknown, deleted or somebody else's: the three must not be told apart."""
    return Refused("not_found", f"There is no such {what}.")


def busy() -> Refused:
    return Refused("busy", "An answer is being written in this conversation; stop it or wait.")
