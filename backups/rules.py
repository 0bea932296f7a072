"""
Which copies are good, and what would be lost if a volume died now. Pure.

A copy is *good* when it is not empty, not shrunk against those before it, and holds every sentinel. One whose contents
nobody ever looked at is *unproven*: it may be all there is, and is no reason for calm.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any, Literal

Facts = Mapping[str, Any]
Grade = Literal["good", "unproven", "bad"]
State = Literal["ok", "warn", "fail", "unknown"]

LAST = 5  # good copies that make the usual size
LEAST_FILES, LEAST_BYTES = 0.90, 0.80  # of the usual
NEAR = 0.8  # of the objective: from there on it is worth a warning
STRIP = 30  # days


@dataclass(frozen=True)
class Copy:
    """A recovery point. `files` None: nobody counted. `sentinels` says of each path whether it is in there."""

    id: int
    source: int
    kind: str
    taken: datetime
    files: int | None = None
    bytes: int | None = None
    sentinels: Mapping[str, bool] = field(default_factory=dict)
    verified: datetime | None = None
    accepted: datetime | None = None


@dataclass(frozen=True)
class Usual:
    """The median of the last good copies of a source; None where there are none."""

    files: int | None = None
    bytes: int | None = None


@dataclass(frozen=True)
class Graded:
    """A copy, what is wrong with it, and what it was held against."""

    copy: Copy
    grade: Grade
    faults: tuple[Facts, ...] = ()
    usual: Usual = Usual()


@dataclass(frozen=True)
class Seen:
    """A source: `sure` when its last listing was complete and is not old. `why` says why not."""

    id: int
    sure: bool
    why: Facts = field(default_factory=dict)


@dataclass(frozen=True)
class Loss:
    """
    What would be lost now. `age` is that of the newest good copy that is surely there, None where there is none;
    `maybe` is a newer one that may be as good, and `why` the reason for the state.
    """

    state: State
    why: Facts
    age: timedelta | None = None
    best: Copy | None = None
    maybe: Copy | None = None


def graded(copies: Iterable[Copy], sentinels: Sequence[str]) -> tuple[Graded, ...]:
    """Each copy with its grade, newest first. Bad ones never enter what the others are held against."""
    found: list[Graded] = []
    good: dict[int, list[Copy]] = {}
    for copy in sorted(copies, key=lambda each: (each.taken, each.id)):
        before = good.setdefault(copy.source, [])
        if copy.accepted:
            before.clear()  # meant to be smaller: a new beginning
        usual = usual_of(before)
        one = grade(copy, usual, sentinels)
        if one.grade != "bad":
            before.append(copy)
        found.append(one)
    return tuple(reversed(found))


def usual_of(good: Sequence[Copy]) -> Usual:
    """The median of the last five."""
    files = [copy.files for copy in good if copy.files is not None][-LAST:]
    sizes = [copy.bytes for copy in good if copy.bytes is not None][-LAST:]
    return Usual(round(median(files)) if files else None, round(median(sizes)) if sizes else None)


def grade(copy: Copy, usual: Usual, sentinels: Sequence[str]) -> Graded:
    faults = tuple(faults_of(copy, usual, sentinels))
    if faults:
        return Graded(copy, "bad", faults, usual)
    unseen = [path for path in sentinels if path not in copy.sentinels]
    if copy.verified is None and (copy.files is None or unseen):
        return Graded(copy, "unproven", (), usual)
    return Graded(copy, "good", (), usual)


def faults_of(copy: Copy, usual: Usual, sentinels: Sequence[str]) -> Iterable[Facts]:
    """Everything that is wrong with a copy."""
    if copy.files == 0 or copy.bytes == 0:
        yield {"code": "empty"}
    elif copy.files is not None and usual.files and copy.files < LEAST_FILES * usual.files:
        yield {"code": "few-files", "files": copy.files, "usual": usual.files}
    elif copy.bytes is not None and usual.bytes and copy.bytes < LEAST_BYTES * usual.bytes:
        yield {"code": "few-bytes", "bytes": copy.bytes, "usual": usual.bytes}
    if missing := sorted(path for path in sentinels if copy.sentinels.get(path) is False):
        yield {"code": "sentinel-missing", "paths": missing}


def loss(copies: Iterable[Graded], sources: Sequence[Seen], rpo: timedelta, at: datetime) -> Loss:
    """
    What would be lost if the volume died at `at`, against its objective. Good copies in a source that was surely read
    count. Where only others might help, that is unknown.
    """
    graded = sorted(copies, key=lambda each: each.copy.taken, reverse=True)
    sure = {source.id for source in sources if source.sure}
    best = next((each.copy for each in graded if each.grade == "good" and each.copy.source in sure), None)
    age = at - best.taken if best else None
    newer = (each.copy for each in graded if each.grade != "bad" and (best is None or each.copy.taken > best.taken))
    maybe = next(newer, None)
    if age is not None:
        if age > rpo:
            return Loss("fail", {"code": "too-old"}, age, best, maybe)
        near = age > rpo * NEAR
        return Loss("warn" if near else "ok", {"code": "near" if near else "within"}, age, best, maybe)
    if unread := next((source for source in sources if not source.sure), None):
        return Loss("unknown", unread.why or {"code": "not-read"}, None, None, maybe)
    if maybe:
        return Loss("unknown", {"code": "unproven"}, None, None, maybe)
    return Loss("fail", {"code": "no-point" if sources else "no-source"})


Day = Literal["verified", "made", "bad", "none"]


@dataclass(frozen=True)
class Mark:
    """One day of the strip."""

    day: date
    what: Day
    drill: bool = False


def strip(copies: Iterable[Graded], today: date, drill: date | None = None, days: int = STRIP) -> tuple[Mark, ...]:
    """The best copy of each of the last days, oldest first."""
    best: dict[date, Day] = {}
    rank: dict[Day, int] = {"verified": 3, "made": 2, "bad": 1, "none": 0}
    for each in copies:
        what: Day = "bad" if each.grade == "bad" else "verified" if each.copy.verified else "made"
        on = each.copy.taken.date()
        if rank[what] > rank[best.get(on, "none")]:
            best[on] = what
    span = [today - timedelta(days=back) for back in reversed(range(days))]
    return tuple(Mark(on, best.get(on, "none"), on == drill) for on in span)
