"""The queue of knocks."""

from __future__ import annotations

import os

from celery import Celery

from config.pulse import Pulse

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
app = Celery("aftermath")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
app.steps["worker"].add(Pulse)
