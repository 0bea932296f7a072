"""
What an import proposes: what was understood of the bytes, with what a person corrected, set beside its source. Pure.

A correction is kept by the place of its record, such as `timeline/3`, and laid over what is read anew each time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import lru_cache
from typing import Any

from incidents.holding import refuse_unholdable
from incidents.reading.ours import is_ours
from incidents.reading.read import read
from incidents.reading.values import Document, Notice, Range, Unreadable
from incidents.records import KIND_OF, STATE_OF, as_appendix, fields_of, head_of, with_fields, with_head
from incidents.report import Report, report_of
from incidents.writing.json import NotAReport, from_json

TOGETHER = {"layout", "heading"}  # neighbours of one of these kinds are shown as one
SINGLE = {"summary", "metadata"}  # these are no records, but can be corrected like one


@dataclass(frozen=True)
class Corrections:
    """`fields` by place (`timeline/3`, `header`, `summary`, `metadata`), and the places that are left out."""

    fields: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    out: tuple[str, ...] = ()

    @classmethod
    def of(cls, kept: Mapping[str, Any]) -> Corrections:
        return cls(dict(kept.get("fields", {})), tuple(kept.get("out", ())))

    def as_json(self) -> dict[str, Any]:
        return {"fields": dict(self.fields), "out": list(self.out)}

    def corrected(self, place: str, values: Mapping[str, Any]) -> Corrections:
        return replace(self, fields={**self.fields, place: {**self.fields.get(place, {}), **values}})

    def without(self, place: str) -> Corrections:
        return replace(self, out=tuple(dict.fromkeys((*self.out, place))))

    def as_read(self, place: str) -> Corrections:
        """Neither corrected nor left out."""
        fields = {key: value for key, value in self.fields.items() if key != place}
        return Corrections(fields, tuple(kept for kept in self.out if kept != place))


@dataclass(frozen=True)
class Band:
    """
    Lines of the source and what became of them. `place` is the record's, empty for what is none; `first` says that
    the record is shown here, and not only more of its lines. Lines are (number, text).
    """

    kind: str
    lines: tuple[tuple[int, str], ...]
    place: str = ""
    first: bool = False
    notices: tuple[Notice, ...] = ()

    @property
    def id(self) -> str:
        if self.first:
            return f"p-{self.place.replace('/', '-')}"
        return f"l-{self.lines[0][0]}"


def bands(document: Document) -> Iterator[Band]:
    """The whole document from its first line to its last, each line once, and each warning at its line."""
    notices: dict[int, list[Notice]] = {}
    for notice in document.warnings:
        if notice.line is not None:
            notices.setdefault(notice.line, []).append(notice)
    seen: set[str] = set()
    for found in joined(document.coverage):
        numbers = range(found.line_from, found.line_to + 1)
        place = found.ref or (found.kind if found.kind in SINGLE else "")
        yield Band(
            found.kind,
            tuple((number, document.lines[number - 1]) for number in numbers),
            place,
            bool(place) and place not in seen,
            tuple(notice for number in numbers for notice in notices.get(number, ())),
        )
        seen.add(place)
    for index in range(len(document.references)):  # they stand inside other lines
        yield Band("record", (), f"references/{index}", True)


def joined(ranges: tuple[Range, ...]) -> Iterator[Range]:
    """Neighbours of a kind that says nothing by itself, as one; the blank lines between them are theirs."""
    last: Range | None = None
    for found in ranges:
        if last and last.kind == found.kind and found.kind in TOGETHER:
            last = replace(last, line_to=found.line_to)
            continue
        if last:
            yield last
        last = found
    if last:
        yield last


@dataclass(frozen=True)
class Proposal:
    """`document` is None for a file of our own: that is taken as it is, and there was nothing to understand."""

    read: Report
    document: Document | None
    corrections: Corrections

    def has(self, place: str) -> bool:
        name, _slash, index = place.partition("/")
        if not index:
            return place in {"header", "summary", "metadata"}
        return name in KIND_OF and index.isdigit() and int(index[:9]) < len(getattr(self.read, name))

    def fields(self, place: str) -> dict[str, Any]:
        """The values at a place as a form shows them: what was read, and over it what was corrected."""
        name, _slash, index = place.partition("/")
        read_ = fields_of(getattr(self.read, name)[int(index)]) if index else head_of(self.read)
        return {**read_, **self.corrections.fields.get(place, {})}

    @property
    def state(self) -> str:
        """The state of ours that the document gives it; empty when it gives none."""
        return STATE_OF.get(self.read.status.state, "")

    @property
    def days(self) -> tuple[date | None, date | None]:
        head = head_of(self.read)
        return head["occurred_start"], head["occurred_end"]

    def start_before(self, place: str) -> str:
        """The local start of the nearest entry before a place that has one."""
        before = range(int(place.partition("/")[2]) - 1, -1, -1)
        return next((start for i in before if (start := self.fields(f"timeline/{i}")["start"])), "")

    def report(self) -> Report:
        """What is to be saved: corrected, and without what was left out, the words of which go to the appendix."""
        found, left = self.read, []
        kept: dict[str, Any] = {}
        for name in KIND_OF:
            records = []
            for index, record in enumerate(getattr(self.read, name)):
                place = f"{name}/{index}"
                if place in self.corrections.out:
                    left.append(record)
                elif place in self.corrections.fields:
                    records.append(with_fields(record, self.corrections.fields[place]))
                else:
                    records.append(record)
            kept[name] = tuple(records)
        found = replace(found, **kept)
        for place in ("header", "summary", "metadata"):
            found = with_head(found, self.corrections.fields.get(place, {}))
        return replace(found, appendix=(*found.appendix, *(as_appendix(record) for record in left)))


def proposal(data: bytes, name: str, corrections: Corrections | None = None) -> Proposal:
    """Read an upload: a file of our own, or a document. Raises Unreadable."""
    corrections = corrections or Corrections()
    if report := of_ours(data, name):
        refuse_unholdable(report)
        return Proposal(report, None, corrections)
    document = understood(data, name)
    report = report_of(document)
    if is_ours(document.lines):
        refuse_unholdable(report)
    return Proposal(report, document, corrections)


@lru_cache(maxsize=4)
def understood(data: bytes, name: str) -> Document:
    """What is read of an upload: once, however many of its records are corrected one after the other."""
    return read(data, name)


def of_ours(data: bytes, name: str) -> Report | None:
    """
    The report in a JSON file that was exported here. None for what does not look like one and is not called one:
    that is a document like any other.
    """
    called = name.lower().endswith(".json")
    if not called and not data.lstrip().startswith(b"{"):
        return None
    try:
        return from_json(data.removeprefix(b"\xef\xbb\xbf"))
    except NotAReport as error:
        if not called and error.code in {"not-json", "schema"}:
            return None
        raise Unreadable(error.code, error.params, error.sentence) from None
