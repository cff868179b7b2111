"""Every address of the site."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.urls import include, path

from conversations.api.site import api
from streaming import calls, pinning, scraping

# One door: signing in to the admin has the same limits as signing in to the chat.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

handler500 = "conversations.failures.failure"

api.add_router("", calls.router)
api.add_router("", pinning.router)

urlpatterns = [
    path("", include("conversations.urls")),
    path("accounts/", include("allauth.account.urls")),
    path("review/", include("conversations.review.urls")),
    path("api/v1/", include("conversations.api.urls")),
    path("admin/", admin.site.urls),
    path("metrics", scraping.metrics, name="metrics"),
]
