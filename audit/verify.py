"""
Walking a long trail in steps, so that no page waits for a million entries.

A walk begins at the first entry and wants to reach where the trail ended then; each step does as much as its time
allows and writes down how far it came. A walk that was left alone is taken up again by the next who asks.
"""

from __future__ import annotations

import time

from django.utils.timezone import now

from audit import chain
from audit.chain import Break, Place
from audit.models import Entry, Verification, beyond, head_now
from people.actors import Actor

CHUNK = 2000
SECONDS = 1.5


def last() -> Verification | None:
    return Verification.objects.first()


def step(*, by: Actor, seconds: float = SECONDS) -> Verification:
    """Go on with the walk that is unfinished, or begin one; stop after about `seconds`."""
    walk = last()
    if walk is None or walk.complete:
        head = head_now()
        walk = Verification(by=by.name, wanted=head.through, wanted_seal=head.hash)
    deadline = time.monotonic() + seconds
    while not walk.complete:
        one_chunk(walk)
        if time.monotonic() > deadline:
            break
    walk.at = now()
    walk.save()
    return walk


def one_chunk(walk: Verification) -> None:
    here, wanted = Place(walk.through, walk.seal), Place(walk.wanted, walk.wanted_seal)
    if here.through < wanted.through:
        upto = min(here.through + CHUNK, wanted.through)
        entries = Entry.objects.order_by("seq").filter(seq__gt=here.through, seq__lte=upto)
        found = chain.walk(entries, here)
        if isinstance(found, Place) and found.through < upto:
            more = Entry.objects.filter(seq__gt=found.through, seq__lte=wanted.through).exists()
            found = Break(found.through + 1, "missing" if more else "cut short")
        if isinstance(found, Break):
            walk.broken, walk.why, walk.complete = found.seq, found.why, True
            return
        walk.through, walk.seal = found.through, found.hash
    if walk.through >= wanted.through:
        end = chain.against_head(Place(walk.through, walk.seal), wanted) or beyond(wanted)
        walk.complete = True
        if end:
            walk.broken, walk.why = end.seq, end.why


def whole_walk(*, by: Actor) -> Verification:
    """From the first entry to the last, however long it takes."""
    Verification.objects.filter(complete=False).delete()
    return step(by=by, seconds=float("inf"))
