"""manage.py bedrock_local: the local Bedrock endpoint by itself."""

import asyncio
import errno
import signal
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from streaming.localbedrock import LocalBedrock


class Command(BaseCommand):
    help = (
        "Serves a local endpoint that speaks Amazon Bedrock's wire protocol, without an AWS "
        "account: it answers as a demonstration, and passes conversations on to the model that "
        "LOCAL_MODEL_URL names. Point the product at it with AWS_ENDPOINT_URL_BEDROCK_RUNTIME and "
        "AWS_ENDPOINT_URL_BEDROCK."
    )
    # It needs neither the database nor the rest of the product.
    requires_system_checks = ()

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, required=True, help="0 takes a free one")
        parser.add_argument("--host", default="127.0.0.1", help="(%(default)s)")
        parser.add_argument(
            "--pace",
            type=float,
            default=35.0,
            help="pieces of text a second; 0 sends everything at once (%(default)s)",
        )
        parser.add_argument(
            "--first-after",
            type=float,
            default=0.35,
            help="seconds until an answer begins (%(default)s)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            endpoint = self._endpoint(options)
        except ValueError as wrong:
            raise CommandError(str(wrong)) from wrong
        try:
            asyncio.run(self._serve(endpoint))
        except OSError as failure:
            raise CommandError(_in_words(failure, endpoint)) from failure

    def _endpoint(self, options: dict[str, Any]) -> LocalBedrock:
        return LocalBedrock(
            options["port"],
            options["host"],
            pace=options["pace"],
            first_after=options["first_after"],
            keep=0,
            model_url=settings.LOCAL_MODEL_URL,
            model_name=settings.LOCAL_MODEL,
        )

    async def _serve(self, endpoint: LocalBedrock) -> None:
        loop = asyncio.get_running_loop()

        def listening() -> None:
            for signum in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(signum, endpoint.close)
            what = "a demonstration, no real model"
            if settings.LOCAL_MODEL_URL:
                what = f"it passes on to the model at {settings.LOCAL_MODEL_URL}"
            self.stdout.write(f"The local Bedrock endpoint ({what}) is at {endpoint.url}")
            self.stdout.flush()

        await endpoint.serve(listening)


def _in_words(failure: OSError, endpoint: LocalBedrock) -> str:
    if failure.errno == errno.EADDRINUSE:
        return f"Port {endpoint.port} is in use on {endpoint.host}. Choose another with --port."
    if failure.errno == errno.EACCES:
        return f"Port {endpoint.port} may not be opened by this user. Choose one above 1023."
    return f"Cannot listen on {endpoint.host}, port {endpoint.port}: {failure.strerror}"
