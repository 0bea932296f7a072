"""What is sent to be imported: taken in up to a limit, whatever its size, and given a name that is only a name."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Mapping
from typing import Any

from django.core.files.uploadedfile import InMemoryUploadedFile, UploadedFile
from django.core.files.uploadhandler import FileUploadHandler

from incidents.reading.encoding import LIMIT

NAME = 120  # characters


class Limited(FileUploadHandler):
    """
    Keeps a file of up to the limit in memory. What is more is read from the wire and forgotten, so that the browser
    gets its answer and this machine neither fills its memory nor its disk; the size still says how much it was.
    """

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.kept: io.BytesIO | None = io.BytesIO()

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        if self.kept is not None and start + len(raw_data) > LIMIT:
            self.kept = None
        if self.kept is not None:
            self.kept.write(raw_data)

    def file_complete(self, file_size: int) -> UploadedFile[Any]:
        content = self.kept or io.BytesIO()
        content.seek(0)
        return InMemoryUploadedFile(
            content, self.field_name, self.file_name, self.content_type, file_size, self.charset
        )


def safe_name(name: str, otherwise: str = "post-mortem.md") -> str:
    """The last part of a path of any system, without characters that are not seen, and not too long."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    seen = "".join(c for c in last if unicodedata.category(c)[0] != "C" and c not in '<>:"|?*').strip(" .")
    if len(seen) > NAME:
        stem, dot, end = seen.rpartition(".")
        seen = f"{stem[: NAME - 10]}.{end}" if dot and len(end) < 8 else seen[:NAME]
    return seen or otherwise


def storable(value: Any, where: str = "") -> str | None:
    """Where, in what JSON holds, there is a character that no database keeps as text; None when there is none."""
    if isinstance(value, str):
        bad = "\0" in value or any("\ud800" <= c <= "\udfff" for c in value)
        return where or "text" if bad else None
    if isinstance(value, Mapping):
        inside = ((f"{where}.{key}".strip("."), item) for key, item in value.items())
    elif isinstance(value, list | tuple):
        inside = ((f"{where}[{index}]", item) for index, item in enumerate(value))
    else:
        return None
    return next((found for place, item in inside if (found := storable(item, place))), None)
