"""Events as our values."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from cluster.api import Event
from cluster.live.objects import EventObject


def sorted_events(found: Iterable[EventObject]) -> tuple[Event, ...]:
    """Oldest first."""
    return tuple(sorted((event_value(here) for here in found), key=lambda e: (e.at, e.subject, e.reason)))


def event_value(here: EventObject) -> Event:
    """An event that is repeated is the same object: when it last happened counts."""
    last = here.series.last_observed_time if here.series else None
    times = (last, here.last_timestamp, here.event_time, here.first_timestamp, here.metadata.creation_timestamp)
    at = next((t for t in times if t), datetime.min.replace(tzinfo=UTC))
    about = here.involved_object
    subject = f"{about.namespace}/{about.name}" if about.namespace else about.name
    return Event(at, subject, here.reason, here.message, here.type == "Warning")
