"""Who may look now: one column, `not_before`, is the lease while somebody looks and the timer in between."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils.timezone import now


@dataclass
class Held:
    """True for the one caller who took the row. `then`: in how many seconds it is due again."""

    mine: bool
    then: float

    def __bool__(self) -> bool:
        return self.mine


@contextmanager
def lease(row: QuerySet[Any], *, seconds: float, then: float) -> Iterator[Held]:
    """
    Take a row; one caller gets it, and nobody before it is due.

    `seconds` is how long that caller may be silent before another goes on. Whoever was silent for too long frees
    nothing: another has it by then.
    """
    fence = due(seconds)
    held = Held(row.filter(not_before__lte=now()).update(not_before=fence) == 1, then)
    try:
        yield held
    finally:
        if held:
            row.filter(not_before=fence).update(not_before=due(held.then))


def due(seconds: float) -> datetime:
    return now() + timedelta(seconds=seconds)
