"""Addresses of the chat page, its forms, a person's own page, and what operators ask."""

from django.urls import path

from conversations import health, installing, views
from conversations.attachments.views import file

urlpatterns = [
    path("", views.chat, name="chat"),
    path("c/<uuid:conversation_id>/", views.conversation, name="conversation"),
    path("c/<uuid:conversation_id>/rename/", views.rename, name="rename"),
    path("c/<uuid:conversation_id>/place/", views.place, name="place"),
    path("c/<uuid:conversation_id>/delete/", views.delete, name="delete"),
    path("c/<uuid:conversation_id>/restore/", views.restore, name="restore"),
    path("files/<uuid:attachment_id>/original", file, {"part": "original"}, name="file"),
    path("files/<uuid:attachment_id>/thumbnail", file, {"part": "thumbnail"}, name="thumbnail"),
    path("conversations/", views.older, name="older"),
    path("settings/", views.settings_page, name="settings"),
    path("settings/language/", views.choose_language, name="language"),
    path("session/", views.session, name="session"),
    path("accounts/logout/", views.sign_out, name="account_logout"),
    path("manifest.webmanifest", installing.manifest, name="manifest"),
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
]
