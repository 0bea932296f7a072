"""A worker's pulse, as beat has one: a file that its main loop touches, so that others feel whether it goes round."""

from __future__ import annotations

from typing import Any

from celery import bootsteps
from django.conf import settings

NAME = "worker-pulse"
EVERY = 2.0  # seconds


class Pulse(bootsteps.StartStopStep):
    """
    The timer is the main loop's own. While the broker is away that loop does nothing but call it, and the pulse stands
    still; a run that is at work in a child goes on.
    """

    requires = ("celery.worker.components:Timer",)

    def __init__(self, parent: Any, **more: Any) -> None:
        self.timed: Any = None

    def start(self, parent: Any) -> None:
        self.timed = parent.timer.call_repeatedly(EVERY, (settings.VAR / NAME).touch)

    def stop(self, parent: Any) -> None:
        if self.timed:
            self.timed.cancel()
            self.timed = None
