"""`manage.py prepare`: a practice world that has a past. Done twice it is as done once."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from cluster.range.alive import Life, Taken, alive
from cluster.range.range import Range
from cluster.range.store import answers
from config import practice

PATIENCE = 30.0  # seconds for the range to answer, or for a snapshot


class Command(BaseCommand):
    help = "Make the practice world, if the cluster is the range: volumes, where copies live, copies of days passed."

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.CLUSTER != "range":
            return
        practice.remember()
        world = Range(settings.RANGE_DIR)
        with living(world) as life:
            sources = practice.register(world)
            made = practice.archive_the_past(world)
            practice.snapshot(world)
            wait(lambda: world.snapshot("home", practice.SNAPSHOT).ready, life, "the first snapshot")
            practice.look_at(sources, world)
        if options["verbosity"] > 1:
            self.stdout.write(f"{len(sources)} places of copies, {made} new archives")


@contextmanager
def living(world: Range) -> Iterator[Life | None]:
    """Be the range's own process while this lasts, unless there is one: then wait until it answers."""
    try:
        with alive(world) as life:
            wait(lambda: answers(world.store.port), life, "the object store")
            yield life
            return
    except Taken:
        pass
    wait(lambda: world.seeded and answers(world.store.port), None, "the practice cluster")
    yield None


def wait(true: Any, life: Life | None, what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        if time.monotonic() > end:
            raise CommandError(f"{what[0].upper()}{what[1:]} was not there within {PATIENCE:g} seconds.")
        if life is not None:
            life.step()
        time.sleep(0.05)
