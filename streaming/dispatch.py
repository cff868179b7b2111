"""Where generations run: in Celery workers, which are told of them by a broker.

The pending row is the promise, the message only says that it is there. A broker that is away, or
loses messages, delays a generation: whoever looks after pending rows offers it again.
"""

from __future__ import annotations

from functools import cache
from uuid import UUID, uuid4

import structlog
from celery import current_app
from kombu.exceptions import OperationalError

from conversations import offers
from conversations.models import Generation
from streaming.pump import Pump
from streaming.streams import AWAY, Pause
from streaming.threads import Pool

log = structlog.get_logger(__name__)

PUBLISHING_THREADS = 2
RUN = "streaming.tasks.run_generation"
TITLE = "streaming.tasks.suggest_title"
SUMMARY = "streaming.tasks.summarize"
REFUSED = (*AWAY, OperationalError)


class Dispatcher:
    """``pump`` is that of this process, for what it runs itself (a worker does)."""

    def __init__(self, pump: Pump) -> None:
        self._pump = pump
        self._threads = Pool("publishing", PUBLISHING_THREADS)
        self._pause = Pause()

    def start(self, generation_id: UUID, begun: Generation | None = None) -> None:
        """Returns at once; where the broker is away, the row waits to be offered again."""
        self._threads.submit(lambda: self._publish(RUN, generation_id))

    def start_pending(self) -> None:
        """Offer what nobody took; of all processes that look, one offers a row at a time."""
        if not self._pause.over:
            return
        for generation_id in offers.waiting():
            if offers.take(generation_id) and not self._publish(RUN, generation_id):
                offers.withdraw(generation_id)
                return

    def suggest_title(self, generation_id: UUID) -> None:
        """If it is lost, the next answer of the conversation asks for a title again."""
        self._publish(TITLE, generation_id)

    def summarize(self, generation_id: UUID) -> None:
        """If it is lost, the next answer that is written without something asks for it again."""
        self._publish(SUMMARY, generation_id)

    def stop(self, generation_id: UUID) -> bool:
        """Stop it if it runs in this process."""
        return self._pump.abort(generation_id)

    def close(self) -> None:
        """Publish nothing more; what waits stays in its row."""
        self._threads.close()

    def _publish(self, task: str, generation_id: UUID) -> bool:
        if not self._pause.over:
            return False
        try:
            _send(task, generation_id)
        except REFUSED as error:
            seconds = self._pause.begin()
            log.warning("broker_away", task=task, cause=repr(error), pause=seconds)
            return False
        self._pause.end()
        return True


def _send(task: str, generation_id: UUID) -> None:
    """What ``send_task`` does, less what would be the same each time, which is more than half."""
    message = current_app.amqp.as_task_v2(
        str(uuid4()), task, (str(generation_id),), {}, ignore_result=True
    )
    with current_app.producer_pool.acquire(block=True) as producer:
        producer.publish(
            message.body,
            exchange="",
            routing_key=_queue_of(task),
            headers=message.headers,
            serializer="json",
            retry=False,
            **message.properties,
        )


@cache
def _queue_of(task: str) -> str:
    queue = current_app.amqp.router.route({}, task)["queue"]
    return str(queue.name)
