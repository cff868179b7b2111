"""Asks the web process of this container whether it is alive; exit status 0 means yes."""

from __future__ import annotations

import os
import sys
from http.client import HTTPConnection, HTTPException

SECONDS = 3


def main() -> int:
    connection = HTTPConnection("127.0.0.1", int(os.environ.get("PORT", "8000")), timeout=SECONDS)
    # The site answers to its own names only.
    host = os.environ.get("ALLOWED_HOSTS", "").split(",")[0].strip() or "127.0.0.1"
    try:
        connection.request("GET", "/healthz", headers={"Host": host.lstrip(".")})
        return 0 if connection.getresponse().status == 200 else 1
    except (OSError, HTTPException):
        return 1


if __name__ == "__main__":
    sys.exit(main())
