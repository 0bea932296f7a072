"""What the agent says: JSON lines on stdout."""

from __future__ import annotations

import json
import sys
import time
from typing import IO, Any

EVERY = 0.25  # seconds between two lines of progress


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
        self._line(line)

    def _line(self, line: dict[str, Any]) -> None:
        self.out.write(json.dumps(line) + "\n")
        self.out.flush()
