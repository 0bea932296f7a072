"""What a reader understood of a document: plain values, every one with the line where it is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any


class Unreadable(Exception):
    """
    The bytes are no document that can be read. `code` and `params` are the facts; `str()` is the English
    sentence.
    """

    def __init__(self, code: str, params: Mapping[str, Any], sentence: str) -> None:
        super().__init__(sentence.format(**params))
        self.code = code
        self.params = dict(params)
        self.sentence = sentence


@dataclass(frozen=True)
class Occurred:
    """Days as YYYY-MM-DD; `end` is None for one day."""

    start: str | None = None
    end: str | None = None


@dataclass(frozen=True)
class Severity:
    """`raw` as written, `level` one of S1 to S4."""

    raw: str | None = None
    level: str | None = None


@dataclass(frozen=True)
class Status:
    """`raw` as written; `state` one of ongoing, investigating, resolved, unknown."""

    raw: str | None = None
    state: str = "unknown"


@dataclass(frozen=True)
class Zone:
    """`source` is stated (one zone), conflict (two) or assumed (none written)."""

    name: str | None = None
    source: str = "assumed"


@dataclass(frozen=True)
class Label:
    """A header line: `**Label:** value`."""

    label: str
    value: str
    line: int


@dataclass(frozen=True)
class Entry:
    """
    A row of the timeline. `token` is the time as written; `start` and `end` are local, without offset
    (YYYY-MM-DD or YYYY-MM-DDTHH:MM[:SS]). `zone` is what the row itself says, None when it says nothing.
    """

    token: str
    start: str | None
    end: str | None
    precision: str
    day_offset_written: int | None
    text: str
    line: int
    zone: str | None = None


@dataclass(frozen=True)
class Cause:
    """`kind` is root or contributing; `trigger` only where the document says so."""

    title: str
    text: str
    line: int
    trigger: bool = False
    kind: str = "root"


@dataclass(frozen=True)
class Action:
    """
    A listed action. `status` is done, open, in_progress or dropped; `fields` holds the cells of its row that
    have no
    place of their own, as (column, cell).
    """

    text: str
    status: str
    status_raw: str | None
    group_or_horizon: str | None
    priority: str | None
    owner: str | None
    references: tuple[str, ...]
    line: int
    due: str | None = None
    due_raw: str | None = None
    kind: str = "corrective"
    fields: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Lesson:
    text: str
    line: int


@dataclass(frozen=True)
class Reference:
    """`kind` is pr, issue, commit or unknown."""

    kind: str
    ref: str


@dataclass(frozen=True)
class Appendix:
    """Lines kept verbatim that became no record; `text` is those lines, without the heading."""

    heading: str | None
    line_from: int
    line_to: int
    text: str = ""


@dataclass(frozen=True)
class Notice:
    """A warning: a code of the closed list, the facts, and an English sentence made from them."""

    code: str
    line: int | None
    message: str
    params: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Range:
    """Lines `line_from` to `line_to`, both counted from 1, and what became of them."""

    line_from: int
    line_to: int
    kind: str
    ref: str | None = None


@dataclass(frozen=True)
class Document:
    """Everything that was understood of one document. `as_json` is the contract's one object."""

    title: str
    language: str
    occurred: Occurred
    severity: Severity
    status: Status
    zone: Zone
    summary: str
    metadata: tuple[Label, ...]
    timeline: tuple[Entry, ...]
    causes: tuple[Cause, ...]
    actions: tuple[Action, ...]
    lessons: tuple[Lesson, ...]
    references: tuple[Reference, ...]
    appendix: tuple[Appendix, ...]
    warnings: tuple[Notice, ...]
    coverage: tuple[Range, ...]
    lines: tuple[str, ...] = ()
    encoding: str = "utf-8"

    def as_json(self) -> dict[str, Any]:
        """
        The contract's object: plain lists, dictionaries, strings and numbers. The source lines are left out.
        """
        whole = asdict(self)
        del whole["lines"]
        return whole
