"""The group whose members may read everybody's transcripts."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Group, Permission

REVIEWERS = "Reviewers"


def make_group(sender: Any, using: str, **kwargs: Any) -> None:
    """After migration: make the group once. What an administrator changes in it stays."""
    # Permissions are made by a receiver of the same signal, which may not have run yet.
    create_permissions(sender, using=using, verbosity=0)
    group, created = Group.objects.using(using).get_or_create(name=REVIEWERS)
    if created:
        group.permissions.add(
            Permission.objects.using(using).get(
                codename="review_transcripts", content_type__app_label="conversations"
            )
        )
