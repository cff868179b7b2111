"""Run once per site, in a process of its own: tables, people, and a session of each, as JSON."""

from __future__ import annotations

import json
import sys

import django
from django.core.management import call_command


def main() -> None:
    django.setup()
    call_command("migrate", verbosity=0)

    from django.test import Client

    from tests.faults.plan import PEOPLE
    from tests.people import person

    sessions = {}
    for name in PEOPLE:
        client = Client()
        client.force_login(person(name))
        sessions[name] = client.cookies["sessionid"].value
    json.dump(sessions, sys.stdout)


if __name__ == "__main__":
    main()
