"""`manage.py range`: the practice cluster's own process."""

from __future__ import annotations

import signal
import threading
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from cluster.range.alive import TAKEN, Taken, alive
from cluster.range.range import Range


class Command(BaseCommand):
    help = "Keep the practice cluster going: its pods, jobs and syncs, and its S3 server; until it is asked to end."
    requires_system_checks: list[str] = []

    def handle(self, *args: Any, **options: Any) -> None:
        ending = threading.Event()
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: ending.set())
        try:
            with alive(Range(settings.RANGE_DIR), patience=TAKEN) as life:
                life.go_on(ending)
        except Taken as e:
            raise CommandError(str(e)) from e
