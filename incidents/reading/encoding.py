"""
Bytes to lines: UTF-8, UTF-16 with a mark, UTF-8 that was once read as another 8-bit set, or plain
Windows-1252.
"""

from __future__ import annotations

from dataclasses import dataclass

import ftfy
from ftfy import bad_codecs, badness

from incidents.reading.values import Unreadable

LIMIT = 2 * 1024 * 1024  # bytes; the longest report that people wrote is a hundredth of it
UNHARMED = "é✓ -->"  # ends the first line of our own exports: where it is whole, nothing was misread
HEAD_LINE = 20_000  # characters
LINES = 50_000  # the longest report that people wrote has two hundred
LONGEST_LINE_REPAIRED = 20_000  # characters; a longer line is only repaired together with the whole text

_MAGIC = (
    (b"PK\x03\x04", "a zip archive or an office document"),
    (b"PK\x05\x06", "an empty zip archive"),
    (b"%PDF-", "a PDF document"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"7z\xbc\xaf", "a 7z archive"),
    (b"\x89PNG", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"\x7fELF", "a program"),
    (b"SQLite format 3", "a SQLite database"),
    (b"\xd0\xcf\x11\xe0", "an old office document"),
    (b"{\\rtf", "a rich-text document"),
)
_MISREAD_AS = ("mac_roman", "sloppy-windows-1252", "latin-1", "sloppy-windows-1250")
_TEXT_CONTROLS = frozenset(b"\t\n\r\x0b\x0c\x1b")

bad_codecs.ok()  # registers ftfy's "sloppy" code pages, which keep the bytes that Windows-1252 has no letter for


@dataclass(frozen=True)
class Text:
    """Decoded text with `\\n` line ends; `repaired` names the set it was misread as, None when it was not."""

    text: str
    encoding: str
    repaired: str | None = None

    @property
    def lines(self) -> tuple[str, ...]:
        return tuple(self.text.split("\n"))


def decode(data: bytes) -> Text:
    """The text of `data`. Raises Unreadable for what is too big or is no text."""
    _refuse(data)
    text, encoding = _decoded(data)
    text, repaired = _repaired(text)
    text = text.lstrip("\ufeff").replace("\r\n", "\n")
    if "\n" not in text:
        text = text.replace("\r", "\n")
    if (count := text.count("\n")) > LINES:
        params = {"lines": count, "limit": LINES}
        raise Unreadable("too-long", params, "The document has {lines} lines; at most {limit} can be read.")
    return Text(text, encoding, repaired)


def too_big(size: int) -> Unreadable:
    """What is said of a document of more than LIMIT bytes, for those who know its size without having it."""
    params = {"bytes": size, "limit": LIMIT, "mb": round(size / 1e6, 1), "limit_mb": round(LIMIT / 1e6, 1)}
    return Unreadable("too-big", params, "The document has {mb} MB; at most {limit_mb} MB can be read.")


def _refuse(data: bytes) -> None:
    if len(data) > LIMIT:
        raise too_big(len(data))
    for magic, name in _MAGIC:
        if data.startswith(magic):
            sentence = "This is {what}, not text: its first bytes say so. Save it as Markdown or plain text first."
            raise Unreadable("not-text", {"what": name, "offset": 0}, sentence)


def _decoded(data: bytes) -> tuple[str, str]:
    for mark, name in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if data.startswith(mark):
            try:
                return _printable(data[2:].decode(name), name)
            except UnicodeDecodeError as error:
                raise _not_text(error.start + 2) from None
    at = next((i for i in (data.find(b"\0"),) if i >= 0), None)
    if at is not None:
        raise _not_text(at)
    try:
        return _printable(data.decode("utf-8-sig"), "utf-8")
    except UnicodeDecodeError as error:
        if not _like_text(data):
            raise _not_text(error.start) from None
    return _printable(data.decode("sloppy-windows-1252"), "windows-1252")


def _printable(text: str, encoding: str) -> tuple[str, str]:
    """Refuse text of which more than one character in fifty is a control character."""
    odd = sum(text.count(chr(c)) for c in range(32) if c not in _TEXT_CONTROLS)
    if odd * 50 > len(text):
        at = next(i for i, c in enumerate(text) if ord(c) < 32 and ord(c) not in _TEXT_CONTROLS)
        raise _not_text(at)
    return text, encoding


def _like_text(data: bytes) -> bool:
    """Whether bytes that are no UTF-8 may be an 8-bit text: mostly ASCII, with hardly a control character."""
    odd = sum(data.count(bytes([c])) for c in range(32) if c not in _TEXT_CONTROLS)
    high = len(data) - sum(data.count(bytes([c])) for c in range(128))
    return odd * 100 <= len(data) and high * 3 <= len(data)


def _not_text(at: int) -> Unreadable:
    return Unreadable("not-text", {"what": "binary", "offset": at}, "This is no text: byte {offset} belongs to none.")


def _repaired(text: str) -> tuple[str, str | None]:
    """
    Undo a misreading of UTF-8: of the whole text where that works, else line by line where ftfy sees one.
    """
    if text.isascii() or text[:HEAD_LINE].split("\n", 1)[0].rstrip("\r").endswith(UNHARMED):
        return text, None
    for codec in _MISREAD_AS:
        again = _reread(text, codec)
        if again is not None:
            deeper, _ = _repaired(again)
            return deeper, codec.removeprefix("sloppy-")
    return _repaired_lines(text)


def _reread(text: str, codec: str) -> str | None:
    try:
        return text.encode(codec).decode("utf-8")
    except UnicodeError:
        return None


def _repaired_lines(text: str) -> tuple[str, str | None]:
    lines = text.split("\n")
    changed = False
    for i, line in enumerate(lines):
        if not line.isascii() and len(line) <= LONGEST_LINE_REPAIRED and badness.is_bad(line):
            lines[i] = ftfy.fix_encoding(line).replace("\n", " ")
            changed = changed or lines[i] != line
    return ("\n".join(lines), "mixed") if changed else (text, None)
