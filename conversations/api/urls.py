"""Addresses of the HTTP API. Whatever else is asked below them gets an error in its own shape."""

from django.urls import path

from conversations.api.documentation import documentation, unknown
from conversations.api.site import api

urlpatterns = [
    path("docs", documentation, name="api-docs"),
    path("", api.urls),
    path("<path:rest>", unknown, name="api-unknown"),
]
