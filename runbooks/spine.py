"""A run as its page shows it: each act of the plan with what became of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.utils.timezone import now

from backups.manifest import MOST_LEFT_OUT
from runbooks.base import Act
from runbooks.engine import LOOKS_FOR
from runbooks.models import ActRecord, Run, State
from runbooks.sentences import DRY, MEANS, say


@dataclass(frozen=True)
class Row:
    """
    One act. `state` is todo, now, done, back-now (being taken back), back (taken back), kept or failed; `mark` its
    shape. `progress` is of bytes and files, as the agent counts them; `fraction` is `(value, max)` for a bar of it.
    `words` are the cluster's own, of a job that does not start. `note` is what taking it back does, `said` what a
    person should know of how it ended. `command` is typed by people to enter a pod that is open, for as long as `left`.
    `left_out` are the names of what no copy holds, the first hundred.
    """

    position: int
    sentence: str
    state: str
    began: datetime | None = None
    ended: datetime | None = None
    waiting: str = ""
    words: str = ""
    asked: datetime | None = None
    waited: timedelta | None = None
    allowed: timedelta | None = None
    progress: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""
    said: str = ""
    command: str = ""
    left: timedelta | None = None
    left_out: tuple[str, ...] = ()

    @property
    def mark(self) -> str:
        return {
            "todo": "open", "now": "live", "back-now": "live", "done": "ok", "back": "back", "kept": "keep",
            "failed": "fail",
        }[self.state]  # fmt: skip

    @property
    def fraction(self) -> tuple[int, int] | None:
        """Bytes of all bytes, else files of all files; None where nobody knows how many there are."""
        for counted in ("bytes", "files"):
            if of := self.progress.get(f"of_{counted}"):
                return min(self.progress.get(counted) or 0, of), of
        return None

    @property
    def took(self) -> timedelta | None:
        return self.ended - self.began if self.ended and self.began else None


def rows(run: Run) -> list[Row]:
    records = list(run.records.all())
    forth = {r.position: r for r in records if not r.undo}
    back = {r.position: r for r in records if r.undo}
    return [row(run, n, act, forth.get(n), back.get(n)) for n, act in enumerate(run.plan, 1)]


def row(run: Run, position: int, act: Act, forth: ActRecord | None, back: ActRecord | None) -> Row:
    sentence = say(act.told().as_json())
    if forth is None:
        return Row(position, sentence, "todo")
    if back is not None:
        note = say(back.facts)
        if back.done:
            return Row(position, sentence, "back", back.began, back.done, note=note, said=say(back.result.get("note")))
        state = "failed" if run.state in (State.STUCK, State.LEFT) else "back-now"
        inverse = act.inverse() or act
        return busy(position, sentence, state, back, inverse, note)
    if forth.done:
        kept = act.kept and run.state in (State.UNDOING, State.UNDONE)
        said = say(forth.result.get("note"))
        state, manifest = "kept" if kept else "done", forth.result.get("manifest") or {}
        without = tuple(str(name) for name in manifest.get("left_out", ())[:MOST_LEFT_OUT])
        return Row(position, sentence, state, forth.began, forth.done, said=said, left_out=without)
    failed = run.state not in (State.RUNNING,)
    if run.state == State.UNDONE:
        return Row(position, sentence, "back", forth.began)
    return busy(position, sentence, "failed" if failed else "now", forth, act)


def busy(position: int, sentence: str, state: str, record: ActRecord, act: Act, note: str = "") -> Row:
    seconds = record.progress.get("seconds_left")
    left = None if seconds is None else timedelta(seconds=seconds)
    return Row(
        position,
        sentence,
        state,
        began=record.began,
        waiting=say(record.waiting) if state != "failed" else "",
        words=str(record.progress.get("waiting") or ""),
        asked=record.asked,
        waited=now() - record.began,
        allowed=timedelta(minutes=act.minutes) if left is None else now() - record.began + left,
        progress=counted(record.progress, act),
        note=note,
        command=str(record.progress.get("command") or ""),
        left=left,
    )


def looking(run: Run) -> Row:
    """A look, as an act that is at work is shown."""
    return Row(
        0,
        "",
        "now",
        began=run.since,
        waiting=say(run.waiting),
        words=str(run.progress.get("waiting") or ""),
        waited=now() - run.since,
        allowed=LOOKS_FOR,
        progress=counted(run.progress),
    )


def counted(progress: Mapping[str, Any], act: Act | None = None) -> dict[str, Any]:
    """What the agent counted; where it does not know of how many, what the plan says."""
    known = {name: progress[name] for name in ("bytes", "of_bytes", "files", "of_files") if progress.get(name)}
    for name in known.keys() & {"bytes", "files"}:
        if of := known.get(f"of_{name}") or getattr(act, name, 0):
            known[f"of_{name}"] = of
    return known


@dataclass(frozen=True)
class Planned:
    """An act before it is approved: what it makes so, how it is taken back, and what the world said to a dry run."""

    position: int
    sentence: str
    back: str
    back_mark: str
    dry: Mapping[str, Any]
    minutes: float
    asks_only: bool


def planned(run: Run) -> Iterator[Planned]:
    for n, act in enumerate(run.plan, 1):
        inverse = act.inverse()
        mark = "one-way" if act.one_way else "keep" if act.kept else "back" if inverse else "none"
        dry = run.trial[n - 1] if n <= len(run.trial) else {}
        told = say(inverse.told().as_json()) if inverse else ""
        yield Planned(n, say(act.told().as_json()), told, mark, dry, act.minutes, act.asks_only)


def meanings(run: Run) -> list[tuple[str, str]]:
    """What the answers to the dry run of a plan mean, each that there is once."""
    given = [answer.get("code") for answer in run.trial]
    return [(str(DRY[code]), str(means)) for code, means in MEANS.items() if code in given]


def done_count(rows: list[Row]) -> int:
    return sum(r.state in ("done", "kept") for r in rows)


def to_take_back(run: Run) -> list[str]:
    """If it were stopped now: what would be done, in this order."""
    begun = {r.position for r in run.records.all() if not r.undo}
    back = {r.position for r in run.records.all() if r.undo and r.done}
    acts = [run.plan[n - 1] for n in sorted(begun - back, reverse=True)]
    return [say(inverse.told().as_json()) for act in acts if (inverse := act.inverse())]
