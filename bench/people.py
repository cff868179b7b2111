"""The people of a benchmark: accounts, signed in, in the bench's own database.

python -m bench.people 150        prints their cookies as JSON
"""

from __future__ import annotations

import json
import os
import sys

import django


def main(count: int) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")
    django.setup()
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore
    from django.core.management import call_command

    from conversations.models import User
    from conversations.writing import write

    call_command("migrate", verbosity=0)
    call_command("sync_models", stdout=sys.stderr)
    cookies = []
    with write():
        for number in range(count):
            user, _ = User.objects.get_or_create(
                username=f"person-{number}", defaults={"email": f"person-{number}@example.com"}
            )
            session = SessionStore()
            session[SESSION_KEY] = str(user.pk)
            session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
            session[HASH_SESSION_KEY] = user.get_session_auth_hash()
            session.save()
            cookies.append(f"{settings.SESSION_COOKIE_NAME}={session.session_key}")
    print(json.dumps(cookies))


if __name__ == "__main__":
    main(int(sys.argv[1]))
