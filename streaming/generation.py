"""One generation from its claim to its end: one blocking loop in one thread.

Events of the model go in, updates and rows come out. Everything here is synchronous: boto3
blocks, the ORM blocks, and a plain loop is what can be read, stopped and tested.

Whatever fails, a generation has three attempts in all. Where nothing is shown yet the call is made
again. Where text is shown, a model that goes on with the beginning of an answer goes on; with any
other the answer begins anew. After the last attempt the longest text stays. However it ends, the
final text is committed first and ``finished`` is sent after that; of all that race for the end one
wins, and whoever loses says nothing.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from typing import Any
from uuid import UUID

import structlog
from django.db import connection
from django.utils.translation import gettext_lazy as _

from conversations import admission
from conversations.languages import in_language
from conversations.models import BedrockModel, Generation
from conversations.models.progress import ATTEMPTS, Ending
from conversations.outcomes import finished_fields, told_as
from streaming import metrics
from streaming.accumulator import Accumulator
from streaming.bedrock.asking import ask
from streaming.bedrock.errors import Aborted, BedrockError
from streaming.bedrock.events import Event, MessageStop, TextDelta
from streaming.catalogued import way_of
from streaming.context import TooLong
from streaming.counting import improved
from streaming.draft import Seam
from streaming.ending import extra_of, new_reference, patiently, write_ending, write_usage
from streaming.guarding import INTERVENED, withdraws
from streaming.history import Prepared, goes_on, prepare, remarks
from streaming.live import LiveRun
from streaming.pictures import keep
from streaming.protocol import Encoder
from streaming.retrying import HARDER, WINDOW_EXCEEDED, may_help, pause_before, told
from streaming.spending import Spending, left_behind
from streaming.workbench import Workbench

log = structlog.get_logger(__name__)

# Seconds: many that begin at once wait for a connection here; given up, it waits to be offered.
CLAIM_PATIENCE = 10.0


def run(
    generation_id: UUID, bench: Workbench, begun: Generation | None = None
) -> Generation | None:
    """Claim a pending generation and see it through; None when it waits, or waits no more."""
    generation = patiently(lambda: admission.admit(generation_id, begun), CLAIM_PATIENCE)
    if generation is None or generation.conversation is None or generation.message is None:
        return None
    encoder = Encoder(
        conversation=generation.conversation.pk,
        message=generation.message.uuid,
        generation=generation.pk,
    )
    live = LiveRun(generation, encoder, bench.clock)
    bench.pump.add(live)
    try:
        _Run(generation, live, bench).write()
    finally:
        bench.pump.remove(live)
    return generation


class _Run:
    """The steps of one run; its state is the row, the live run and whether the end is written."""

    def __init__(self, generation: Generation, live: LiveRun, bench: Workbench) -> None:
        self._generation = generation
        self._live = live
        self._bench = bench
        self._began = bench.clock()
        self._remarked: list[tuple[str, dict[str, int]]] = []
        self._squeeze = 1.0  # below 1 once the model said that the conversation was too long
        self._model: BedrockModel | None = None
        self._spending = Spending()
        self._ended: bool | None = None  # None: not yet; False: somebody else ended it

    def write(self) -> None:
        try:
            self._write()
        except Exception:
            reference = new_reference()
            log.exception("generation_failed", generation=str(self._live.id), reference=reference)
            self._spending.settle(self._live.accumulator, "internal")
            if self._ended is None:
                self._fail("internal", reference)
        if self._ended:
            write_usage(self._generation, self._spending, self._model)
            with in_language(self._generation.language):
                fields = finished_fields(self._generation)
            self._live.finish(fields)

    def _write(self) -> None:
        if self._generation.attempt > 1:
            self._take_over()
        elif not self._generation.seq:  # else it had to wait, and what was told begins with this
            self._live.start(self._generation.model)
        while self._ended is None:
            try:
                self._listen()
                self._count_call("complete")
            except TooLong:
                self._end("failed", error_code="too_long")
            except Aborted:
                self._count_call("aborted")
                self._stop()
            except BedrockError as error:
                self._count_call(error.code)
                self._recover(error)

    # --- one attempt --------------------------------------------------------------------------

    def _listen(self) -> None:
        """Ask the model and read its answer to the end."""
        seam = Seam(self._live.draft.carried_text)
        prepared = self._prepare(seam.given)
        live, accumulator = self._live, self._live.accumulator
        call = ask(self._bench.client, prepared.request, way_of(prepared.model))
        shown_first = prepared.request.shows_before_scan
        del prepared  # the call lets go of what it has sent
        live.calling(call)
        if not live.stopped.is_set():  # else nothing is sent
            self._spending.begin(self._generation.input_estimate)
        silent = True
        try:
            # Closed, whatever happens here: an open one would be an open connection to the model.
            with closing(iter(call)) as events:
                for event in events:
                    live.hear(_joined(seam, event) if silent else event)
                    if silent and accumulator.has_due:
                        silent = False
                        live.hurry()
                    if type(event) is MessageStop and not self._may_change(event.stop_reason):
                        # Saved now: the usage that follows is worth waiting for, the text is not.
                        self._end("complete", stop_reason=accumulator.stop_reason)
        except Aborted:
            if self._ended is None and accumulator.stop_reason != INTERVENED:
                raise
        if self._ended is None:
            self._end_late(accumulator, shown_first=shown_first)

    def _may_change(self, stop_reason: str) -> bool:
        """Whether the end waits for what comes behind it.

        A guardrail tells in its trace, which comes last, what it did (R72). Where the window cut
        the answer off, asking with less of the conversation is tried once.
        """
        overflows = stop_reason == WINDOW_EXCEEDED and self._squeeze == 1.0
        return stop_reason == INTERVENED or (overflows and self._live.attempt < ATTEMPTS)

    def _end_late(self, accumulator: Accumulator, *, shown_first: bool) -> None:
        if accumulator.stop_reason != INTERVENED:
            raise BedrockError("too_long", overflow=True, cause=WINDOW_EXCEEDED)
        withdrawn = withdraws(accumulator, shown_first=shown_first)
        if withdrawn:
            self._live.retract("guardrail", accumulator.last_words)
        self._end("complete", stop_reason=accumulator.stop_reason, withdrawn=withdrawn)

    def _prepare(self, begun: str) -> Prepared:
        prepared = patiently(lambda: prepare(self._generation, begun, squeeze=self._squeeze))
        model, counter = prepared.model, self._bench.counter
        if model and counter and patiently(lambda: improved(model, prepared.uncounted, counter)):
            prepared = patiently(lambda: prepare(self._generation, begun, squeeze=self._squeeze))
        self._model = prepared.model
        # The answer can take minutes, and the database has fewer connections than we have threads.
        connection.close()
        with in_language(self._generation.language):
            remarked = list(remarks(prepared))
        for code, detail, figures in remarked:
            if (code, figures) not in self._remarked:
                self._remarked.append((code, figures))
                self._live.notice(code, detail, **figures)
        return prepared

    def _count_call(self, outcome: str) -> None:
        metrics.count_call(self._generation.model, outcome)
        self._spending.settle(self._live.accumulator, outcome)

    # --- the next attempt ---------------------------------------------------------------------

    def _take_over(self) -> None:
        """Go on for a runner that died."""
        generation = self._generation
        self._spending = patiently(lambda: left_behind(generation, generation.attempt - 1))
        self._live.notice(
            "retrying", _("The server that wrote this answer stopped; another one goes on.")
        )
        if self._live.draft.has_new and not self._goes_on():
            self._live.start_over("worker_lost")

    def _recover(self, error: BedrockError) -> None:
        """After a failed call: another attempt if that can help, else the end."""
        if self._live.stopped.is_set():
            self._stop()
        elif self._may_try_again(error):
            self._pause(error)
            if self._ended is None:
                self._begin_next(error)
        else:
            reference = new_reference()
            log.warning(
                "model_call_failed",
                generation=str(self._live.id),
                code=error.code,
                cause=error.cause,
                reference=reference,
                attempt=self._live.attempt,
            )
            self._fail(error.code, reference)

    def _may_try_again(self, error: BedrockError) -> bool:
        if self._live.attempt >= ATTEMPTS:
            return False
        if not error.overflow:
            return may_help(error)
        may, self._squeeze = self._squeeze == 1.0, HARDER
        return may

    def _begin_next(self, error: BedrockError) -> None:
        live = self._live
        if not live.draft.has_new:
            if live.accumulator.stop_reason is not None:  # it ended without a word
                live.carry_on()
        elif self._goes_on():
            live.carry_on()
        else:
            live.start_over(error.code)

    def _goes_on(self) -> bool:
        try:
            return patiently(lambda: goes_on(self._generation))
        finally:
            connection.close()

    def _pause(self, error: BedrockError) -> None:
        """Wait before the next attempt, and say so; a stop ends the wait."""
        live = self._live
        live.attempt += 1
        pause = pause_before(live.attempt, error, first=self._bench.pause)
        code, detail = told(error, shown=live.draft.has_new)
        live.notice(code, detail, attempt=live.attempt, seconds=round(pause, 1))
        if live.stopped.wait(pause):
            self._stop()

    # --- the end ------------------------------------------------------------------------------

    def _stop(self) -> None:
        if not self._live.overdue:
            self._end("stopped")
            return
        reference = new_reference()
        log.warning("generation_overdue", generation=str(self._live.id), reference=reference)
        self._fail("time_limit", reference)

    def _fail(self, code: str, reference: str) -> None:
        self._live.keep_longest(told_as(code))
        status = "interrupted" if self._live.draft.has_new else "failed"
        self._end(status, error_code=code, error_reference=reference)

    def _end(self, status: str, **how: Any) -> None:
        live = self._live
        seq, written = live.close()
        first = live.draft.first_delta_at
        ending = Ending(
            status=status,
            # Nothing but `finished` can follow, so its number is known before it is sent.
            seq=seq + 1,
            text=written.text,
            reasoning=written.reasoning,
            content=keep(self._generation, live.accumulator.images, written),
            attempt=live.attempt,
            extra=extra_of(live.accumulator, withdrawn=bool(how.get("withdrawn"))),
            first_token_ms=None if first is None else round((first - self._began) * 1000),
            reasoning_ms=round(live.draft.thought * 1000) or None,
            total_ms=round((self._bench.clock() - self._began) * 1000),
            **how,
        )
        self._ended = write_ending(self._generation, ending)
        # What may still come is the usage: nothing to hold one of the few connections for.
        connection.close()
        live.await_usage()


def _joined(seam: Seam, event: Event) -> Event:
    if type(event) is not TextDelta:
        return event
    return replace(event, text=seam.join(event.text))
