"""Who may look now: one column, `not_before`, is the lease while somebody looks and the timer in between."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils.timezone import now


@contextmanager
def lease(row: QuerySet[Any], *, seconds: float, then: float) -> Iterator[bool]:
    """
    True in the `with` for the one caller who took the row; False for all others, and while it is not due yet.

    `seconds` is how long a caller may be silent before another goes on; afterwards the row is due again in `then`
    seconds. Whoever was silent for too long frees nothing: another has it by then.
    """
    fence = now() + timedelta(seconds=seconds)
    taken = row.filter(not_before__lte=now()).update(not_before=fence) == 1
    try:
        yield taken
    finally:
        if taken:
            row.filter(not_before=fence).update(not_before=due(then))


def due(seconds: float) -> datetime:
    return now() + timedelta(seconds=seconds)
