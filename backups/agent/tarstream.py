"""
Reading the headers of a tar stream as it passes, strictly.

The archive is written and unpacked by GNU tar; this reads the same bytes and must see the same entries as tar does. So
what two readers could understand differently is refused: wrong checksums, odd numbers, sizes on entries that hold
nothing, names given twice, global names, anything after the end. Formats: v7, ustar, GNU (long names, sparse) and pax
(with GNU's sparse 0.x and 1.0).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple, Protocol
from zlib import adler32

from backups.errors import Refused

BLOCK: Final = 512
META_LIMIT: Final = 1 << 20  # bytes of one extended header
NAME_LIMIT: Final = 4096  # bytes of a path
END_LIMIT: Final = 16 << 20  # zeros after the end
ZERO: Final = bytes(BLOCK)
OCTAL: Final = re.compile(rb"\A *([0-7]*)[ \0]*\Z")
TIME: Final = re.compile(rb"\A-?[0-9]{1,18}(\.[0-9]*)?\Z")
KINDS: Final = {
    b"0": "file",
    b"\0": "file",
    b"7": "file",
    b"S": "file",
    b"1": "hardlink",
    b"2": "symlink",
    b"3": "character device",
    b"4": "block device",
    b"5": "directory",
    b"6": "pipe",
}
GLOBAL: Final = {"comment", "hdrcharset"}
EXTENDED: Final = frozenset({b"x", b"g", b"L", b"K"})
ENDS: Final = b"\0 "
MOST: Final = 255 * BLOCK  # the largest sum


class Member(NamedTuple):
    """
    One entry. `path` and `link` as written in the archive (bytes that are not UTF-8 as lone surrogates); `size` is of
    the file once unpacked, `stored` what the archive holds of it, in bytes; `attributes` are its pax records.
    """

    path: str
    kind: str
    size: int
    stored: int
    mode: int
    uid: int
    gid: int
    changed: float
    link: str
    attributes: Mapping[str, bytes]

    @property
    def sparse(self) -> bool:
        return self.size != self.stored


class Taker(Protocol):
    """Takes the bytes of one file as they pass; a hash will do."""

    def update(self, data: memoryview, /) -> object: ...


class Scanner:
    """
    `feed` it the stream in pieces of any size: it calls `admit` for each entry before giving back the bytes that hold
    it, so that whoever passes on only what it gave back never passes on an entry that was not admitted. `admit` may
    raise, or return something that takes the file's bytes.
    """

    def __init__(self, admit: Callable[[Member], Taker | None]) -> None:
        self.admit = admit
        self.left = b""
        self.skip = self.content = 0  # bytes to pass over, of which are the current file's own
        self.taker: Taker | None = None
        self.pax: dict[str, bytes] = {}
        self.long: dict[str, bytes] = {}
        self.extending = False
        self.ended = False
        self.zeros = 0

    def feed(self, chunk: bytes) -> memoryview:
        """The bytes up to where everything is understood; the end marker is never among them."""
        if self.ended:
            return self._after(memoryview(chunk))
        data = self.left + chunk if self.left else chunk
        view, at = memoryview(data), 0
        while True:
            if self.skip and not self.extending:
                at += self._pass(view[at:])
                if self.skip:
                    break
            step = self._header(data, at)
            if self.ended:
                self.left = b""
                self._after(view[at:])
                return view[:at]
            if not step:
                break
            at += step
        self.left = bytes(view[at:])
        return view[:at]

    def finish(self) -> None:
        """The stream is over: was it whole?"""
        if not self.ended:
            raise Refused("The archive breaks off in the middle.", code="truncated")

    def _pass(self, view: memoryview) -> int:
        take = min(self.skip, len(view))
        if self.taker is not None and self.content:
            own = min(self.content, take)
            self.taker.update(view[:own])
            self.content -= own
        self.skip -= take
        return take

    def _after(self, view: memoryview) -> memoryview:
        self.zeros += len(view)
        if self.zeros > END_LIMIT or any(bytes(view).strip(b"\0")):
            raise Refused("There is something after the end of the archive.", code="bad-archive")
        return view[:0]

    def _header(self, data: bytes, at: int) -> int:
        """Understand the block at `at`; how many bytes that took, 0 if more are needed."""
        block = data[at : at + BLOCK]
        if len(block) < BLOCK:
            return 0
        if self.extending:
            self.extending = block[504] != 0
            return BLOCK
        if block == ZERO:
            if self.pax or self.long:
                raise bad("an extended header with no entry")
            self.ended = True
            return 0
        kind = block[156:157]
        if kind in EXTENDED:
            size = number(block[124:136])
            if size > META_LIMIT:
                raise bad("an extended header that is too long")
            whole = BLOCK + padded(size)
            if len(data) - at < whole:
                return 0
            check(block)
            self._meta(kind, data[at + BLOCK : at + BLOCK + size])
            return whole
        check(block)
        self._member(block, kind)
        return BLOCK

    def _meta(self, kind: bytes, body: bytes) -> None:
        if kind == b"g":
            if not set(records(body)) <= GLOBAL:
                raise bad("a header that speaks for all entries")
            return
        key = {b"L": "path", b"K": "linkpath"}.get(kind)
        if key is None:
            if self.pax:
                raise bad("two extended headers for one entry")
            self.pax = records(body)
        else:
            if key in self.long:
                raise bad("two long names for one entry")
            self.long[key] = body.rstrip(b"\0")

    def _member(self, block: bytes, kind: bytes) -> None:
        what = KINDS.get(kind)
        if what is None:
            raise bad(f"an entry of the unknown type {kind!r}")
        pax, long = self.pax, self.long
        self.pax, self.long = {}, {}
        if long and ("path" in pax or "linkpath" in pax):
            raise bad("a name given twice")
        mode, uid, gid, stored, changed = numbers(block)
        link = block[157:257].partition(b"\0")[0]
        path = name_of(block, pax, long)
        if pax or long:
            stored = count(pax["size"]) if "size" in pax else stored
            uid = count(pax["uid"]) if "uid" in pax else uid
            gid = count(pax["gid"]) if "gid" in pax else gid
            link = pax.get("linkpath") or long.get("linkpath") or link
        if what == "file" and path.endswith("/") and kind != b"S":
            what = "directory"
        if what != "file" and stored:
            raise bad("contents in an entry that holds none")
        if kind == b"S":
            self.extending = block[482] != 0
        member = Member(
            path,
            what,
            real_size(block, kind, pax, stored),
            stored,
            mode & 0o7777,
            uid,
            gid,
            seconds(pax["mtime"]) if "mtime" in pax else float(changed),
            text(link) if link else "",
            pax,
        )
        self.taker = self.admit(member)
        self.skip, self.content = padded(stored), stored


def numbers(block: bytes) -> tuple[int, int, int, int, int]:
    """Mode, uid, gid, size and time: as every tar of today writes them, or one by one."""
    digits = block[100:107] + block[108:115] + block[116:123] + block[124:135] + block[136:147]
    if digits.isdigit() and not (block[107] or block[115] or block[123] or block[135] or block[147]):
        try:
            return (
                int(digits[:7], 8),
                int(digits[7:14], 8),
                int(digits[14:21], 8),
                int(digits[21:32], 8),
                int(digits[32:], 8),
            )
        except ValueError:
            raise bad("a number that cannot be read") from None
    return (
        number(block[100:108]),
        number(block[108:116]),
        number(block[116:124]),
        number(block[124:136]),
        number(block[136:148]),
    )


def name_of(block: bytes, pax: Mapping[str, bytes], long: Mapping[str, bytes]) -> str:
    if "GNU.sparse.name" in pax:
        return text(pax["GNU.sparse.name"])
    if "path" in pax:
        return text(pax["path"])
    if "path" in long:
        return text(long["path"])
    name = block[:100].partition(b"\0")[0]
    if block[345] and block[257:263] == b"ustar\0":
        name = block[345:500].partition(b"\0")[0] + b"/" + name
    return name.decode("utf-8", "surrogateescape")


def real_size(block: bytes, kind: bytes, pax: Mapping[str, bytes], stored: int) -> int:
    if kind == b"S":
        return number(block[483:495])
    if pax:
        for key in ("GNU.sparse.realsize", "GNU.sparse.size"):
            if key in pax:
                return count(pax[key])
    return stored


def check(block: bytes) -> None:
    """
    A header's checksum is the sum of its bytes, those of the sum itself taken as spaces. It is compared modulo 65521
    (Adler-32) and modulo 255 (256 is 1), which together fix any sum of 512 bytes and are faster than adding them up;
    for bytes below 128 the first alone does.
    """
    field = block[148:156]
    wanted = number(field) + sum(field) - 256
    if (
        (wanted + 1) % 65521 != adler32(block) & 0xFFFF
        or not 0 <= wanted <= MOST
        or not (block.isascii() or wanted % 255 == int.from_bytes(block, "big") % 255)
    ):
        raise bad("a header whose checksum is wrong")


def records(body: bytes) -> dict[str, bytes]:
    """Pax records: `LENGTH KEY=VALUE\\n`, by their lengths, since values may hold anything."""
    found: dict[str, bytes] = {}
    at, end = 0, len(body)
    while at < end:
        space = body.find(b" ", at, at + 12)
        length = count(body[at:space]) if space > at else 0
        key, equals, value = body[space + 1 : at + length - 1].partition(b"=")
        if not equals or not key or at + length > end or body[at + length - 1] != 10:
            raise bad("an extended header that cannot be read")
        name = key.decode("utf-8", "surrogateescape")
        if name in found and not name.startswith("GNU.sparse."):
            raise bad(f"the record {name} twice")
        found[name] = value
        at += length
    return found


def number(field: bytes) -> int:
    """A number of a header: octal, or base 256 where it would not fit."""
    digits = field[:-1]
    if digits.isdigit() and field[-1] in ENDS:
        try:
            return int(digits, 8)
        except ValueError:
            raise bad("a number that cannot be read") from None
    if field[0] == 0x80:
        value = int.from_bytes(field[1:], "big")
        if value >= 1 << 62:
            raise bad("a number that is too large")
        return value
    if (match := OCTAL.match(field)) is None:
        raise bad("a number that cannot be read")
    return int(match[1] or b"0", 8)


def count(value: bytes) -> int:
    if not value.isdigit() or len(value) > 18:
        raise bad("a number that cannot be read")
    return int(value)


def seconds(value: bytes) -> float:
    if not TIME.match(value):
        raise bad("a time that cannot be read")
    return float(value)


def text(name: bytes) -> str:
    if b"\0" in name or len(name) > NAME_LIMIT:
        raise bad("a name that cannot be one")
    return name.decode("utf-8", "surrogateescape")


def padded(size: int) -> int:
    return (size + BLOCK - 1) // BLOCK * BLOCK


def bad(what: str) -> Refused:
    return Refused(f"The archive has {what}.", code="bad-archive", what=what)
