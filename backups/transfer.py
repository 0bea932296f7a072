"""
Long transfers to and from the store: a multipart upload fed as by a pipe, and a download that goes on where it was cut.

Both give up with Unreachable when not one byte has moved for `patience` seconds, and both hold a bounded part of the
object in memory (about four parts of 16 MiB for an upload, under 1 MiB for a download).
"""

from __future__ import annotations

import contextlib
import io
import queue
import threading
import time
from collections.abc import Callable
from typing import Any

from backups.errors import BackupsError, Refused, Unreachable
from backups.storage import Store, telling

PART = 16 << 20
MOST_PARTS = 10_000
SENDERS = 2
PATIENCE = 120.0  # seconds without a byte
READ_AT_ONCE = 256 << 10


class Counted(io.BytesIO):
    """A part's bytes, which tell when some of them are taken away to be sent."""

    def __init__(self, data: bytes, moved: Callable[[int], None]) -> None:
        super().__init__(data)
        self.moved = moved

    def read(self, size: int | None = -1, /) -> bytes:
        data = super().read(size)
        self.moved(len(data))
        return data


class Upload:
    """
    `write` any number of bytes, then `finish`; or `abort`. The object appears whole, at `finish`, or not at all. Used
    as a context it aborts when it is left without having been finished.
    """

    def __init__(self, store: Store, key: str, *, part: int = PART, patience: float = PATIENCE) -> None:
        self.store, self.key, self.part, self.patience = store, key, part, patience
        self.buffer = bytearray()
        self.upload = ""
        self.etags: dict[int, str] = {}
        self.number = self.bytes = 0
        self.error: BackupsError | None = None
        self.todo: queue.Queue[tuple[int, bytes] | None] = queue.Queue(1)
        self.senders: list[threading.Thread] = []
        self.last_move = time.monotonic()
        self.over = False

    def __enter__(self) -> Upload:
        return self

    def __exit__(self, *_: object) -> None:
        if not self.over:
            self.abort()

    def write(self, data: bytes) -> int:
        self.buffer += data
        self.bytes += len(data)
        while len(self.buffer) >= self.part:
            self._send(bytes(memoryview(self.buffer)[: self.part]))
            del self.buffer[: self.part]
        return len(data)

    def finish(self) -> str:
        """Send what is left and make the object appear. Returns its ETag."""
        if not self.upload:
            etag = self.store.put_bytes(self.key, bytes(self.buffer))
        else:
            if self.buffer:
                self._send(bytes(self.buffer))
            self._drain()
            etag = self.store.complete(self.key, self.upload, self.etags)
        self.over = True
        return etag

    def abort(self) -> None:
        """Leave nothing behind. What cannot be told to the store now is left to its own expiry."""
        self.over = True
        if self.upload:
            self.error = self.error or Unreachable("The upload was given up.")
            self._let_one_go()
            with contextlib.suppress(BackupsError):
                self.store.abort(self.key, self.upload)

    def _send(self, data: bytes) -> None:
        if not self.upload:
            self.upload = self.store.begin(self.key)
            self.senders = [threading.Thread(target=self._work, daemon=True) for _ in range(SENDERS)]
            for sender in self.senders:
                sender.start()
        self.number += 1
        if self.number > MOST_PARTS:
            raise Refused(f"{self.key} needs more than {MOST_PARTS} parts.", code="too-large", key=self.key)
        self._hand_over((self.number, data))

    def _hand_over(self, thing: tuple[int, bytes] | None) -> None:
        self.last_move = time.monotonic()
        while True:
            self._still_going()
            with contextlib.suppress(queue.Full):
                return self.todo.put(thing, timeout=0.5)

    def _drain(self) -> None:
        self._hand_over(None)
        while any(sender.is_alive() for sender in self.senders):
            self._still_going()
            for sender in self.senders:
                sender.join(0.05)
        self._still_going()

    def _still_going(self) -> None:
        if self.error:
            raise self.error
        if time.monotonic() - self.last_move > self.patience:
            raise Unreachable(f"The upload of {self.key} did not move for {self.patience:g} seconds.")

    def _moved(self, _: int) -> None:
        self.last_move = time.monotonic()

    def _let_one_go(self) -> None:
        """A sender that waits for nothing more is let go, and lets the next one go."""
        with contextlib.suppress(queue.Full):
            self.todo.put_nowait(None)

    def _work(self) -> None:
        try:
            while (thing := self.todo.get()) is not None and not self.error:
                number, data = thing
                self.etags[number] = self.store.put_part(self.key, self.upload, number, Counted(data, self._moved))
        except BackupsError as error:
            self.error = error
        except Exception as error:  # noqa: BLE001 - a thread that dies in silence would look like one that is slow
            self.error = BackupsError(f"The upload of {self.key} broke: {error}")
        finally:
            self._let_one_go()


class Download(io.RawIOBase):
    """
    The bytes of an object, as a file read from its beginning. A connection that is cut or goes silent is made again
    from where it stopped; an object that is replaced meanwhile is Refused (`object-changed`).
    """

    def __init__(self, store: Store, key: str, *, patience: float = PATIENCE) -> None:
        super().__init__()
        self.store, self.key, self.patience = store, key, patience
        seen = store.head(key)
        self.size, self.etag = seen.size, seen.etag
        self.at = 0
        self.body: Any = None

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1, /) -> bytes:
        """At most `size` bytes, b"" at the end of the object only."""
        size = READ_AT_ONCE if size < 0 else min(size, READ_AT_ONCE)
        end, pause = time.monotonic() + self.patience, 0.1
        while self.at < self.size and size:
            try:
                if data := self._some(size):
                    self.at += len(data)
                    return data
            except Unreachable:
                if time.monotonic() + pause > end:
                    raise
            self._let_go()
            if time.monotonic() > end:
                raise Unreachable(f"The download of {self.key} did not move for {self.patience:g} seconds.")
            time.sleep(pause)
            pause = min(pause * 2, 5.0)
        return b""

    def readinto(self, buffer: Any, /) -> int:
        data = self.read(len(buffer))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._let_go()
        super().close()

    def _some(self, size: int) -> bytes:
        if self.body is None:
            self.body, etag = self.store.stream_from(self.key, self.at)
            if etag != self.etag:
                raise Refused(f"{self.key} was replaced while it was read.", code="object-changed", key=self.key)
        with telling(f"read {self.key}"):
            data: bytes = self.body.read(size)
        return data

    def _let_go(self) -> None:
        if self.body is not None:
            self.body.close()
            self.body = None
