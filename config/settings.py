"""
Every setting, read from the environment. See docs/settings.md for the list with its defaults.

`X_FILE` is read where `X` is a secret. With nothing set the program runs on this machine alone: SQLite under
`var/`, the practice cluster, and whatever `make run` passes for Redis.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.utils.translation import gettext_lazy as _

from config.database import database
from config.env import Env
from config.places import own_secret, redis_directory

env = Env()
BASE_DIR = Path(__file__).resolve().parent.parent
VAR = Path(env.text("AFTERMATH_VAR", str(BASE_DIR / "var"))).resolve()

DEBUG = env.flag("DEBUG")
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS", "localhost 127.0.0.1 [::1]")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")
HTTPS = env.flag("HTTPS")
SECRET_KEY = env.text("SECRET_KEY") or own_secret(VAR)

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "people",
    "audit",
    "cluster",
    "backups",
    "health",
    "incidents",
    "runbooks",
    "config",
]
MIDDLEWARE = [
    "config.alive.HealthMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.middleware.ContentSecurityPolicy",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "people.middleware.ReaderMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": False,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.context.frame",
            ],
            "builtins": [
                "django.templatetags.i18n",
                "django.templatetags.static",
                "config.templatetags.words",
                "django.templatetags.l10n",
            ],
        },
    }
]

DATABASES = {"default": database(env.text("DATABASE_URL") or f"sqlite:///{VAR / 'aftermath.sqlite3'}", VAR)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "people.User"
LOGIN_URL = "sign-in"
LOGIN_REDIRECT_URL = "overview"
LOGOUT_REDIRECT_URL = "sign-in"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

USE_TZ = True
TIME_ZONE = env.zone("TZ", "UTC")
LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("fr", _("French"))]
LOCALE_PATHS = [BASE_DIR / "locale"]

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
# Served from where they lie, read once at the start: nothing is collected, and nothing can be forgotten to be.
WHITENOISE_USE_FINDERS = True

SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SECURE_SSL_REDIRECT = False
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if HTTPS else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 4 * 1024 * 1024

# The live world: `range` is the practice cluster inside the program. How often everything in it is looked at.
CLUSTER = env.choice("CLUSTER", "range", {"range", "kubernetes"})
RANGE_DIR = Path(env.text("RANGE_DIR", str(VAR / "range")))
SWEEP_SECONDS = env.number("SWEEP_SECONDS", 3 if CLUSTER == "range" else 10)

# The broker. A message is only a knock: losing all of them loses nothing.
# `make run` starts a Redis of its own behind a private socket, unless REDIS_URL names another.
REDIS_DIR = redis_directory(VAR)
REDIS_URL = env.text("REDIS_URL")
CELERY_BROKER_URL = REDIS_URL or f"redis+socket://{REDIS_DIR / 'redis.sock'}"
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {"socket_timeout": 10, "socket_connect_timeout": 5, "visibility_timeout": 3600}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = False
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BEAT_SCHEDULE = {
    "knock on every run": {"task": "runbooks.tasks.knock_on_all", "schedule": 1.0, "options": {"expires": 3}},
    "sweep": {"task": "health.tasks.sweep", "schedule": SWEEP_SECONDS, "options": {"expires": 2 * SWEEP_SECONDS}},
    "ask what we may do": {"task": "runbooks.tasks.ask_access", "schedule": 15.0, "options": {"expires": 20}},
    "scan the sources of copies": {"task": "backups.tasks.scan_all", "schedule": 5.0, "options": {"expires": 10}},
}

# A run's lease: seconds that a worker may be silent before another goes on, and how often it says that it lives.
LEASE_SECONDS = env.number("LEASE_SECONDS", 10)
BEAT_SECONDS = env.number("BEAT_SECONDS", 2)

# How `make run` and `manage.py serve` serve: the port on loopback, and a process a core.
PORT = env.whole("PORT", 8000, least=0, most=65535)
WEB_CONCURRENCY = env.whole("WEB_CONCURRENCY", os.cpu_count() or 1, least=1, most=64)
WORKER_CONCURRENCY = env.whole("WORKER_CONCURRENCY", 2, least=1, most=64)

# A real cluster: without a kubeconfig, the account of the pod that this runs in. Its jobs run this program's own image;
# AGENT_PROFILE names a JSON file with what else they need to be admitted.
KUBECONFIG = env.text("KUBECONFIG")
KUBE_CONTEXT = env.text("KUBE_CONTEXT")
AGENT_IMAGE = env.text("AGENT_IMAGE", "aftermath")
AGENT_PROFILE = Path(env.text("AGENT_PROFILE")) if env.text("AGENT_PROFILE") else None

# The object store of a real cluster; its credentials are AWS_*, and the range has a store of its own.
S3_ENDPOINT = env.text("S3_ENDPOINT")
S3_ENDPOINT_FROM_PODS = env.text("S3_ENDPOINT_FROM_PODS", S3_ENDPOINT)
S3_REGION = env.text("S3_REGION", "us-east-1")
# A job is lent a key for its own prefix alone: by assuming this role, or where the store needs none, with S3_STS alone.
S3_ROLE = env.text("S3_ROLE")
S3_STS = env.text("S3_STS")

# A file that somebody brings as a copy of a volume is at most so large.
UPLOAD_LIMIT_GB = env.whole("UPLOAD_LIMIT_GB", 30, least=1, most=150)

# A NAS beneath the volumes, asked who is connected to them and for snapshots of its own. Without a URL there is none.
NAS_URL = env.text("NAS_URL")
NAS_USER = env.text("NAS_USER")
NAS_PASSWORD = env.text("NAS_PASSWORD")
NAS_CERTIFICATE = env.text("NAS_CERTIFICATE")

# How long to watch before believing: pods that stay ready, and witnesses that agree twice that a volume is free.
STEADY_SECONDS = env.number("STEADY_SECONDS", 3 if CLUSTER == "range" else 60)
APART_SECONDS = env.number("APART_SECONDS", 1 if CLUSTER == "range" else 5)

LOG_LEVEL = env.choice("LOG_LEVEL", "INFO", {"DEBUG", "INFO", "WARNING", "ERROR"})
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {"httpx": {"level": "WARNING"}},  # it would write a line for each request
}
