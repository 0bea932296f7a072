"""Beat, as Celery has it, with a pulse that others can feel."""

from __future__ import annotations

from typing import Any

from celery.beat import Scheduler
from django.conf import settings

PULSE = settings.VAR / "beat-pulse"


class Beat(Scheduler):
    """
    The knocks are seconds apart, so when each was last given need not be kept: there is no file that a crash could
    spoil. The pulse is a file whose time of change is that of the last tick; the longest pause between two is 2 s.
    """

    def tick(self, *args: Any, **more: Any) -> float:
        PULSE.touch()
        return float(super().tick(*args, **more))
