"""
How a file is built whose layout nobody named.

A Home Assistant backup is the one wrapping that is known by its looks: a tar with `backup.json` and, inside,
`homeassistant.tar.gz` (or `.tar`), whose folder `data` is the configuration. Anything else is taken as it is.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from backups.agent.compress import Poured
from backups.agent.judge import Judge
from backups.agent.layers import Layout, Picker, Root
from backups.agent.tarstream import BLOCK, Member, Scanner, Taker
from backups.errors import Refused

ABOUT = "backup.json"
CORE = ("homeassistant.tar.gz", "homeassistant.tar")
CONFIG = "data"
ABOUT_LIMIT = 1 << 20


class Guess:
    """
    Reads a file whose layout nobody named, as what it is outside and, in the same pass, as a Home Assistant backup.
    After `finish`, `layout` and `judge` are of what it turned out to be. `make` gives a new judge.
    """

    def __init__(self, make: Callable[[], Judge]) -> None:
        self.judge, self.core = make(), make()
        self.layout = Layout()
        self.scanner = Scanner(self._admit)
        self.root = Root(CONFIG)
        self.within = Picker(self.core.admit, self.root)
        self.poured: Poured | None = None
        self.name = ""
        self.about = Kept()
        self.error: Refused | None = None
        self.outside = 0

    def feed(self, chunk: bytes) -> None:
        self.scanner.feed(chunk)

    def update(self, data: memoryview) -> None:
        """The bytes of what may be the inner archive: if it is none, that is well as long as nobody needs it."""
        if self.error is None and self.poured is not None:
            try:
                self.poured.update(data)
            except Refused as error:
                self.error = error

    def finish(self) -> None:
        self.scanner.finish()
        if self.name and (about := self.about.read()) is not None:
            self._home_assistant(about)
        self.judge.finish()

    def _admit(self, member: Member) -> Taker | None:
        taker = self.judge.admit(member)
        if self.judge.path == ABOUT and member.kind == "file":
            return self.about
        if self.judge.path in CORE and member.kind == "file" and not member.sparse and not self.name:
            self.name, self.poured = self.judge.path, Poured(self.within.feed)
            return self
        return taker

    def _home_assistant(self, about: dict[str, Any]) -> None:
        assert self.poured is not None
        if about.get("protected") is True or (self.name.endswith(".gz") and self.poured.kind not in ("gzip", None)):
            words = "This Home Assistant backup is encrypted: download it decrypted, or decrypt it first."
            raise Refused(words, code="encrypted")
        if self.error is not None:
            raise self.error
        self.poured.finish()
        self.within.finish()
        self.layout, self.judge, self.outside = Layout(self.name, CONFIG), self.core, self.root.outside


class Kept:
    """Takes a small file whole."""

    def __init__(self) -> None:
        self.data = b""

    def update(self, data: memoryview) -> None:
        if len(self.data) <= ABOUT_LIMIT:
            self.data += data

    def read(self) -> dict[str, Any] | None:
        """The JSON object in it, None where there is none."""
        try:
            told = json.loads(self.data) if len(self.data) <= ABOUT_LIMIT else None
        except (ValueError, RecursionError):
            return None
        return told if isinstance(told, dict) else None


def looks_like_tar(first: bytes) -> bool:
    """Whether the first block is a header: its sum is right."""
    if len(first) < BLOCK:
        return False
    block = first[:BLOCK]
    field = block[148:156].strip(b" \0")
    try:
        wanted = int(field, 8)
    except ValueError:
        return False
    return wanted == sum(block) - sum(block[148:156]) + 8 * 32
