"""The environment of a test run: the developer's own settings and AWS account stay outside.

Loaded by `-p` in pyproject.toml, so that it runs before pytest-django reads the settings.
"""

from __future__ import annotations

import atexit
import os
import re
import shutil
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent

VALUES = {
    "DEBUG": "1",
    "SECRET_KEY": "a-key-for-tests-that-signs-nothing-of-worth-0123456789",
    "ALLOWED_HOSTS": "127.0.0.1,localhost,testserver",
    "ALLOWED_ORIGINS": "http://127.0.0.1:8000,http://localhost:8000,http://testserver",
    "EMAIL_URL": "memory://",
    "LOG_LEVEL": "WARNING",
    # boto3 can neither find an account nor reach the real service by mistake: port 9 is closed.
    "AWS_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "AKIATESTTESTTESTTEST",
    "AWS_SECRET_ACCESS_KEY": "no-secret",
    "AWS_EC2_METADATA_DISABLED": "true",
    "AWS_CONFIG_FILE": os.devnull,
    "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
    "AWS_ENDPOINT_URL": "http://127.0.0.1:9",
    # Everything the tests talk to is on this machine.
    "NO_PROXY": "127.0.0.1,localhost",
    "no_proxy": "127.0.0.1,localhost",
    # Playwright's synchronous interface runs a loop in the test's thread, beside the ORM.
    "DJANGO_ALLOW_ASYNC_UNSAFE": "1",
}


def product_variables() -> set[str]:
    """Every variable that .env.example names, set or commented out."""
    text = (ROOT / ".env.example").read_text(encoding="utf-8")
    return set(re.findall(r"^#?\s?([A-Z][A-Z0-9_]+)=", text, re.MULTILINE))


def prepare() -> None:
    for name in list(os.environ):
        if name.startswith(("AWS_", "BEDROCK_")) or name in product_variables():
            del os.environ[name]
    os.environ.update(VALUES)
    if url := os.environ.get("TEST_DATABASE_URL"):
        os.environ["DATABASE_URL"] = url
    # Two runs at the same time must not share a database file.
    folder = tempfile.mkdtemp(prefix="chat-tests-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    os.environ["VAR_DIR"] = folder


prepare()
