"""
Reports as rows, and rows as reports, without loss: order, tokens as written, zones and where they came from, days,
evidence and its facts. `tests/incidents/test_nothing_is_lost.py` proves it for any report there can be.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, time
from typing import Any

from django.db import models
from django.utils import timezone, translation

from incidents import evidence, timeline
from incidents.models import Action, Appendix, Cause, Incident, Lesson, Record, Reference, TimelineEntry
from incidents.reading import values
from incidents.records import NAMES, RENAMED, Fields, fields_of, head_of, to_report, with_head
from incidents.report import Report, Told

MODELS: dict[str, tuple[type[Record], type[Any]]] = {
    "timeline": (TimelineEntry, Told),
    "causes": (Cause, values.Cause),
    "actions": (Action, values.Action),
    "lessons": (Lesson, values.Lesson),
    "references": (Reference, values.Reference),
    "appendix": (Appendix, values.Appendix),
}
LINES = {"line": 0, "line_from": 0, "line_to": 0}


def write(report: Report, incident: Incident, clean: Callable[[Fields], Fields] | None = None) -> None:
    """The records of a report, as rows of an incident that has none yet; `clean` is asked of the fields of each."""
    clean = clean or (lambda fields: fields)
    for name, (model, _kind) in MODELS.items():
        rows = [
            model(incident=incident, position=position, **row_of(clean(fields_of(record)), incident))
            for position, record in enumerate(getattr(report, name))
        ]
        model._default_manager.bulk_create(rows, batch_size=500)


def row_of(fields: Fields, incident: Incident) -> Fields:
    """An entry without a zone of its own has its incident's; its instant follows."""
    if "token" not in fields:
        return fields
    own = fields["zone"]
    zone = own or incident.zone
    at = timeline.instant(fields["start"], zone)
    told = fields.get("source") == TimelineEntry.Source.EVIDENCE
    return {**fields, "zone": zone, "zone_source": "row" if own else incident.zone_source, "at": at, "told": told}


def report_from(incident: Incident) -> Report:
    """Everything of an incident that stands, in its own language. Six queries."""
    records: dict[str, Any] = {}
    for name, (model, kind) in MODELS.items():
        rows = model._default_manager.filter(incident=incident, removed=None)
        records[name] = tuple(record_from(row, kind, incident) for row in rows)
    empty = Report(incident.title, incident.language)
    return with_head(replace(empty, **records), {name: getattr(incident, name) for name in head_of(empty)})


def record_from(row: models.Model, kind: type[Any], incident: Incident) -> Any:
    given = {name: getattr(row, name) for name in NAMES[kind]}
    if isinstance(row, TimelineEntry):
        if row.zone_source != "row":
            given["zone"] = ""
        if row.source == TimelineEntry.Source.EVIDENCE and not row.text:
            with translation.override(incident.language):
                given["text"] = evidence.sentence(row.evidence, row.facts)
    lines = {name: 0 for name in LINES if name in kind.__dataclass_fields__}
    return kind(**{RENAMED.get(n, n): to_report(kind, n, v) for n, v in given.items()}, **lines)


def ended(report: Report) -> datetime | None:
    """The last instant that a report knows of what happened; None where it knows none."""
    zone = report.zone.name or ""
    known = (timeline.instant(entry.end or entry.start or "", entry.zone or zone) for entry in report.timeline)
    return max((at for at in known if at), default=None)


def began(report: Report) -> datetime:
    """When an incident of this report stands in the list: its first instant, else the start of its day, else now."""
    for entry in report.timeline:
        if at := timeline.instant(entry.start or "", entry.zone or report.zone.name or ""):
            return at
    if report.occurred.start:
        return datetime.combine(datetime.fromisoformat(report.occurred.start), time.min, tzinfo=UTC)
    return timezone.now()
