"""
A report: everything of an incident that is written down, as values. It is what is imported, shown, exported and
imported again. A reader's Document becomes one; the rows of an incident become one, and one becomes rows.

Records are those of the reader; lines are 0 where there is no document to count in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace

from incidents.reading.values import (
    Action,
    Appendix,
    Cause,
    Document,
    Entry,
    Lesson,
    Occurred,
    Reference,
    Severity,
    Status,
    Zone,
)


@dataclass(frozen=True)
class Told(Entry):
    """
    An entry and where it comes from: `source` is written, imported or evidence. Evidence has a reference, such as
    `run:12/3`, and facts from which its text was said in the report's language.
    """

    source: str = "imported"
    evidence: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)
    written_by: str = ""


@dataclass(frozen=True)
class Line:
    """A line of the header, as written."""

    label: str
    value: str


@dataclass(frozen=True)
class Report:
    """`status.state` may also be `closed`: what an incident of ours is when its report is complete."""

    title: str
    language: str
    occurred: Occurred = field(default_factory=Occurred)
    severity: Severity = field(default_factory=Severity)
    status: Status = field(default_factory=Status)
    zone: Zone = field(default_factory=Zone)
    summary: str = ""
    metadata: tuple[Line, ...] = ()
    timeline: tuple[Told, ...] = ()
    causes: tuple[Cause, ...] = ()
    actions: tuple[Action, ...] = ()
    lessons: tuple[Lesson, ...] = ()
    references: tuple[Reference, ...] = ()
    appendix: tuple[Appendix, ...] = ()


def report_of(document: Document) -> Report:
    """What a reader understood, without the lines that it stands at."""
    entries = (
        e if isinstance(e, Told) else Told(**{f.name: getattr(e, f.name) for f in fields(Entry)})
        for e in document.timeline
    )
    return Report(
        title=document.title,
        language=document.language,
        occurred=document.occurred,
        severity=document.severity,
        status=document.status,
        zone=document.zone,
        summary=document.summary,
        metadata=tuple(Line(pair.label, pair.value) for pair in document.metadata),
        timeline=tuple(replace(entry, line=0) for entry in entries),
        causes=tuple(replace(cause, line=0) for cause in document.causes),
        actions=tuple(replace(action, line=0) for action in document.actions),
        lessons=tuple(replace(lesson, line=0) for lesson in document.lessons),
        references=document.references,
        appendix=tuple(replace(part, line_from=0, line_to=0) for part in document.appendix),
    )
