"""
A report as JSON and back, lossless. `schema` names the shape and its version; another version is refused, unknown
fields are refused too: what we do not understand we would lose.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import date
from typing import Any

import msgspec

from incidents.report import Report

SCHEMA = "aftermath/report/1"
STATES = ("ongoing", "investigating", "resolved", "unknown", "closed")
PRECISIONS = ("exact", "minute-vague", "approximate", "day", "open", "duration", "none")
LIMIT = 4 * 1024 * 1024  # bytes


class NotAReport(Exception):
    """The JSON is no report that we know. `code` and `params` are the facts, `str()` the English sentence."""

    def __init__(self, code: str, sentence: str, **params: Any) -> None:
        super().__init__(sentence.format(**params))
        self.code, self.params, self.sentence = code, params, sentence


def to_json(report: Report) -> str:
    """One object, indented, ending with a line end."""
    return json.dumps({"schema": SCHEMA, **asdict(report)}, ensure_ascii=False, indent=1) + "\n"


def from_json(data: bytes) -> Report:
    """The report. Raises NotAReport with what is wrong and where."""
    if len(data) > LIMIT:
        raise NotAReport(
            "too-big",
            "The file has {bytes} bytes; at most {limit} can be read.",
            bytes=len(data),
            limit=LIMIT,
        )
    try:
        found = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise NotAReport("not-json", "This is no JSON: {why}.", why=str(error)) from None
    schema = found.pop("schema", None) if isinstance(found, dict) else None
    if schema != SCHEMA:
        sentence = "This is no report that we know: “schema” is {found}, not {wanted}."
        raise NotAReport("schema", sentence, found=json.dumps(schema)[:80], wanted=SCHEMA)
    unknown = sorted(set(found) - set(Report.__dataclass_fields__))
    if unknown:
        raise NotAReport("unknown-field", "The report has a field that we do not know: {name}.", name=unknown[0][:80])
    try:
        report = msgspec.convert(found, Report)
    except msgspec.ValidationError as error:
        raise NotAReport("wrong-shape", "The report cannot be read: {why}.", why=str(error)) from None
    for name in _lost(found, asdict(report)):
        raise NotAReport("unknown-field", "The report has a field that we do not know: {name}.", name=name[:80])
    for place, value in _wrong(report):
        raise NotAReport("wrong-value", "{place} cannot be “{value}”.", place=place, value=str(value)[:80])
    return report


def _lost(found: Any, kept: Any) -> Iterator[str]:
    """The names of fields that were read and are not in the report."""
    if isinstance(found, dict) and isinstance(kept, dict):
        yield from (str(name) for name in found if name not in kept)
        for name in found.keys() & kept.keys():
            yield from _lost(found[name], kept[name])
    elif isinstance(found, list) and isinstance(kept, (list, tuple)):
        for one, other in zip(found, kept, strict=False):
            yield from _lost(one, other)


def _wrong(report: Report) -> Iterator[tuple[str, Any]]:
    """Where a word stands that is none of those possible there, or a day that is none."""
    yield from _unless("severity.level", report.severity.level, (None, "S1", "S2", "S3", "S4"))
    yield from _unless("status.state", report.status.state, STATES)
    yield from _unless("zone.source", report.zone.source, ("stated", "conflict", "assumed"))
    days = [("occurred.start", report.occurred.start), ("occurred.end", report.occurred.end)]
    for n, entry in enumerate(report.timeline):
        yield from _unless(f"timeline[{n}].precision", entry.precision, PRECISIONS)
        yield from _unless(f"timeline[{n}].source", entry.source, ("written", "imported", "evidence"))
    for n, cause in enumerate(report.causes):
        yield from _unless(f"causes[{n}].kind", cause.kind, ("root", "contributing"))
    for n, action in enumerate(report.actions):
        yield from _unless(f"actions[{n}].status", action.status, ("done", "open", "in_progress", "dropped"))
        yield from _unless(f"actions[{n}].kind", action.kind, ("mitigating", "corrective", "preventive"))
        days.append((f"actions[{n}].due", action.due))
    yield from ((place, day) for place, day in days if day is not None and not _is_day(day))


def _unless(place: str, value: Any, possible: Sequence[Any]) -> Iterator[tuple[str, Any]]:
    if value not in possible:
        yield place, value


def _is_day(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
