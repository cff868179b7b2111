"""Where files are: static ones, and attachments.

Nothing serves attachments but the views of ``conversations``, which ask who may have them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from django.core.exceptions import ImproperlyConfigured

from chatsite import env


def storages(folder: Path, *, hashed: bool) -> dict[str, Any]:
    """Django's ``STORAGES``. ``folder``: of attachments, unless the environment says."""
    static = (
        "chatsite.storage.HashedStaticFiles"
        if hashed
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    )
    region = env.words("AWS_REGION") or env.words("AWS_DEFAULT_REGION")
    attachments = store(env.words("ATTACHMENTS", str(folder)), region)
    # There are no other files.
    return {"default": attachments, "staticfiles": {"BACKEND": static}}


def store(address: str, region: str) -> dict[str, Any]:
    """Django's storage for a folder, or for ``s3://bucket/prefix?region=…&endpoint=https://…``."""
    if not address.startswith("s3://"):
        return {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {
                "location": Path(address),
                "file_permissions_mode": 0o600,
                "directory_permissions_mode": 0o700,
            },
        }
    url = urlsplit(address)
    asked = parse_qs(url.query, keep_blank_values=True)
    if not url.hostname or not set(asked) <= {"region", "endpoint"}:
        raise ImproperlyConfigured(
            "ATTACHMENTS takes a folder, or s3://bucket/prefix?region=…&endpoint=https://…"
        )
    options: dict[str, Any] = {
        "bucket_name": url.netloc,
        "location": url.path.strip("/"),
        # The bucket's own policy holds; names are random and never used twice.
        "default_acl": None,
        "file_overwrite": True,
        "region_name": asked.get("region", [region])[0] or None,
    }
    if "endpoint" in asked:
        options["endpoint_url"] = asked["endpoint"][0]
    return {"BACKEND": "storages.backends.s3.S3Storage", "OPTIONS": options}
