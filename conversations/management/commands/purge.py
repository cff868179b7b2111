"""manage.py purge: what was deleted long enough ago goes for good. It does so by itself, too."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from conversations.purge import deadline, due, purge


class Command(BaseCommand):
    help = (
        "Removes conversations that were deleted more than PURGE_DELETED_AFTER_DAYS ago, with "
        "their messages and files, temporary conversations a day after they began, uploads that "
        "were not sent within a day, and sessions that have expired. Servers do this every hour "
        "by themselves."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would go, and remove nothing"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        before = deadline()
        found = due(before) if options["dry_run"] else purge(before)
        if before is None:
            self.stdout.write("PURGE_DELETED_AFTER_DAYS is 0: deleted conversations stay.")
        else:
            days = settings.PURGE_DELETED_AFTER_DAYS
            self.stdout.write(
                f"Deleted more than {days} days ago, before {before:%Y-%m-%d %H:%M} UTC:"
            )
        self.stdout.write(
            f"{'Would go' if options['dry_run'] else 'Gone'}: {found.conversations} conversations "
            f"with {found.messages} messages, {found.files} files that no message has, "
            f"{found.sessions} expired sessions."
        )
