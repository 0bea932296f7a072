"""
How the lowest layer writes in the trail that stands above it: the trail hands its pen down when it is loaded.

Nothing here imports upwards, and nothing that people do is done without an entry: with no pen, writing fails.
"""

from __future__ import annotations

from typing import Any, Protocol

from django.db import models

from people.actors import Actor


class Pen(Protocol):
    """What `audit.models.record` is."""

    def __call__(self, action: str, subject: models.Model | str, *, by: Actor, **facts: Any) -> Any: ...


class Holder:
    pen: Pen | None = None


def hand(pen: Pen) -> None:
    """Called once, by the trail."""
    Holder.pen = pen


def write(action: str, subject: models.Model, *, by: Actor, **facts: Any) -> None:
    """One entry of the trail, in the transaction that makes it true. No secret may be among `facts`."""
    if Holder.pen is None:
        raise RuntimeError("The trail has handed nobody its pen: is `audit` among the installed apps?")
    Holder.pen(action, subject, by=by, **facts)
