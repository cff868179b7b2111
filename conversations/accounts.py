"""Accounts: who may sign up, and how somebody gets in whom an administrator added.

Accounts with rights over others come only from the command line or another administrator (R29).
"""

from __future__ import annotations

import secrets
from smtplib import SMTPException
from typing import TYPE_CHECKING, Any

import structlog
from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import default_token_generator
from allauth.account.models import EmailAddress
from allauth.account.utils import user_pk_to_url_str
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from conversations.writing import write

if TYPE_CHECKING:
    from conversations.models import User

log = structlog.get_logger(__name__)


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]  # allauth ships no types
    def is_open_for_signup(self, request: Any) -> bool:
        return settings.SIGNUP == "open" or settings.SIGNUP.startswith("domains:")

    def clean_email(self, email: str) -> str:
        email = super().clean_email(email)
        if settings.SIGNUP.startswith("domains:"):
            allowed = settings.SIGNUP.removeprefix("domains:").lower().split(",")
            if email.rpartition("@")[2].lower() not in allowed:
                raise ValidationError(_("Only addresses of this organisation are accepted."))
        return email

    def clean_username(self, username: str, shallow: bool = False) -> str:
        """A name that looks like an address could be taken for the address of somebody else."""
        if "@" in username:
            raise ValidationError(_("A name cannot contain @."))
        cleaned: str = super().clean_username(username, shallow)
        return cleaned

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """Whether it may be a name or an address, the password is tried once.

        allauth passes an address under both names and would try it twice, but only where there is
        such a person: the time would tell (R89). Under the name alone it looks for both.
        """
        if credentials.get("username") == credentials.get("email"):
            del credentials["email"]
        user: User | None = super().authenticate(request, **credentials)
        return user

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """A mail server that is away fails no page, and so tells nobody who has an account."""
        try:
            super().send_mail(template_prefix, email, context)
        except (SMTPException, OSError) as error:
            log.error("mail_failed", template=template_prefix, error=type(error).__name__)

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Whoever has a new password goes on; the page there says that it is changed."""
        return reverse("chat")


def one_time_password(user: User) -> str:
    """Give a new password that its owner is asked to change; the only place where it is readable.

    Everything that was signed in with the old one is signed out.
    """
    password = secrets.token_urlsafe(12)
    user.set_password(password)
    user.must_change_password = True
    with write():
        user.save(update_fields=["password", "must_change_password"])
    return password


def set_password_link(request: HttpRequest, user: User) -> str:
    """An address at which the person chooses a password: once, for a few days.

    It is void as soon as it was used, the person signed in, or the e-mail address changed.
    """
    parts = {"uidb36": user_pk_to_url_str(user), "key": default_token_generator.make_token(user)}
    return request.build_absolute_uri(reverse("account_reset_password_from_key", kwargs=parts))


def adopt_address(user: User) -> None:
    """Let the address that an administrator entered count: for signing in, and for resets."""
    with write():
        rows = EmailAddress.objects.filter(user=user)
        if not user.email:
            rows.delete()
            return
        rows.exclude(email__iexact=user.email).delete()
        EmailAddress.objects.update_or_create(
            user=user, email=user.email.lower(), defaults={"primary": True, "verified": True}
        )
