"""The first administrator: the only way to one that does not need another (R29)."""

from __future__ import annotations

import secrets
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from conversations.models import User
from conversations.writing import write


class Command(BaseCommand):
    help = "Create the first administrator with a one-time password; does nothing if there is one."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--username", default="admin")

    def handle(self, *args: Any, **options: Any) -> None:
        with write():
            if User.objects.filter(is_superuser=True).exists():
                self.stdout.write("There is an administrator already.")
                return
            password = secrets.token_urlsafe(12)
            user = User(username=options["username"], is_staff=True, is_superuser=True)
            user.set_password(password)
            user.must_change_password = True
            user.save()
        self.stdout.write(f"Administrator: {user.username}")
        self.stdout.write(f"One-time password: {password}")
