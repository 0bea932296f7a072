"""What the agent says: JSON lines on stdout."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
from typing import IO, Any

EVERY = 0.25  # seconds between two lines of progress
LAST_WORDS = "/dev/termination-log"  # a pod's; what stands there outlives the log, which may be rotated away
MOST = 4096  # bytes that are kept of it


class Speaker:
    """Progress at most four times a second, then one last line."""

    def __init__(self, out: IO[str] | None = None) -> None:
        self.out = out or sys.stdout
        self.next = 0.0

    def due(self) -> bool:
        return time.monotonic() >= self.next

    def progress(
        self, doing: str, *, bytes: int = 0, files: int = 0, of_bytes: int | None = None, of_files: int | None = None
    ) -> None:
        """Say how far it is, unless that was said a moment ago. `of_*` None where nobody knows."""
        if not self.due():
            return
        self.next = time.monotonic() + EVERY
        told = {"doing": doing, "bytes": bytes, "of_bytes": of_bytes, "files": files, "of_files": of_files}
        self._line({"progress": told})

    def left(self, doing: str, seconds: int) -> None:
        """Say how long it still takes, where that is all there is to say."""
        self._line({"progress": {"doing": doing, "seconds_left": seconds}})

    def last(self, line: dict[str, Any]) -> None:
        leave(line)
        self._line(line)

    def _line(self, line: dict[str, Any]) -> None:
        self.out.write(json.dumps(line) + "\n")
        self.out.flush()


def leave(line: dict[str, Any]) -> None:
    """Leave the last line with the pod too, if it fits whole. Elsewhere there is no such file, and none is made."""
    words = json.dumps(line).encode()
    if len(words) <= MOST:
        with contextlib.suppress(OSError):
            fd = os.open(LAST_WORDS, os.O_WRONLY | os.O_TRUNC | os.O_CLOEXEC)
            with os.fdopen(fd, "wb") as file:
                file.write(words)
