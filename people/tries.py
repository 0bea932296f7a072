"""
Guessing gets slow: after FREE bad tries with one name from one address comes a wait, twice as long after each more.

The same is said whether or not there is such a person. Where a proxy stands before the program, all come from one
address, and the wait is per name.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F
from django.utils.timezone import now

from people.models import Tries

FREE = 5
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(minutes=15)
FORGOTTEN = timedelta(hours=1)


def wait_after(count: int) -> timedelta:
    """How long to wait after so many bad tries."""
    if count < FREE:
        return timedelta(0)
    return min(FIRST_WAIT * (1 << min(count - FREE, 20)), LONGEST_WAIT)


def key(name: str, address: str) -> dict[str, str]:
    return {"name": name.strip().lower()[:150], "address": address[:45]}


def wait_until(name: str, address: str) -> datetime | None:
    """When the next try will be looked at; None for at once."""
    tries = Tries.objects.filter(**key(name, address), until__gt=now()).first()
    return tries.until if tries else None


def bad_try(name: str, address: str) -> tuple[int, datetime | None]:
    """Count one more. Returns how many are left before a wait, and when the wait that has begun now ends."""
    here = now()
    with transaction.atomic():
        Tries.objects.filter(last__lt=here - FORGOTTEN).delete()
        Tries.objects.get_or_create(**key(name, address), defaults={"last": here})
        mine = Tries.objects.filter(**key(name, address))
        mine.update(count=F("count") + 1, last=here)
        count = mine.values_list("count", flat=True).get()
        until = here + wait if (wait := wait_after(count)) else None
        mine.update(until=until)
    return max(FREE - count, 0), until


def good_try(name: str, address: str) -> None:
    Tries.objects.filter(**key(name, address)).delete()


def forgive(name: str) -> None:
    """A person who was locked out got a new password: they need not wait."""
    Tries.objects.filter(name=key(name, "")["name"]).delete()
