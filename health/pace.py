"""How often the world is looked at, and how long something must be so before it is believed."""

from __future__ import annotations

from django.conf import settings


def promised() -> float:
    """Seconds: a sweep is promised at least this often, one that comes late included."""
    return max(10.0, 3 * settings.SWEEP_SECONDS)


def confirm() -> float:
    """Seconds between two listings before an emptiness is believed."""
    return 5 if settings.CLUSTER == "range" else 60
