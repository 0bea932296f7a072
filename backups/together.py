"""Several streams read side by side, page by page, in a bounded space."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Generator, Iterable, Sequence
from typing import Generic, TypeVar

from backups.errors import BackupsError, Unreachable

BUFFERED = 8  # pages that wait to be taken
Thing = TypeVar("Thing")


class SideBySide(Generic[Thing]):
    """
    `read(name)` for every name, on as many threads as there are names but at most `at_once`. An error in one ends
    all. The threads end when the reader stops reading, or at `end` (of `time.monotonic()`).
    """

    def __init__(
        self, names: Sequence[str], read: Callable[[str], Iterable[Thing]], *, at_once: int, end: float
    ) -> None:
        self.read, self.end, self.stop = read, end, threading.Event()
        self.waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
        for name in names:
            self.waiting.put(name)
        self.arrived: queue.Queue[Thing | BackupsError | None] = queue.Queue(BUFFERED)
        self.working = min(at_once, len(names))

    def pages(self) -> Generator[Thing, None, None]:
        for number in range(self.working):
            threading.Thread(target=self._work, name=f"side-by-side-{number}", daemon=True).start()
        try:
            while self.working:
                thing = self._next()
                if isinstance(thing, BackupsError):
                    raise thing
                if thing is None:
                    self.working -= 1
                else:
                    yield thing
        finally:
            self.stop.set()

    def _next(self) -> Thing | BackupsError | None:
        try:
            return self.arrived.get(timeout=max(0.0, self.end - time.monotonic()))
        except queue.Empty:
            raise Unreachable("The listing took too long.") from None

    def _work(self) -> None:
        try:
            while not self.stop.is_set():
                for page in self.read(self.waiting.get_nowait()):
                    self._hand_over(page)
                    if self.stop.is_set():
                        return
        except queue.Empty:
            self._hand_over(None)
        except BackupsError as error:
            self._hand_over(error)
        except Exception as error:  # noqa: BLE001 - a thread that dies in silence would look like one that is slow
            self._hand_over(BackupsError(f"The listing broke: {error}"))

    def _hand_over(self, thing: Thing | BackupsError | None) -> None:
        while not self.stop.is_set():
            try:
                self.arrived.put(thing, timeout=0.2)
            except queue.Full:
                continue
            return
