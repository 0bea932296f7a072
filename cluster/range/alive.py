"""What makes a range live: one process that ticks and keeps the S3 server going, and dies with all that it started."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from cluster.errors import ClusterError
from cluster.range import store
from cluster.range.objects import locked
from cluster.range.range import Range

log = logging.getLogger(__name__)

EVERY = 0.25  # seconds between two ticks
TAKEN = 30.0  # seconds that a second process waits for the first to end


class Taken(Exception):
    """Another process makes this range live."""


@dataclass
class Life:
    """A range that this process alone makes live, by the thread that made it: children die with that thread."""

    world: Range
    server: store.Server | None = None

    def step(self) -> None:
        """One tick; the server is started, also again when it has ended. What goes wrong is logged and tried again."""
        try:
            if self.server is None or not self.server.alive:
                self.server = store.serve(self.world.directory)
            self.world.tick()
        except (ClusterError, OSError):
            log.exception("the range stumbled")

    def go_on(self, ending: threading.Event) -> None:
        while not ending.is_set():
            self.step()
            ending.wait(EVERY)

    def end(self) -> None:
        self.world.close()
        if self.server is not None:
            self.server.stop()


@contextmanager
def alive(world: Range, *, patience: float = 0) -> Iterator[Life]:
    """
    Be the process that makes `world` live, which is made first if it is not there. Raises Taken if another still is
    that after `patience` seconds.
    """
    world.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    with ExitStack() as stack:
        end = time.monotonic() + patience
        while not stack.enter_context(locked(world.directory / "alive.lock", wait=False)):
            if time.monotonic() > end:
                raise Taken(f"Another process keeps the range in {world.directory} going.")
            stack.pop_all().close()
            time.sleep(0.1)
        world.seed()
        life = Life(world)
        stack.callback(life.end)
        yield life
