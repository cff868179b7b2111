"""Settings. Values come from the environment through ``chatsite.env``; see docs/configuration.md.

``DEBUG=1`` is development: values are filled in and static files are served unhashed. Without it
the site is in production and refuses to start when something that protects it is missing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from csp.constants import NONCE, NONE, SELF, STRICT_DYNAMIC
from django.core.exceptions import ImproperlyConfigured

from chatsite import env, floors, processes, uploads

if not __debug__:
    raise ImproperlyConfigured(
        "Start Python without -O: parts that the product stands on check themselves by assert."
    )

if _too_old := floors.too_old():
    raise ImproperlyConfigured(
        " ".join([*_too_old, "Install what is locked: pip install -r requirements.txt"])
    )

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(env.words("VAR_DIR", str(BASE_DIR / "var")))

# --- what kind of start this is ---------------------------------------------------------------

DEVELOPMENT = env.flag("DEBUG")
# Tracebacks in the browser are a choice of their own: they show settings and keep every query.
DEBUG = DEVELOPMENT and env.flag("DEBUG_PAGES")

if DEVELOPMENT:
    SECRET_KEY = env.words("SECRET_KEY", "development-only-not-a-secret-" + "x" * 32)
    ALLOWED_HOSTS = env.hosts("ALLOWED_HOSTS", ["127.0.0.1", "localhost", "[::1]"], debug=True)
    ALLOWED_ORIGINS = env.origins(
        "ALLOWED_ORIGINS", ["http://127.0.0.1:8000", "http://localhost:8000"]
    )
else:
    SECRET_KEY = env.required("SECRET_KEY", "Sessions are signed with it; keep it secret.")
    ALLOWED_HOSTS = env.hosts("ALLOWED_HOSTS", [], debug=False)
    env.required("ALLOWED_HOSTS", "Name the hosts that the site answers to.")
    env.required("ALLOWED_ORIGINS", "Name the exact origins of the site, https://host[:port].")
    ALLOWED_ORIGINS = env.origins("ALLOWED_ORIGINS", [])
if DEVELOPMENT:
    env.refuse_the_public([*ALLOWED_HOSTS, *ALLOWED_ORIGINS])
SECRET_KEY_FALLBACKS = env.listed("SECRET_KEY_FALLBACKS")

# Whoever runs the site over plain HTTP says so by naming an http:// origin.
HTTPS = all(origin.startswith("https://") for origin in ALLOWED_ORIGINS)
TRUSTED_PROXY_COUNT = env.number("TRUSTED_PROXY_COUNT", 0)

# --- Django -----------------------------------------------------------------------------------

INSTALLED_APPS = [
    "daphne",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "csp",
    "allauth",
    "allauth.account",
    "channels",
    "conversations",
    "streaming",
]

MIDDLEWARE = [
    "chatsite.middleware.RequestId",
    "chatsite.middleware.AskedByAddress",
    "django.middleware.security.SecurityMiddleware",
    # Before the static files, which end a request: every response has these headers (R92, R115).
    "chatsite.middleware.ResponseHeaders",
    "chatsite.middleware.ContentSecurityPolicy",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "chatsite.middleware.Language",
    "allauth.account.middleware.AccountMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "chatsite.urls"
ASGI_APPLICATION = "chatsite.asgi.application"
AUTH_USER_MODEL = "conversations.User"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

_TEMPLATE_LOADERS: list[Any] = [
    "django.template.loaders.filesystem.Loader",
    "django.template.loaders.app_directories.Loader",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "OPTIONS": {
            # In development a saved template shows at once; in production it is compiled once.
            "loaders": (
                _TEMPLATE_LOADERS
                if DEVELOPMENT
                else [("django.template.loaders.cached.Loader", _TEMPLATE_LOADERS)]
            ),
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "conversations.context_processors.site",
            ],
        },
    },
]

DATABASES = {"default": env.database("DATABASE_URL", VAR_DIR / "chat.sqlite3")}

LANGUAGE_CODE = "en"
# Each by its own name. Another one: CONTRIBUTING.md says how.
LANGUAGES = [("en", "English"), ("de", "Deutsch")]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = "chatsite.formats"
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = Path(env.words("STATIC_ROOT", str(VAR_DIR / "static")))
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = uploads.storages(VAR_DIR / "attachments", hashed=not DEVELOPMENT)
WHITENOISE_USE_FINDERS = DEVELOPMENT
WHITENOISE_AUTOREFRESH = DEVELOPMENT

# --- security ---------------------------------------------------------------------------------

SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_NAME = "__Host-sessionid" if HTTPS else "sessionid"
CSRF_COOKIE_NAME = "__Host-csrftoken" if HTTPS else "csrftoken"
SIGNED_OUT_COOKIE_NAME = "__Host-signed-out" if HTTPS else "signed-out"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = env.number("SESSION_DAYS", 14, minimum=1) * 86_400
CSRF_TRUSTED_ORIGINS = ALLOWED_ORIGINS
SECURE_SSL_REDIRECT = HTTPS and env.flag("SSL_REDIRECT", default=True)
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$"]
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
if TRUSTED_PROXY_COUNT:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [NONCE, STRICT_DYNAMIC],
        "style-src": [SELF],
        "img-src": [SELF],
        "font-src": [SELF],
        # Older browsers do not count ws: as 'self'.
        "connect-src": [
            SELF,
            *[
                f"{'wss' if origin.startswith('https') else 'ws'}://{urlsplit(origin).netloc}"
                for origin in ALLOWED_ORIGINS
            ],
        ],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "object-src": [NONE],
        "frame-ancestors": [NONE],
        "require-trusted-types-for": ["'script'"],
        "trusted-types": ["'none'"],
    }
}

AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
SIGNUP = env.signup("SIGNUP")
ACCOUNT_ADAPTER = "conversations.accounts.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username", "email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "optional"
ACCOUNT_LOGOUT_ON_GET = False
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_SESSION_REMEMBER = True
ACCOUNT_PREVENT_ENUMERATION = True
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXY_COUNT

EMAIL_URL = env.words("EMAIL_URL", "console://" if DEVELOPMENT else "smtp://localhost:25")
vars().update(env.email(EMAIL_URL))
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env.words("DEFAULT_FROM_EMAIL", "chat@localhost")

# --- many processes, or one -------------------------------------------------------------------

# Without Redis everything is in this process's memory, and there may be one server process only.
REDIS_URL = env.redis("REDIS_URL")
# With it answers are written, and background work is done, by Celery's workers.
CELERY_BROKER_URL = env.redis("CELERY_BROKER_URL")
processes.refuse_what_cannot_work(REDIS_URL, CELERY_BROKER_URL, DATABASES["default"])
CHANNEL_LAYERS = {"default": processes.channel_layer(REDIS_URL)}
CACHES = {"default": processes.cache(REDIS_URL)}
vars().update(processes.CELERY)

# --- the model --------------------------------------------------------------------------------

AWS_REGION = env.words("AWS_REGION") or env.words("AWS_DEFAULT_REGION")
# Set by whoever starts the local endpoint; the page then says that a demonstration answers.
BEDROCK_DEMONSTRATION = env.flag("BEDROCK_DEMONSTRATION")
# A server for a real model on this machine, which the local endpoint passes conversations on to.
LOCAL_MODEL_URL = env.words("LOCAL_MODEL_URL")
LOCAL_MODEL = env.words("LOCAL_MODEL")
_STAND_IN = "local.model-v1:0" if LOCAL_MODEL_URL else "local.demonstration-v1:0"
BEDROCK_MODEL_ID = env.words(
    "BEDROCK_MODEL_ID", _STAND_IN if BEDROCK_DEMONSTRATION else "amazon.nova-lite-v1:0"
)
DEFAULT_SYSTEM_PROMPT = env.words("DEFAULT_SYSTEM_PROMPT")
# What every question and answer goes through that no guardrail in the database is closer to.
GUARDRAIL_ID = env.words("GUARDRAIL_ID")
GUARDRAIL_VERSION = env.words("GUARDRAIL_VERSION", "DRAFT")
GUARDRAIL_MODE = env.one_of("GUARDRAIL_MODE", "sync", "async")
DEFAULT_MAX_TOKENS = env.number("DEFAULT_MAX_TOKENS", 4_096, minimum=1)
MODEL_CONNECT_TIMEOUT_SECONDS = env.number("MODEL_CONNECT_TIMEOUT_SECONDS", 5, minimum=1)
# The longest silence of a model: thinking models are silent for minutes (R61).
MODEL_READ_TIMEOUT_SECONDS = env.number("MODEL_READ_TIMEOUT_SECONDS", 300, minimum=1)
MODEL_SLOW_NOTICE_SECONDS = env.number("MODEL_SLOW_NOTICE_SECONDS", 10, minimum=1)
# The first pause before another attempt, doubled each time, drawn at random below it.
MODEL_RETRY_SECONDS = env.number("MODEL_RETRY_SECONDS", 1)

# How long an answer may take, all attempts and the pauses between them together (R80).
MAX_GENERATION_SECONDS = env.number("MAX_GENERATION_SECONDS", 1_800, minimum=1)

# --- generations ------------------------------------------------------------------------------

GENERATION_THREADS = env.number("GENERATION_THREADS", 500, minimum=1)
# Above these, answers wait for their turn, and say so: the first in each process, the others in all
# processes together; 0: without limit.
MAX_RUNNING_GENERATIONS = env.number("MAX_RUNNING_GENERATIONS", GENERATION_THREADS, minimum=1)
MAX_RUNNING_EVERYWHERE = env.number("MAX_RUNNING_EVERYWHERE", 0)
MAX_RUNNING_PER_MODEL = env.number("MAX_RUNNING_PER_MODEL", 0)
MAX_RUNNING_PER_PERSON = env.number("MAX_RUNNING_PER_PERSON", 8, minimum=1)
# Above this, questions are refused.
MAX_LIVE_PER_PERSON = env.number("MAX_LIVE_PER_PERSON", 100, minimum=1)
MAX_FRAMES_PER_SECOND = env.number("MAX_FRAMES_PER_SECOND", 100, minimum=1)
MAX_FRAMES_PER_PERSON = env.number("MAX_FRAMES_PER_PERSON", 200, minimum=1)
FLUSH_WINDOW_MS = env.number("FLUSH_WINDOW_MS", 40, minimum=1)
CHECKPOINT_MS = env.number("CHECKPOINT_MS", 1_000, minimum=10)
LEASE_SECONDS = env.number("LEASE_SECONDS", 10, minimum=1)
REAPER_SECONDS = env.number("REAPER_SECONDS", 2, minimum=1)
LIVE_LOG_KEPT_SECONDS = env.number("LIVE_LOG_KEPT_SECONDS", 900)
UNACKNOWLEDGED_BYTES = env.number("UNACKNOWLEDGED_BYTES", 262_144, minimum=4_096)
UNACKNOWLEDGED_SECONDS = env.number("UNACKNOWLEDGED_SECONDS", 60, minimum=1)
SESSION_CHECK_SECONDS = env.number("SESSION_CHECK_SECONDS", 2, minimum=1)
FOLLOW_POLL_SECONDS = env.number("FOLLOW_POLL_SECONDS", 1, minimum=1)
MAX_MESSAGE_CHARACTERS = env.number("MAX_MESSAGE_CHARACTERS", 200_000, minimum=1)
# How long a process that is asked to end (SIGTERM) waits for what it is writing.
SHUTDOWN_SECONDS = env.number("SHUTDOWN_SECONDS", 10)
# A response of server-sent events ends after these, and its client resumes.
EVENTS_BYTES = env.number("EVENTS_BYTES", 262_144, minimum=1_024)
EVENTS_SECONDS = env.number("EVENTS_SECONDS", 30, minimum=1)
MAX_SOCKETS_PER_PERSON = env.number("MAX_SOCKETS_PER_PERSON", 50, minimum=1)

# --- what is kept -----------------------------------------------------------------------------

# Days until what its owner deleted goes for good; 0: never.
PURGE_DELETED_AFTER_DAYS = env.number("PURGE_DELETED_AFTER_DAYS", 30)

# --- attachments ------------------------------------------------------------------------------

# One file; documents have a limit of their own, which is Bedrock's.
MAX_UPLOAD_BYTES = env.number("MAX_UPLOAD_BYTES", 20_000_000, minimum=1_000)
MAX_UPLOADS_PER_HOUR = env.number("MAX_UPLOADS_PER_HOUR", 200, minimum=1)  # of one person
MAX_STORED_BYTES_PER_PERSON = env.number("MAX_STORED_BYTES_PER_PERSON", 2_000_000_000, minimum=1)

# --- models ------------------------------------------------------------------------------------

# Hours between two looks at what models the account lists; 0: only by manage.py sync_models.
SYNC_MODELS_HOURS = env.number("SYNC_MODELS_HOURS", 24)
CELERY_BEAT_SCHEDULE = processes.schedule(SYNC_MODELS_HOURS)

# --- review -----------------------------------------------------------------------------------

REVIEW_REQUIRES_REASON = env.flag("REVIEW_REQUIRES_REASON")
# Whether reviewers see temporary conversations while they last; the page says which.
REVIEW_TEMPORARY = env.flag("REVIEW_TEMPORARY")

# --- logs: ids and figures, never text --------------------------------------------------------

LOG_LEVEL = env.words("LOG_LEVEL", "INFO")
LOG_FORMAT = env.words("LOG_FORMAT", "console" if DEVELOPMENT else "json")
LOGGING = env.logging(LOG_FORMAT, LOG_LEVEL)

# --- metrics: figures only, and only for who has the token ------------------------------------

METRICS_TOKEN = env.token("METRICS_TOKEN")
METRICS_HOST = env.words("METRICS_HOST", "127.0.0.1")
METRICS_PORT = env.port_for("METRICS_PORT", METRICS_TOKEN)
