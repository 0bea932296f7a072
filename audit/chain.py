"""
What it means that a trail is whole, as a pure question over its entries, lowest number first.

Each entry's seal covers the seal before it and its own bytes, so an altered, missing, moved or inserted one breaks the
chain at the place where it happened. The head, kept apart, is what notices that the end was cut off.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Protocol

START = "0" * 64
Why = Literal["missing", "unlinked", "altered", "cut short", "beyond the head"]


class Sealed(Protocol):
    """What an entry is, as far as the chain is concerned."""

    seq: int
    before: str
    hash: str

    def seal(self) -> str: ...


@dataclass(frozen=True)
class Place:
    """How far the trail was found whole: `through` is the number of the last good entry, `hash` its seal."""

    through: int = 0
    hash: str = START


@dataclass(frozen=True)
class Break:
    """The first entry that does not hold, and why."""

    seq: int
    why: Why


def walk(entries: Iterable[Sealed], start: Place = Place()) -> Place | Break:
    """From `start` along `entries`: to the last of them, or to the first that does not hold."""
    here = start
    for entry in entries:
        if entry.seq != here.through + 1:
            return Break(here.through + 1, "missing")
        if entry.before != here.hash:
            return Break(entry.seq, "unlinked")
        if entry.hash != entry.seal():
            return Break(entry.seq, "altered")
        here = Place(entry.seq, entry.hash)
    return here


def against_head(reached: Place, head: Place) -> Break | None:
    """The end of the trail held against what the head says that it is."""
    if reached.through < head.through:
        return Break(reached.through + 1, "cut short")
    if reached.through > head.through:
        return Break(head.through + 1, "beyond the head")
    return None if reached.hash == head.hash else Break(max(reached.through, 1), "unlinked")
