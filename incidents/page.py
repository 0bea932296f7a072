"""The timeline as it is shown: what stands in the margin, which mark, and where a new day begins."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from incidents import evidence, timeline
from incidents.models import TimelineEntry
from people import words

VAGUE = {"approximate", "minute-vague", "day"}
TIMELESS = {"none", "duration"}


@dataclass(frozen=True)
class Row:
    """
    An entry as it is shown. `when` and `until` are in the reader's zone where the instant is known, else as written;
    `datetime` is for machines, `written` the token with its zone, which is a hover away.

    `day` is set on the first row of another day than the row before.
    """

    entry: TimelineEntry
    when: str
    until: str
    datetime: str
    written: str
    aside: str
    classes: str
    mark: str
    text: str
    by: str
    href: str
    day: date | None = None


def rows(entries: Iterable[TimelineEntry], previous: date | None = None) -> Iterator[Row]:
    for entry in entries:
        day = shown_day(entry)
        new = day is not None and day != previous
        yield row(entry, day if new else None)
        previous = day or previous


def row(entry: TimelineEntry, day: date | None = None) -> Row:
    when = clock_of(entry)
    until = end_of(entry)
    open_end = entry.precision == "open"
    classes = " ".join(
        word
        for word, so in (
            ("range", bool(until) or open_end),
            ("open", open_end),
            ("evid", entry.source == TimelineEntry.Source.EVIDENCE),
        )
        if so
    )
    token = f"{entry.token} {entry.zone}".strip() if entry.zone not in entry.token else entry.token
    return Row(
        entry=entry,
        when=when or _("no time"),
        until="?" if open_end else until,
        datetime=entry.at.isoformat() if entry.at else entry.start,
        written=token,
        aside=entry.token if is_other(entry, when) else "",
        classes=classes,
        mark=mark_of(entry),
        text=said(entry),
        by=by_of(entry),
        href=run_of(entry),
        day=day,
    )


def said(entry: TimelineEntry) -> str:
    if entry.source == TimelineEntry.Source.EVIDENCE and entry.facts:
        return evidence.sentence(entry.evidence, entry.facts, entry.text)
    return entry.text


def shown_day(entry: TimelineEntry) -> date | None:
    if entry.at is not None:
        return timezone.localtime(entry.at).date()
    return timeline.day_of(entry.start)


def clock_of(entry: TimelineEntry) -> str:
    """The time of day, in the reader's zone or as written; about-ness included. Empty where there is none."""
    about = "~" if entry.precision == "approximate" else ""
    with_seconds = len(entry.start) > 16
    if entry.at is not None:
        return about + words.clock(entry.at, seconds=with_seconds)
    if "T" in entry.start:
        return about + entry.start[11:]
    day = timeline.day_of(entry.start)
    if day is not None:
        return words.day(day)
    return entry.token if entry.precision in TIMELESS and len(entry.token) < 20 else ""


def end_of(entry: TimelineEntry) -> str:
    if not entry.end:
        return ""
    instant = timeline.instant(entry.end, entry.zone)
    if instant is not None and entry.at is not None:
        return words.clock(instant, seconds=len(entry.end) > 16)
    if "T" in entry.end:
        return entry.end[11:]
    day = timeline.day_of(entry.end)
    return words.day(day) if day else ""


def is_other(entry: TimelineEntry, when: str) -> bool:
    """Whether the token says more than what stands in the margin, so that it must be seen without hovering."""
    if entry.source == TimelineEntry.Source.EVIDENCE or not entry.token or entry.precision == "day":
        return False
    clock = when.lstrip("~")
    return clock not in entry.token.replace("h", ":").replace("H", ":")


def mark_of(entry: TimelineEntry) -> str:
    if entry.source == TimelineEntry.Source.EVIDENCE:
        return "evidence"
    if entry.precision in TIMELESS:
        return "unknown"
    return "about" if entry.precision in VAGUE else "dot"


def by_of(entry: TimelineEntry) -> str:
    if entry.source == TimelineEntry.Source.IMPORTED:
        return ""
    if entry.source == TimelineEntry.Source.EVIDENCE:
        return _("Evidence, as its document says") if entry.told else _("Evidence")
    return _("Written by %(name)s") % {"name": entry.written_by} if entry.written_by else _("Written")


def run_of(entry: TimelineEntry) -> str:
    """The address of the run that the evidence is of, while there is such a page."""
    kind, _colon, rest = entry.evidence.partition(":")
    number = rest.partition("/")[0]
    if entry.told or kind != "run" or not number.isdigit():
        return ""
    try:
        return reverse("run", args=[int(number)])
    except NoReverseMatch:
        return ""


def span_of(entries: Iterable[TimelineEntry]) -> tuple[datetime, datetime] | None:
    """The first and the last instant of what people wrote of it, where at least two are known."""
    evidence = TimelineEntry.Source.EVIDENCE
    known = [entry.at for entry in entries if entry.at is not None and entry.source != evidence]
    return (min(known), max(known)) if len(known) > 1 else None
