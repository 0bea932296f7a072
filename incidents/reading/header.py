"""
What the header says: title, days, severity, status, zone, duration, with the warnings that go with each.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from incidents.reading.dates import span_in
from incidents.reading.durations import minutes_in
from incidents.reading.labels import BEGAN, DURATION, ENDED, PRIORITY, SEVERITY, TITLE, ZONE, Header
from incidents.reading.levels import severity_of, status_of
from incidents.reading.notices import notice
from incidents.reading.sections import Section
from incidents.reading.timeline import Days
from incidents.reading.values import Entry, Label, Notice, Occurred, Severity, Status, Zone
from incidents.reading.words import without_icons
from incidents.reading.zones import same, zones_in

_PREFIX = re.compile(
    r"(?:post[ \u00a0-]?mortem"
    r"|rapport[ \u00a0]{1,3}d['’][ \u00a0]?incident)[ \t\u00a0\u202f]*[:：][ \t\u00a0\u202f]*",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Facts:
    """The header's answers; `days` are those that rows are placed by, `minutes` the stated duration."""

    occurred: Occurred
    days: Days
    severity: Severity
    status: Status
    minutes: tuple[float, Label] | None
    notices: tuple[Notice, ...]


def title_of(root: Section, header: Header, filename: str) -> str:
    """
    The first H1 without icons and without a leading `Post-Mortem :`; else a title label, the first heading,
    the file.
    """
    first = next((s for s in root.walk() if s.level == 1), None)
    if first is None:
        label = header.first(TITLE)
        heading = next((s for s in root.children if s.real or s.level < 3), None)
        return clean_title(label.value if label else heading.title if heading else filename.rsplit(".", 1)[0])
    return clean_title(first.title)


def clean_title(text: str) -> str:
    """Without icons, without a leading `Post-Mortem :` or `Rapport d'Incident :`; the rest verbatim."""
    text = without_icons(text)
    match = _PREFIX.match(text)
    return text[match.end() :].strip() if match and match.end() < len(text) else text


def facts_of(header: Header, title: str, language: str) -> Facts:
    """The header read, each part with its warnings."""
    notices: list[Notice] = []
    days = _days(header, title, language, notices)
    severity = _severity(header, notices)
    status = _status(header, notices)
    label = header.first(DURATION)
    minutes = minutes_in(label.value) if label else None
    stated = (minutes, label) if minutes is not None and label is not None else None
    occurred = Occurred(_iso(days.first), _iso(days.last))
    return Facts(occurred, days, severity, status, stated, tuple(notices))


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _days(header: Header, title: str, language: str, notices: list[Notice]) -> Days:
    label = header.date
    in_title = span_in(title, language)
    first, last = span_in(label.value, language) if label else (None, None)
    if first is None:
        first, last = _began_and_ended(header, language)
    if first is not None:
        if in_title[0] is not None and not first <= in_title[0] <= (last or first):
            notices.append(
                notice(
                    "contradiction",
                    label.line if label else None,
                    first=title,
                    second=label.value if label else "",
                )
            )
        return Days(first, last)
    if in_title[0] is not None:
        notices.append(notice("date-from-title", None, date=in_title[0].isoformat()))
        return Days(*in_title)
    notices.append(notice("date-missing"))
    return Days()


def _began_and_ended(header: Header, language: str) -> tuple[date | None, date | None]:
    began, ended = header.first(BEGAN), header.first(ENDED)
    first = span_in(began.value, language)[0] if began else None
    last = span_in(ended.value, language, first.year if first else None)[0] if ended else None
    return first, last if first and last and last > first else None


def _severity(header: Header, notices: list[Notice]) -> Severity:
    label = header.first(SEVERITY) or header.first(PRIORITY)
    severity, uncertain = severity_of(label.value if label else None)
    if severity.raw is None:
        notices.append(notice("severity-missing"))
    elif uncertain and label:
        notices.append(
            notice("severity-uncertain", label.line, raw=severity.raw, level=severity.level or "nothing known")
        )
    return severity


def _status(header: Header, notices: list[Notice]) -> Status:
    label = header.status
    status, unclear = status_of(label.value if label else None)
    if status.raw is None:
        notices.append(notice("status-missing"))
    elif unclear and label:
        notices.append(notice("status-unclear", label.line, raw=status.raw, state=status.state))
    return status


def zone_of(header: Header, headings: Sequence[str], entries: Sequence[Entry]) -> tuple[Zone, list[Notice]]:
    """
    The one zone that header, timeline headings, time columns and cells agree on, or the conflict between
    them.
    """
    at_header = [z for label in header.labels for z in zones_in(f"{label.value}")]
    named = header.first(ZONE)
    at_header += zones_in(f"({named.value})") if named else []
    at_timeline = [z for text in headings for z in zones_in(text)]
    at_timeline += [z for e in entries for z in zones_in(e.token) or zones_in(e.text[:1000])]
    unique, here = list(dict.fromkeys(at_timeline + at_header)), list(dict.fromkeys(at_timeline))
    if not unique:
        return Zone(), [notice("zone-missing")]
    if same(unique):
        return Zone(unique[0], "stated"), []
    name = here[0] if here and same(here) else None
    return Zone(name, "conflict"), [notice("mixed-zones", None, zones=", ".join(unique))]
