"""Addresses of the review."""

from django.urls import path

from conversations.review import views
from conversations.review.files import file

app_name = "review"
urlpatterns = [
    path("", views.index, name="list"),
    path("reason/", views.state_reason, name="search-reason"),
    path("<uuid:conversation_id>/", views.transcript, name="transcript"),
    path(
        "<uuid:conversation_id>/files/<uuid:attachment_id>/original",
        file,
        {"part": "original"},
        name="file",
    ),
    path(
        "<uuid:conversation_id>/files/<uuid:attachment_id>/thumbnail",
        file,
        {"part": "thumbnail"},
        name="thumbnail",
    ),
    path("<uuid:conversation_id>/reason/", views.state_reason, name="reason"),
]
