"""Rows become entries: each is given its day, and what looks odd about its place is told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from incidents.reading.clock import Clock, Moment, When, local
from incidents.reading.notices import notice
from incidents.reading.rows import Row
from incidents.reading.values import Entry, Notice
from incidents.reading.zones import zones_in

HALF_A_DAY = 12 * 3600


@dataclass(frozen=True)
class Days:
    """The days that the header states: both None when it states none."""

    first: date | None = None
    last: date | None = None

    @property
    def until(self) -> date | None:
        return self.last or self.first


@dataclass
class Placing:
    """Where the last row stood, while rows are read in order."""

    header: Days
    day: date | None = None
    clock: Clock | None = None
    started: datetime | date | None = None
    notices: list[Notice] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.day = self.header.first

    def year_for(self, month: int, number: int) -> int | None:
        """
        The year of a day that is written without one: the header's, the one that keeps it inside where it
        spans two.
        """
        first, until = self.header.first, self.header.until
        if first is None or until is None:
            return self.day.year if self.day else None
        if until.year != first.year and (month, number) <= (until.month, until.day):
            return until.year
        if month == 12 and first.month == 1 and first.day <= 7:
            return first.year - 1
        return first.year


def place(rows: Sequence[Row], header: Days) -> tuple[list[Entry], list[Notice], tuple[date, ...]]:
    """Entries in document order, the warnings about their places, and the days that rows fall on."""
    placing = Placing(header)
    entries: list[Entry] = []
    seen: set[date] = set()
    for row in rows:
        if row.marker:
            _mark(placing, row)
        else:
            entries.append(_entry(placing, row, seen))
    return entries, placing.notices, tuple(sorted(seen))


def _mark(placing: Placing, row: Row) -> None:
    day = row.day.in_year(placing.year_for(row.day.month, row.day.day)) if row.day else None
    if day is None and row.day_number is not None and placing.header.first:
        day = placing.header.first + timedelta(days=row.day_number)
    if day is not None:
        placing.day, placing.clock = day, None


def _entry(placing: Placing, row: Row, seen: set[date]) -> Entry:
    when = row.token.when
    zone = next(iter(zones_in(row.token.written)), None)
    if when is None or when.precision == "duration":
        kind = "none" if when is None else "duration"
        placing.notices.append(notice("row-without-time", row.number, token=row.token.written))
        return Entry(row.token.written, None, None, kind, None, row.whole_text, row.number, zone)
    start, end = _ends(placing, row, when, seen)
    text = row.whole_text
    return Entry(row.token.written, start, end, when.precision, when.offset_written, text, row.number, zone)


def _ends(placing: Placing, row: Row, when: When, seen: set[date]) -> tuple[str | None, str | None]:
    day = _day(placing, row, when.start)
    if day is None:
        placing.clock = when.start.clock or placing.clock
        return None, None
    _note_order(placing, row, day, when.start)
    placing.day, placing.clock = day, when.start.clock
    seen.add(day)
    start = _written(day, when.start)
    if when.end is None:
        return start, None
    last = _end_day(placing, day, when)
    seen.add(last)
    return start, _written(last, when.end)


def _written(day: date, moment: Moment) -> str:
    if moment.clock is None:
        return day.isoformat()
    return local(day + timedelta(days=1) if moment.clock.next_day else day, moment.clock)


def _day(placing: Placing, row: Row, moment: Moment) -> date | None:
    """The day in the row; J+n from the header's first day; else by the clock, from the row before."""
    if moment.day is not None:
        return moment.day.in_year(placing.year_for(moment.day.month, moment.day.day))
    if moment.offset is not None:
        return placing.header.first + timedelta(days=moment.offset) if placing.header.first else None
    before, clock = placing.clock, moment.clock
    if placing.day is None or before is None or clock is None:
        return placing.day
    back = _seconds(before) - _seconds(clock)
    if back <= 0:
        return placing.day
    until = placing.header.until
    day = placing.day
    if back >= HALF_A_DAY:
        day = placing.day + timedelta(days=1)
    elif until is not None and until > placing.day:
        day = until
    if day != placing.day:
        placing.notices.append(notice("day-inferred", row.number, token=row.token.written, day=day.isoformat()))
    return day


def _seconds(clock: Clock) -> int:
    at = clock.at
    return (24 if clock.next_day else at.hour) * 3600 + at.minute * 60 + at.second


def _note_order(placing: Placing, row: Row, day: date, moment: Moment) -> None:
    now = datetime.combine(day, moment.clock.at) if moment.clock else day
    if isinstance(now, datetime) and moment.clock and moment.clock.next_day:
        now += timedelta(days=1)
    before = placing.started
    if before is not None and _earlier(now, before):
        placing.notices.append(notice("backward-time", row.number, token=row.token.written))
    placing.started = now


def _earlier(now: datetime | date, before: datetime | date) -> bool:
    if isinstance(now, datetime) and isinstance(before, datetime):
        return now < before
    now, before = (x.date() if isinstance(x, datetime) else x for x in (now, before))
    return now < before


def _end_day(placing: Placing, day: date, when: When) -> date:
    """The day of a range's end: as written, else the first on which it is not before its start."""
    end = when.end
    if end is None:
        return day
    if end.day is not None:
        return end.day.in_year(placing.year_for(end.day.month, end.day.day)) or day
    if end.offset is not None and placing.header.first and when.start.offset is None:
        return placing.header.first + timedelta(days=end.offset)
    first, last = when.start.clock, end.clock
    crosses = first is not None and last is not None and _seconds(last) < _seconds(first)
    return day + timedelta(days=1) if crosses else day
