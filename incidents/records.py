"""
The records of a report by the names of their model's fields, and back. Nothing is lost either way.

A report says None where nothing was written, a row has an empty text there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from incidents.reading.values import (
    Action,
    Appendix,
    Cause,
    Entry,
    Lesson,
    Occurred,
    Reference,
    Severity,
    Status,
    Zone,
)
from incidents.report import Line, Report, Told

Recorded = Entry | Cause | Action | Lesson | Reference | Appendix
Fields = dict[str, Any]

# A report's name for each kind of record, and the page's.
KIND_OF = {
    "timeline": "entry",
    "causes": "cause",
    "actions": "action",
    "lessons": "lesson",
    "references": "reference",
    "appendix": "appendix",
}
# Where a report's record and its row name the same thing differently: the row's name first.
RENAMED = {"day_offset": "day_offset_written", "state": "status", "horizon": "group_or_horizon"}
ENTRY = ("token", "start", "end", "precision", "day_offset", "zone", "text")
NAMES: dict[type[Any], tuple[str, ...]] = {
    Entry: ENTRY,
    Told: (*ENTRY, "source", "evidence", "facts", "written_by"),
    Cause: ("kind", "title", "text", "trigger"),
    Action: (
        *("text", "state", "status_raw", "kind", "owner", "due", "due_raw"),
        *("priority", "horizon", "references", "fields"),
    ),
    Lesson: ("text",),
    Reference: ("kind", "ref"),
    Appendix: ("heading", "text"),
}
KEPT_NONE = {"day_offset", "due"}  # a row has NULL there; everywhere else it has an empty text

# A report may say more finely how it stands than we do; `unknown` is none of ours: a person says which it is.
STATE_OF = {"ongoing": "ongoing", "investigating": "ongoing", "resolved": "resolved", "closed": "closed"}


def fields_of(record: Recorded) -> Fields:
    """A record's values, under the names and in the types of its row."""
    return {name: to_row(name, getattr(record, RENAMED.get(name, name))) for name in NAMES[type(record)]}


def with_fields(record: Any, fields: Mapping[str, Any]) -> Any:
    """The record with some of its values as they are in a row."""
    known = NAMES[type(record)]
    given = {name: value for name, value in fields.items() if name in known}
    return replace(record, **{RENAMED.get(n, n): to_report(type(record), n, v) for n, v in given.items()})


def to_row(name: str, value: Any) -> Any:
    if name == "due":
        return date.fromisoformat(value) if value else None
    if name == "references":
        return list(value)
    if name == "fields":
        return [list(pair) for pair in value]
    return "" if value is None and name not in KEPT_NONE else value


def to_report(kind: type[Any], name: str, value: Any) -> Any:
    if name == "due":
        return value.isoformat() if isinstance(value, date) else value or None
    if name == "references":
        return tuple(value)
    if name == "fields":
        return tuple((column, cell) for column, cell in value)
    return None if value == "" and may_be_none(kind, RENAMED.get(name, name)) else value


# --- The head of a report ---------------------------------------------------------------------------------------------


def head_of(report: Report) -> Fields:
    """What stands above the records, under the names and in the types of an incident's row."""
    occurred = report.occurred
    return {
        "title": report.title,
        "language": report.language,
        "severity": report.severity.level or "",
        "severity_raw": report.severity.raw or "",
        "state": STATE_OF.get(report.status.state, "ongoing"),
        "status_raw": report.status.raw or "",
        "status_read": report.status.state,
        "occurred_start": date.fromisoformat(occurred.start) if occurred.start else None,
        "occurred_end": date.fromisoformat(occurred.end) if occurred.end else None,
        "zone": report.zone.name or "",
        "zone_source": report.zone.source,
        "summary": report.summary,
        "metadata": [{"label": line.label, "value": line.value} for line in report.metadata],
    }


def with_head(report: Report, fields: Mapping[str, Any]) -> Report:
    """The report with some of its head as a row has it; days may also be ISO text."""
    if not fields:
        return report
    head = {**head_of(report), **fields}
    return replace(
        report,
        title=head["title"],
        language=head["language"],
        severity=Severity(head["severity_raw"] or None, head["severity"] or None),
        status=Status(head["status_raw"] or None, state_said(head)),
        occurred=Occurred(day(head["occurred_start"]), day(head["occurred_end"])),
        zone=Zone(head["zone"] or None, head["zone_source"]),
        summary=head["summary"],
        metadata=tuple(Line(pair["label"], pair["value"]) for pair in head["metadata"]),
    )


def state_said(head: Mapping[str, Any]) -> str:
    """The state as the document put it, as long as that is still what ours says."""
    said, ours = str(head["status_read"]), str(head["state"])
    return said if said and STATE_OF.get(said, "ongoing") == ours else ours


def day(value: Any) -> str | None:
    return value.isoformat() if isinstance(value, date) else value or None


def as_appendix(record: Recorded) -> Appendix:
    """The words of a record that is left out, one field a line, kept."""
    if isinstance(record, Appendix):
        return record
    values = (getattr(record, RENAMED.get(name, name)) for name in NAMES[type(record)])
    words = dict.fromkeys(value for value in values if isinstance(value, str) and value)
    return Appendix(None, 0, 0, "\n".join(words))


def may_be_none(kind: type[Any], name: str) -> bool:
    return "None" in str(kind.__dataclass_fields__[name].type)
