"""Events as our values."""

from __future__ import annotations

from collections.abc import Iterable

from cluster.api import Event
from cluster.live.objects import EventObject


def sorted_events(found: Iterable[EventObject]) -> tuple[Event, ...]:
    """Oldest first."""
    return tuple(sorted((event_value(here) for here in found), key=lambda e: (e.at, e.subject, e.reason)))


def event_value(here: EventObject) -> Event:
    about = here.involved_object
    subject = f"{about.namespace}/{about.name}" if about.namespace else about.name
    return Event(here.at, subject, here.reason, here.message, here.type == "Warning")
