"""
Times of a timeline: what a written one means as an instant, and where an entry belongs. Pure; nothing is guessed.

A local time is ISO text without an offset, as the reader gives it: `2026-02-06T17:40`, or `2026-02-06` for a day
without a clock. It becomes an instant only when its zone says which one; else there is none, and the entry stands
where its document put it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

# Abbreviations that mean one thing wherever they are read. CET and CEST are halves of one zone, and hold only in
# their own half of the year; EST, IST, BST, CST and the like mean several zones, and so none.
UNIVERSAL = {"UTC", "Z", "GMT", "UT", "ETC/UTC", "ZULU"}
HALVES = {"CET": timedelta(hours=1), "CEST": timedelta(hours=2)}
MIDDLE_EUROPE = ZoneInfo("Europe/Brussels")
OFFSET = re.compile(r"(?:UTC|GMT)?\s*([+-])(\d{1,2})(?::?(\d{2}))?", re.IGNORECASE)
NAMED = re.compile(r"[A-Za-z][A-Za-z0-9_+-]*(?:/[A-Za-z0-9_+-]+){1,2}")


def instant(local: str, zone: str) -> datetime | None:
    """
    The instant of a local time, or None: a day without a clock, a zone that is unknown or means several, an hour
    that the zone had twice or not at all.
    """
    clock = clock_of(local)
    if clock is None:
        return None
    name = zone.strip().upper()
    if name in UNIVERSAL:
        return clock.replace(tzinfo=UTC)
    if name in HALVES:
        return half(clock, HALVES[name])
    if offset := offset_of(zone.strip()):
        return settled(clock, offset)
    return in_named(clock, zone.strip())


def clock_of(local: str) -> datetime | None:
    if "T" not in local:
        return None
    try:
        found = datetime.fromisoformat(local)
    except ValueError:
        return None
    return found if found.tzinfo is None else None


def day_of(local: str) -> date | None:
    """The day that a local time falls on."""
    try:
        return date.fromisoformat(local[:10])
    except ValueError:
        return None


def half(clock: datetime, offset: timedelta) -> datetime | None:
    """CET in winter and CEST in summer; the one in the other's half is a slip, and nobody knows of which kind."""
    told = settled(clock, timezone(offset))
    return told if told and told.astimezone(MIDDLE_EUROPE).utcoffset() == offset else None


def offset_of(zone: str) -> tzinfo | None:
    match = OFFSET.fullmatch(zone)
    if not match:
        return None
    length = timedelta(hours=int(match[2]), minutes=int(match[3] or 0))
    if length > timedelta(hours=14):
        return None
    return timezone(-length if match[1] == "-" else length)


def in_named(clock: datetime, zone: str) -> datetime | None:
    if not NAMED.fullmatch(zone):
        return None
    try:
        place = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
    return settled(clock, place)


def settled(clock: datetime, place: tzinfo) -> datetime | None:
    """None for an hour that the clocks showed twice, or jumped over; and at the ends of the calendar."""
    try:
        first = clock.replace(tzinfo=place)
        if first.utcoffset() != clock.replace(tzinfo=place, fold=1).utcoffset():
            return None
        return first.astimezone(UTC)
    except OverflowError:
        return None


def place_of(zone: str) -> tzinfo | None:
    """The zone in which a new instant may be written down; None where the name means none or several."""
    name = zone.strip().upper()
    if name in UNIVERSAL:
        return UTC
    if name in HALVES:
        return timezone(HALVES[name], name)
    if offset := offset_of(zone.strip()):
        return offset
    try:
        return ZoneInfo(zone.strip()) if NAMED.fullmatch(zone.strip()) else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


# --- Order ------------------------------------------------------------------------------------------------------------


def place(entries: Sequence[tuple[datetime | None, str]], at: datetime | None, start: str) -> int:
    """
    How many of `entries`, each an instant and a local start in the order they stand in, come before a new one.

    What stands is never moved: the new one goes behind the last that is not later than it, whether that is known by
    instant or, where one of the two has none, by the local time. An entry without a time belongs to the one that it
    stands behind. A new one without any goes to the end.
    """
    if at is None and not start:
        return len(entries)
    found = 0
    for index, (other, local) in enumerate(entries):
        timeless = other is None and not local
        if (timeless and index == found) or (not timeless and not later(other, local, at, start)):
            found = index + 1
    return found


def later(other: datetime | None, local: str, at: datetime | None, start: str) -> bool:
    """Whether an entry comes after a new one: by instant, else by local time, which is what both were written in."""
    if other is not None and at is not None:
        return other > at
    if not local or not start:
        return True
    if "T" in local and "T" in start:
        return local > start
    return local[:10] > start[:10]


def day_for(previous: str, clock: str, first: date | None) -> date | None:
    """
    The day of a clock time that is added after an entry of local time `previous`: the same day, or the next one when
    the clock steps back by twelve hours or more. `first` is the incident's day, for the first entry of all.
    """
    day = day_of(previous)
    if day is None:
        return first
    if "T" not in previous or not clock:
        return day
    back = minutes(previous[11:16]) - minutes(clock)
    return day + timedelta(days=1) if back >= 12 * 60 else day


def minutes(clock: str) -> int:
    hours, _, rest = clock.partition(":")
    return int(hours) * 60 + int(rest[:2] or 0)
