"""
What a report must be so that rows can hold it. A document that was read always is; a file of our own format may say
anything, and is refused with the place where it goes wrong. Pure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from datetime import date, datetime

from incidents.reading.values import Action, Unreadable
from incidents.records import STATE_OF
from incidents.report import Report, Told
from incidents.uploads import storable

LEVELS = {"S1", "S2", "S3", "S4", None}
SOURCES = {"written", "imported", "evidence"}
PRECISIONS = {"exact", "minute-vague", "approximate", "day", "open", "duration", "none"}
STATES = {"done", "open", "in_progress", "dropped"}
KINDS = {"mitigating", "corrective", "preventive"}
MOST = 20_000  # records of one kind


def refuse_unholdable(report: Report) -> None:
    """Raises Unreadable, with the first place at which a row could not hold what the report says."""
    where = storable(asdict(report)) or next(problems(report), None)
    if where:
        raise Unreadable("not-storable", {"where": where}, "It cannot be kept: look at {where}.")


def problems(report: Report) -> Iterator[str]:
    yield from head_problems(report)
    for name in ("timeline", "causes", "actions", "lessons", "references", "appendix", "metadata"):
        if len(getattr(report, name)) > MOST:
            yield name
    for index, entry in enumerate(report.timeline):
        yield from (f"timeline[{index}].{name}" for name in entry_problems(entry))
    for index, cause in enumerate(report.causes):
        if cause.kind not in {"root", "contributing"}:
            yield f"causes[{index}].kind"
    for index, action in enumerate(report.actions):
        yield from (f"actions[{index}].{name}" for name in action_problems(action))
    for index, reference in enumerate(report.references):
        if len(reference.kind) > 20:
            yield f"references[{index}].kind"


def head_problems(report: Report) -> Iterator[str]:
    start, end = report.occurred.start, report.occurred.end
    known = all(is_day(day) for day in (start, end) if day is not None)
    if not known or (end is not None and (start is None or end < start)):
        yield "occurred"
    if report.severity.level not in LEVELS:
        yield "severity"
    if report.status.state not in {*STATE_OF, "unknown"}:
        yield "status"
    if report.zone.source not in {"stated", "conflict", "assumed"}:
        yield "zone"
    if report.language not in {"en", "fr"}:
        yield "language"


def entry_problems(entry: Told) -> Iterator[str]:
    if entry.precision not in PRECISIONS:
        yield "precision"
    if entry.source not in SOURCES:
        yield "source"
    if not all(is_local(local) for local in (entry.start, entry.end) if local is not None):
        yield "start"
    if entry.day_offset_written is not None and abs(entry.day_offset_written) > 10_000:
        yield "day_offset_written"
    if len(entry.evidence) > 80 or len(entry.written_by) > 150:
        yield "evidence"


def action_problems(action: Action) -> Iterator[str]:
    if action.status not in STATES:
        yield "status"
    if action.kind not in KINDS:
        yield "kind"
    if action.due is not None and not is_day(action.due):
        yield "due"


def is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def is_local(text: str) -> bool:
    if "T" not in text:
        return is_day(text)
    try:
        return datetime.fromisoformat(text).tzinfo is None and len(text) <= 26
    except ValueError:
        return False
