"""Work on a thread of its own, a few steps behind or ahead: what digests and compresses gives the processor free."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Callable, Generator
from typing import Any

GRACE = 5.0  # seconds
DEPTH = 8  # pieces under way, of at most 1 MiB


class Behind:
    """`put` pieces; `act` is called with each, in order, a little later. An error of it comes out of `put` or `end`."""

    def __init__(self, act: Callable[[Any], object]) -> None:
        self.act = act
        self.pieces: queue.Queue[Any] = queue.Queue(DEPTH)
        self.error: BaseException | None = None
        self.thread = threading.Thread(target=self._work, daemon=True)
        self.thread.start()

    def put(self, piece: Any) -> None:
        while True:
            if self.error is not None:
                raise self.error
            with contextlib.suppress(queue.Full):
                return self.pieces.put(piece, timeout=0.5)

    def end(self) -> None:
        """Wait until all is done."""
        self.put(None)
        while self.thread.is_alive():
            self.thread.join(0.5)
        if self.error is not None:
            raise self.error

    def give_up(self) -> None:
        """Do no more; wait a little for what is under way."""
        self.error = self.error or RuntimeError("given up")
        with contextlib.suppress(queue.Full):
            self.pieces.put_nowait(None)
        self.thread.join(GRACE)

    def _work(self) -> None:
        try:
            while (piece := self.pieces.get()) is not None and self.error is None:
                self.act(piece)
        except BaseException as error:  # noqa: BLE001 - it comes out of `put` or `end`
            self.error = error


def ahead(source: Generator[bytes, None, str]) -> Generator[bytes, None, str]:
    """The same pieces and the same end as `source` gives, read a few pieces ahead."""
    pieces: queue.Queue[bytes | tuple[str, BaseException | None]] = queue.Queue(DEPTH)
    stop = threading.Event()

    def hand_over(piece: bytes | tuple[str, BaseException | None]) -> None:
        while not stop.is_set():
            try:
                pieces.put(piece, timeout=0.5)
            except queue.Full:
                continue
            return

    def work() -> None:
        try:
            while not stop.is_set():
                hand_over(next(source))
        except StopIteration as end:
            hand_over((end.value, None))
        except BaseException as error:  # noqa: BLE001 - it is raised again where the pieces are taken
            hand_over(("", error))

    threading.Thread(target=work, daemon=True).start()
    try:
        while isinstance(piece := pieces.get(), bytes):
            yield piece
        value, error = piece
        if error is not None:
            raise error
        return value
    finally:
        stop.set()
