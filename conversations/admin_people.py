"""People and groups in the admin: who they are and what they may, never what they wrote.

Whoever may edit people could otherwise become somebody else: only superusers give rights, give
new passwords and touch accounts that have rights over others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin
from django.contrib.auth.models import Group
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from conversations.accounts import adopt_address, one_time_password, set_password_link
from conversations.models import BedrockModel, Preset, User

if TYPE_CHECKING:
    from django.urls import URLPattern

    # Django's own classes take parameters in their stubs only.
    PeopleForm = forms.ModelForm[User]
    PeopleAdmin = admin.ModelAdmin[User]
else:
    PeopleForm, PeopleAdmin = forms.ModelForm, admin.ModelAdmin

RIGHTS = ("is_staff", "is_superuser", "groups", "user_permissions")
WAYS_IN = [
    ("password", _("a one-time password, which you hand over")),
    ("link", _("a link, at which they choose a password themselves")),
]


class AddPersonForm(PeopleForm):
    way_in = forms.ChoiceField(
        label=_("They come in by"), choices=WAYS_IN, initial="password", widget=forms.RadioSelect
    )

    class Meta:
        model = User
        fields = ("username", "email", "first_name", "last_name")

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()


class PersonForm(PeopleForm):
    class Meta:
        model = User
        fields = "__all__"

    def clean_email(self) -> str:
        return str(self.cleaned_data["email"]).lower()


@admin.register(User)
class PersonAdmin(PeopleAdmin):
    form = PersonForm
    list_display = ("username", "email", "display_name", "is_active", "is_staff", "last_login")
    list_filter = ("is_active", "is_staff", "is_superuser", "groups")
    search_fields = ("username", "email", "first_name", "last_name")
    ordering = ("username",)
    filter_horizontal = ("groups", "user_permissions")
    readonly_fields = ("last_login", "date_joined", "must_change_password")
    add_fieldsets = (
        (None, {"fields": ("username", "email", "first_name", "last_name", "way_in")}),
    )
    fieldsets = (
        (None, {"fields": ("username", "email", "first_name", "last_name")}),
        (
            _("Access"),
            {
                "fields": ("is_active", "must_change_password", *RIGHTS),
                "description": _("Who is not active cannot sign in; what they wrote stays."),
            },
        ),
        (_("Dates"), {"fields": ("last_login", "date_joined")}),
    )
    change_form_template = "admin/conversations/user/change_form.html"

    # --- who may do what ----------------------------------------------------------------------

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Nobody is deleted in passing: with the person everything they wrote would go."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        if obj is not None and not request.user.is_superuser and _has_rights(obj):
            return False
        return super().has_change_permission(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        if obj is None or request.user.is_superuser:
            return self.readonly_fields
        # An address leads to the account: a new password is sent there.
        return (*self.readonly_fields, "username", "email", *RIGHTS)

    def lookup_allowed(self, lookup: str, value: Any, request: HttpRequest | None = None) -> bool:
        """A list cannot be narrowed by what it does not show: not by the password's hash."""
        return lookup.split("__")[0] in self.list_filter

    # --- adding, and ways in ------------------------------------------------------------------

    def get_fieldsets(self, request: HttpRequest, obj: User | None = None) -> Any:
        return self.fieldsets if obj else self.add_fieldsets

    def get_form(
        self, request: HttpRequest, obj: User | None = None, change: bool = False, **kwargs: Any
    ) -> type[PeopleForm]:
        if obj is None:
            kwargs["form"] = AddPersonForm
        return super().get_form(request, obj, change, **kwargs)

    def save_model(self, request: HttpRequest, obj: User, form: Any, change: bool) -> None:
        if not change:
            obj.set_unusable_password()
        super().save_model(request, obj, form, change)
        if not change or "email" in form.changed_data:
            adopt_address(obj)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        one_way = {"show_save_and_add_another": False, "show_save_and_continue": False}
        return super().add_view(request, form_url, {**(extra_context or {}), **one_way})

    def response_add(
        self, request: HttpRequest, obj: User, post_url_continue: str | None = None
    ) -> HttpResponse:
        return self._way_in(request, obj, request.POST.get("way_in", "password"))

    def get_urls(self) -> list[URLPattern]:
        way_in = self.admin_site.admin_view(require_POST(self.new_way_in))
        own = path("<int:user_id>/way-in/", way_in, name="conversations_user_way_in")
        return [own, *super().get_urls()]

    def new_way_in(self, request: HttpRequest, user_id: int) -> HttpResponse:
        """A new password or link for somebody who cannot get in."""
        if not request.user.is_superuser:
            raise PermissionDenied
        user = get_object_or_404(User, pk=user_id)
        return self._way_in(request, user, request.POST.get("way_in", ""))

    def _way_in(self, request: HttpRequest, user: User, kind: str) -> HttpResponse:
        """Shown in the answer itself and kept nowhere: reading it a second time is not possible."""
        context: dict[str, Any] = {
            **self.admin_site.each_context(request),
            "opts": self.model._meta,
            "title": _("How %(name)s gets in") % {"name": user.get_username()},
            "person": user,
        }
        if kind == "password":
            context["password"] = one_time_password(user)
        elif kind == "link":
            context["link"] = set_password_link(request, user)
        else:
            raise PermissionDenied
        self.log_change(request, user, f"Gave a new way in: {kind}.")
        return render(request, "admin/conversations/user/way_in.html", context)


def _has_rights(user: User) -> bool:
    return user.is_staff or user.is_superuser or bool(user.get_all_permissions())


class RightsOfGroups(GroupAdmin):
    """What the members of a group may do is decided by superusers."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.is_superuser

    def has_change_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return request.user.is_superuser

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return request.user.is_superuser

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """A model or a preset without groups is everybody's: its last cannot go by the way."""
        *found, protected = super().get_deleted_objects(objs, request)
        ids = [group.pk for group in objs]
        others = Group.objects.exclude(pk__in=ids)
        models = BedrockModel.objects.filter(groups__in=ids).exclude(groups__in=others).distinct()
        presets = Preset.objects.filter(groups__in=ids).exclude(groups__in=others).distinct()
        last = [_("the model %s, which would be everybody's then") % row for row in models]
        words = _("the preset %s, which would be everybody's then")
        return *found, [*protected, *last, *(words % row.name for row in presets)]


admin.site.unregister(Group)
admin.site.register(Group, RightsOfGroups)
