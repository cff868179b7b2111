"""A generation while it runs: what it has said, under which numbers, and how to stop it.

Three threads meet here. The generation's own adds events and ends the run; the pump's ticker
collects what is due; the pump's keeper takes checkpoints. One lock makes text and number move
together, so that the text of a checkpoint is exactly what the updates up to its number said.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any, Protocol

from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from conversations.languages import in_language
from conversations.models import Generation
from conversations.models.progress import Checkpoint
from conversations.parts import Sources, tool_item
from conversations.text import clean_json
from streaming.accumulator import Accumulator
from streaming.bedrock.events import BlockStop, CitationDelta, Event
from streaming.draft import Draft, Written
from streaming.protocol import Encoder, Update


class Call(Protocol):
    """A call to the model that can be ended from another thread."""

    def abort(self) -> None: ...


_SERVICE_USES = _("The service uses the tool {name}.")
_MODEL_ASKS = _("The model asks for the tool {name}.")


class LiveRun:
    """Made by ``generation.run`` from a claimed row. Times are of the clock given, in seconds."""

    def __init__(
        self, generation: Generation, encoder: Encoder, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.id = generation.pk
        self.fence = generation.fence
        self.language = generation.language
        self.attempt = generation.attempt
        self.hurry: Callable[[], None] = lambda: None
        self.draft = _draft(generation, clock)
        self._sources = Sources(self.draft.written().content)
        self.stopped = threading.Event()
        self.overdue = False  # stopped by the clock, not by a person
        self._message_id = generation.message_id
        self._encoder = encoder
        self._clock = clock
        self._lock = threading.Lock()
        self._seq = generation.seq
        self._began = clock() - _seconds_since(generation.started_at)
        self._ready: list[Update] = []
        self._call: Call | None = None
        self._ended_at: float | None = None
        self._closed = False
        self._heard = 0
        self._heard_at = clock()
        self._told_slow = False

    @property
    def accumulator(self) -> Accumulator:
        """Of the attempt that runs."""
        return self.draft.accumulator

    # --- the generation's thread --------------------------------------------------------------

    def hear(self, event: Event) -> None:
        """Take in what the model says; what is no text is told at once."""
        self.accumulator.add(event)
        if type(event) is CitationDelta:
            if note := self._sources.add(clean_json(event.citation)):
                self.notice("citation", _("The answer names a source."), **note)
        elif type(event) is BlockStop and (tool := self.accumulator.tool(event.block)):
            item = tool_item(tool)
            said = _SERVICE_USES if item["server"] else _MODEL_ASKS
            self.notice("tool_use", format_lazy(said, name=item["name"]), **item)

    def say(self, encode: Callable[[int], Update], *, last: bool = False) -> None:
        """Number an update that is no delta, behind all text so far, and have it sent at once."""
        with self._lock:
            if self._closed and not last:
                return  # the next number is stored already, as that of `finished`
            self._number_due()
            self._add(encode)
        self.hurry()

    def start(self, model: str) -> None:
        self.say(
            lambda seq: self._with_base(
                self._encoder.started(seq, model=model, attempt=self.attempt)
            )
        )

    def notice(self, code: str, detail: Any, **data: Any) -> None:
        """``detail`` is lazy: it is said in the language in which the answer was asked for."""
        with in_language(self.language):
            said = str(detail)
        self.say(lambda seq: self._encoder.notice(seq, code, said, data))

    def carry_on(self) -> None:
        """The next attempt goes on from the text so far."""
        with self._lock:
            self._number_due()
            self.draft.carry_on()

    def start_over(self, reason: str) -> None:
        """What this generation wrote so far is void; the next attempt begins anew."""
        with self._lock:
            self._number_due()
            self.draft.start_over()
            self._sources = Sources(self.draft.base.content)
            self._add(lambda seq: self._restarted(seq, reason))
        self.hurry()

    def keep_longest(self, reason: str) -> None:
        """No attempt is left: where an earlier one had more text, show that one again."""
        with self._lock:
            self._number_due()
            if self.draft.keep_longest():
                self._sources = Sources(self.draft.base.content)
                self._add(lambda seq: self._restarted(seq, reason))

    def retract(self, reason: str, text: str) -> None:
        """What this generation showed is withdrawn, everywhere; this text stands in its place."""
        with self._lock:
            # What is due is not told any more.
            self.draft.retract(text)
            whole = self.draft.taken_text()
            self._add(lambda seq: self._encoder.retracted(seq, reason=reason, text=whole))
        self.hurry()

    def finish(self, fields: dict[str, Any]) -> None:
        self.say(lambda seq: self._encoder.finished(seq, fields), last=True)

    def await_usage(self) -> None:
        """The end is stored; the call goes on for the usage only, and not for long."""
        self._ended_at = self._clock()

    def calling(self, call: Call) -> None:
        """From now on stopping ends this call, also when it was asked for a moment ago."""
        self._call, self._told_slow = call, False
        self._heard_at = self._clock()
        if self.stopped.is_set():
            call.abort()

    def close(self) -> tuple[int, Written]:
        """No checkpoint after this: the number of the last update, and what is written."""
        with self._lock:
            self._closed = True
            self._number_due()
            return self._seq, self.draft.written()

    # --- others -------------------------------------------------------------------------------

    def stop(self) -> None:
        """End it, from any thread; its own thread then says how it ended."""
        if self._closed:
            return  # the end is written; what still comes is the usage
        self.stopped.set()
        call = self._call
        if call is not None:
            call.abort()

    def collect(self) -> list[Update]:
        """What is due for the live log since the last call, numbered."""
        if not self._ready and not self.draft.accumulator.has_due:
            return []
        with self._lock:
            self._number_due()
            ready, self._ready = self._ready, []
        return ready

    def checkpoint(self) -> Checkpoint | None:
        """The text so far with its number; None when the end is being written."""
        with self._lock:
            if self._closed or self._message_id is None:
                return None
            return Checkpoint(
                generation_id=self.id,
                message_id=self._message_id,
                fence=self.fence,
                seq=self._seq,
                text=self.draft.taken_text(),
                reasoning=self.draft.taken_reasoning(),
                attempt=self.attempt,
            )

    def watch(self, now: float, *, slow: float, usage_wait: float, longest: float) -> None:
        """Tell of a long silence, once each; end what takes too long, or whose usage does not come.

        ``longest`` counts from the first attempt, whichever process made it, pauses included (R80).
        """
        if self._closed:
            waiting = self._ended_at is not None and now - self._ended_at > usage_wait
            if waiting and self._call is not None:
                self._call.abort()
            return
        if now - self._began >= longest:
            self.overdue = True
            self.stop()
        elif self.accumulator.events != self._heard:
            self._heard, self._heard_at, self._told_slow = self.accumulator.events, now, False
        elif now - self._heard_at >= slow and not self._told_slow and self._call is not None:
            self._told_slow = True
            self.notice("slow", _("The model is taking longer than usual."))

    # --- with the lock held -------------------------------------------------------------------

    def _number_due(self) -> None:
        for piece in self.draft.accumulator.take():
            self._seq += 1
            self._ready.append(self._encoder.delta(self._seq, piece.kind, piece.text))

    def _add(self, encode: Callable[[int], Update]) -> None:
        self._seq += 1
        self._ready.append(encode(self._seq))

    def _restarted(self, seq: int, reason: str) -> Update:
        return self._with_base(self._encoder.restarted(seq, attempt=self.attempt, reason=reason))

    def _with_base(self, update: Update) -> Update:
        """Where a message is continued, what it continues comes right behind."""
        base = self.draft.base
        if not base.text and not base.reasoning:
            return update
        snapshot = self._encoder.snapshot(
            update.seq, text=base.text, reasoning=base.reasoning, status="streaming"
        )
        return update._replace(behind=snapshot.frame)


def _seconds_since(time: datetime | None) -> float:
    return 0.0 if time is None else max(0.0, (timezone.now() - time).total_seconds())


def _draft(generation: Generation, clock: Callable[[], float]) -> Draft:
    """What the message holds: what this generation continues, and what a dead runner had added."""
    message = generation.message
    if message is None:
        return Draft(Written(), None, clock)
    whole = Written(message.text, message.reasoning, message.content)
    if generation.attempt == 1:
        return Draft(whole, None, clock)
    base = Written(
        message.text[: generation.base_text_length],
        message.reasoning[: generation.base_reasoning_length],
        message.content,
    )
    if whole.content is not None:
        # Checkpoints keep text only: what came behind the base is one block of it.
        added = {"text": whole.text[len(base.text) :]}
        whole = replace(whole, content=[*whole.content, added] if added["text"] else whole.content)
    return Draft(base, whole, clock)
