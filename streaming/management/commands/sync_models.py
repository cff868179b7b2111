"""manage.py sync_models: the models that the account lists, as rows that people choose from."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from streaming.syncing import sync


class Command(BaseCommand):
    help = (
        "Adds the models and inference profiles that the AWS account lists to those people may "
        "choose from, and brings what is known of them up to date. What an administrator has "
        "changed stays. BEDROCK_MODEL_ID is always among them, also where the account may not "
        "list models. The server does it by itself every SYNC_MODELS_HOURS."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        done = sync(enable=True)
        for problem in done.problems:
            self.stderr.write(problem)
        self.stdout.write(
            f"Models added: {len(done.added)}, there already: {done.known_before}. "
            f"The default is {settings.BEDROCK_MODEL_ID}."
        )
        if done.guessed:
            self.stdout.write(
                "Not known to this version, so that their limits are cautious guesses and all but "
                f"the default are switched off: {', '.join(done.guessed)}"
            )
        if done.unlisted:
            ids = ", ".join(done.unlisted)
            self.stdout.write(f"Kept, though the account does not list them: {ids}")
