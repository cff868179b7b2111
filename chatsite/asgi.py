"""What an ASGI server serves. Only servers import this: it starts the threads of the product."""

import gc
import os
import sys

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "chatsite.settings")
django_application = get_asgi_application()

# After Django is set up: these import models.
from channels.routing import ProtocolTypeRouter  # noqa: E402
from django.conf import settings  # noqa: E402
from django.urls import get_resolver  # noqa: E402

from streaming.alone import be_the_only_one  # noqa: E402
from streaming.draining import Draining  # noqa: E402
from streaming.engine import build_engine  # noqa: E402
from streaming.routing import http_application, websocket_application  # noqa: E402

if settings.CELERY_BROKER_URL:
    from chatsite import celery  # noqa: F401  (through it workers are told of their work)

# Now, and not with the first request, which would hold up everybody's answers for most of a second.
get_resolver().url_patterns  # noqa: B018

# In development somebody may look at one database with two servers, to see what happens.
may_have_company = settings.DEVELOPMENT or settings.REDIS_URL
others_may_start = (lambda: None) if may_have_company else be_the_only_one()

engine = build_engine()
# What is loaded by now stays for as long as the process. Looking through all of it for garbage
# would hold up everybody's answers for a quarter of a second, again and again.
gc.collect()
gc.freeze()
engine.start()
application = Draining(
    ProtocolTypeRouter(
        {
            "http": http_application(engine, django_application),
            "websocket": websocket_application(engine),
        }
    ),
    engine,
    grace=settings.SHUTDOWN_SECONDS,
    on_asked=others_may_start,
)

if "daphne.server" in sys.modules:
    from chatsite import on_daphne

    on_daphne.improve()
