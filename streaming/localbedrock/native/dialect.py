"""What a dialect of InvokeModel is: a provider's own JSON for requests and answers."""

from typing import Any, Protocol

from ..history import Call
from ..models import Model
from ..steps import Event

Json = dict[str, Any]


class Writer(Protocol):
    """Turns the events of one streamed answer into chunks."""

    def chunks(self, event: Event) -> list[Json]:
        """The chunks for this event, none where it waits for the next."""

    def rest(self) -> list[Json]:
        """What still waits, when nothing more comes."""


class Dialect(Protocol):
    def read(self, body: Json, model: Model) -> Json:
        """The request in the form of Converse. Raises ServiceError for what the service refuses."""

    def writer(self, call: Call) -> Writer:
        """For one streamed answer."""

    def whole(self, document: Json, call: Call) -> Json:
        """The document of Converse as InvokeModel gives it."""
