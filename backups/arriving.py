"""
A file on its way from a browser to the object store: as it comes, a part at a time, and never whole anywhere else.

What is no archive by its first bytes is stopped there. What does not arrive to its end leaves nothing.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Mapping
from typing import Any

from django.core.files.uploadhandler import FileUploadHandler, StopUpload

from backups.errors import BackupsError
from backups.firsts import ENOUGH, doubt
from backups.transfer import Upload

CHUNK = 1 << 20
TELL_EVERY = 2.0  # seconds
MOST_IN_VAIN = 64 << 20  # bytes that are still listened to, so that the browser hears why it was refused


class Arrival(FileUploadHandler):
    """
    Django hands it the file of a form piece by piece. `begin` opens the transfer, once the first bytes are those of an
    archive; `tell` hears now and then how far it is. After the form was read: `refused` says why it is not wanted, or
    `name` and `size` what came. Then `keep` makes it an object; left as a context without that, it was never there.
    """

    def __init__(
        self, begin: Callable[[str], Upload], tell: Callable[[Upload], None], *, at_most: int, field: str = "file"
    ) -> None:
        super().__init__()
        self.chunk_size = CHUNK
        self.begin, self.tell, self.at_most, self.field = begin, tell, at_most, field
        self.transfer: Upload | None = None
        self.refused: Mapping[str, Any] = {}
        self.kept = False
        self.first = b""
        self.name, self.size, self.in_vain = "", 0, 0
        self.next = 0.0

    def __enter__(self) -> Arrival:
        return self

    def __exit__(self, *_: object) -> None:
        if self.transfer is not None and not self.transfer.over:
            self.transfer.abort()

    def new_file(self, field_name: str, file_name: str, *args: Any, **more: Any) -> None:
        super().new_file(field_name, file_name, *args, **more)
        if field_name == self.field and not self.name:
            self.name = file_name
        else:
            self.refused = {"code": "one-file"}

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        """Django passes on what this returns to the next handler; there is none."""
        if not self.refused:
            self.size += len(raw_data)
            try:
                self._take(raw_data)
            except BackupsError as error:
                self._refuse({"code": "store", "error": str(error)})
        if self.refused:
            self.in_vain += len(raw_data)
            if self.in_vain > MOST_IN_VAIN:
                raise StopUpload(connection_reset=True)

    def file_complete(self, file_size: int) -> None:
        """What is short is looked at only now."""
        if not self.refused and self.transfer is None:
            try:
                self._look(whole=True)
            except BackupsError as error:
                self._refuse({"code": "store", "error": str(error)})

    def keep(self) -> None:
        """Make the object appear. Raises BackupsError."""
        assert self.transfer is not None
        self.transfer.finish()
        self.kept = True

    def _take(self, data: bytes) -> None:
        if self.size > self.at_most:
            self._refuse({"code": "too-large", "bytes": self.at_most})
        elif self.transfer is None:
            self.first += data
            if len(self.first) >= ENOUGH:
                self._look(whole=False)
        else:
            self.transfer.write(data)
            if time.monotonic() > self.next:
                self.next = time.monotonic() + TELL_EVERY
                self.tell(self.transfer)

    def _look(self, *, whole: bool) -> None:
        if why := doubt(self.first, whole=whole):
            self._refuse(why)
            return
        self.transfer = self.begin(self.name)
        self.transfer.write(self.first)
        self.first = b""

    def _refuse(self, why: Mapping[str, Any]) -> None:
        self.refused, self.first = why, b""
        if self.transfer is not None and not self.transfer.over:
            with contextlib.suppress(BackupsError):
                self.transfer.abort()
