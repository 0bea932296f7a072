"""
The time with which a row begins: a clock, a range, a day, `~`, `+`, `J+1`, a duration; with what comes after
it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, time

from incidents.reading import zones
from incidents.reading.dates import Day, day_at_start

ENOUGH = 160  # characters; no written time is longer

_GAP = r"[ \t\u00a0\u202f\u2009]"
_APPROX = (
    r"(?:[~≈≃±∼]|(?:env(?:iron|\.)?|vers|around|about|approx(?:imately|imativement|\.)?|circa|ca?\."
    r"|autour de|aux alentours de|avant|après|before|after|à peu près|roughly)(?![a-zà-ÿ]))"
)
_CLOCK = (
    rf"(?P<h>[01]?\d|2[0-4])(?:(?:[:hH]|{_GAP}?h{_GAP}?)(?P<m>[0-5]\d)(?:[:m](?P<s>[0-5]\d"
    rf"|xx)s?)?(?:[.,]\d{{1,6}})?"
    rf"|(?P<vague>:(?:xx|\?\?|[0-5][xX?]))|(?P<hour>{_GAP}?[hH](?![\w+]))|(?={_GAP}?[AaPp]\.?[Mm]\b))"
    rf"(?:{_GAP}?(?P<half>[AaPp])\.?[Mm](?:\b|\.))?(?!\d|:[\dx]|h\d)"
)
_OFFSET = (
    rf"\(?{_GAP}?(?:(?P<letter>[JjDd]){_GAP}?(?P<sign>[+-]){_GAP}?(?P<n>\d{{1,3}})(?![\d:]"
    rf"|{_GAP}?(?:h|m|s|min|sec)\b)"
    r"|(?P<next>le lendemain|lendemain|next day|the next day|the following day|\+1(?:[ ]?[jd](?:ay"
    r"|our)?)?(?=\))))(?!\w)\)?"
)
_LEAD = rf"(?:(?:le|on|à|at|@|from|de|dès|depuis|since|à partir de|starting){_GAP}+)?"
_CLOCK_AT = re.compile(_CLOCK)
_APPROX_AT = re.compile(rf"{_APPROX}{_GAP}{{0,2}}(?:(?:à|at|de){_GAP})?", re.IGNORECASE)
_ZONE_AT = re.compile(zones.IN_TOKEN)
_ISO_ZONE_AT = re.compile(r"Z(?!\w)|[+-]\d{2}:?\d{2}(?![\d:])")
_OFFSET_AT = re.compile(rf"{_GAP}{{0,2}}{_OFFSET}", re.IGNORECASE)
_LEAD_AT = re.compile(_LEAD, re.IGNORECASE)
_SINCE = re.compile(r"(?:from|dès|depuis|since|à partir de|starting)", re.IGNORECASE)
_OPEN_AT = re.compile(
    rf"{_GAP}?\+(?!{_GAP}?\d)|{_GAP}(?:onwards?|et après|and after|and later|et plus)(?!\w)"
    rf"|{_GAP}?(?:…|\.{{3}})(?=\s*$)",
    re.IGNORECASE,
)
_TO_AT = re.compile(
    rf"{_GAP}{{0,2}}(?:-{{1,2}}>?|–|—|→|⇒|\bto\b|\bà\b|\bau\b|\bet\b|\band\b|\bjusqu['’](?:à|au)\b"
    rf"|\buntil\b|/){_GAP}{{0,2}}",
    re.IGNORECASE,
)
_DATE_TO_CLOCK = re.compile(rf"{_GAP}{{0,2}}(?:[T,@|]|\bat\b|\bà\b|[-–—:](?=[\s\d~]))?{_GAP}{{0,2}}", re.IGNORECASE)
_DURATION_AT = re.compile(
    rf"(?:{_APPROX}{_GAP}{{0,2}})?[+]?(?:T{_GAP}?\+{_GAP}?)?\d{{1,4}}(?:[.,]\d)?{_GAP}?"
    r"(?:heures?|hours?|hrs?|h|minutes?|mins?|min|mn|jours?|days?|secondes?|seconds?|secs?|s|d|j"
    r"|semaines?|weeks?)"
    rf"(?:{_GAP}?\d{{1,2}}{_GAP}?(?:minutes?|min|mn|m|s)?)?(?!\w)(?:{_GAP}?\+)?"
    rf"(?:{_GAP}(?:plus tard|later|après|after|in))?",
    re.IGNORECASE,
)
_LATER_AT = re.compile(
    rf"(?:{_APPROX}{_GAP}{{0,2}})?\+?\d{{1,4}}{_GAP}?[a-zA-Z]{{1,8}}{_GAP}(?:plus tard|later|après"
    rf"|after)(?!\w)",
    re.IGNORECASE,
)
_HOURS = {"midi": 12, "noon": 12, "minuit": 0, "midnight": 0}
_WORD_AT = re.compile(rf"(?:{'|'.join(_HOURS)})(?!\w)", re.IGNORECASE)
_T_PLUS = re.compile(r"T\s?\+\s?\d{1,3}:\d{2}(?::\d{2})?(?!\d)")
_PARTIAL_APPROX = re.compile(
    rf"{_GAP}?\((?:approx\.?|approximatif|environ|env\.|about|estimated|estimé|estimée|~)\)", re.IGNORECASE
)


@dataclass(frozen=True)
class Clock:
    """A clock time; `precision` is exact, minute-vague or approximate; `next_day` for 24:00."""

    at: time
    seconds: bool
    precision: str
    next_day: bool = False


@dataclass(frozen=True)
class Moment:
    """One end of a row's time: any of a day, a day offset and a clock."""

    day: Day | None = None
    offset: int | None = None
    offset_written: bool = False
    clock: Clock | None = None


@dataclass(frozen=True)
class When:
    """What was read from `text[:length]`; `precision` as in the contract."""

    length: int
    begin: int
    precision: str
    start: Moment = Moment()
    end: Moment | None = None
    bare: bool = False  # a day or duration alone: only a time when something separates it from the words

    @property
    def offset_written(self) -> int | None:
        """The n of `J+n`, where that is written."""
        ends = [self.start] + ([self.end] if self.end else [])
        return next((m.offset for m in ends if m.offset_written), None)


@dataclass(frozen=True)
class _Part:
    moment: Moment
    approximate: bool
    end: int


def when(text: str, language: str) -> When | None:
    """The time with which `text` (free of Markdown marks) begins; None when it begins with none."""
    head = text[:ENOUGH]
    begin = len(head) - len(head.lstrip("[(< \t\u00a0"))
    lead = _LEAD_AT.match(head, begin)  # stays in the token: it is part of how the time is written
    at = lead.end() if lead else begin
    since = bool(lead and _SINCE.match(lead[0]))
    if (relative := _T_PLUS.match(head, at)) is not None:
        return When(relative.end(), begin, "duration", bare=True)
    if word := _WORD_AT.match(head, at):
        moment = Moment(clock=Clock(time(_HOURS[word[0].lower()]), False, "exact"))
        return When(word.end(), begin, "exact", moment, bare=True)
    later = _LATER_AT.match(head, at)
    first = None if later else _moment(head, at, language)
    if first is None:
        return _duration(head, begin)
    return _whole(head, begin, first, since, language)


def _whole(head: str, begin: int, first: _Part, since: bool, language: str) -> When:
    last, end = _range_end(head, first, language)
    if last is None:
        end = first.end
    approximate = first.approximate or (last is not None and last.approximate)
    if note := _PARTIAL_APPROX.match(head, end):
        approximate, end = True, note.end()
    clock = first.moment.clock
    if clock is None:
        return When(end, begin, "day", first.moment, last.moment if last else None, bare=True)
    opened = None if last else _OPEN_AT.match(head, end)
    end = opened.end() if opened else end
    if offset := _OFFSET_AT.match(head, end):
        end = offset.end()
        first = _shifted(first, offset)
    precision = "open" if opened or (since and not last) else "approximate" if approximate else clock.precision
    return When(end, begin, precision, first.moment, last.moment if last else None)


def _shifted(part: _Part, offset: re.Match[str]) -> _Part:
    days, written = _offset(offset)
    moment = part.moment
    if moment.offset is None:
        moment = Moment(moment.day, days, written, moment.clock)
    return _Part(moment, part.approximate, offset.end())


def _range_end(head: str, first: _Part, language: str) -> tuple[_Part | None, int]:
    to = _TO_AT.match(head, first.end)
    if to is None:
        return None, first.end
    last = _moment(head, to.end(), language)
    if last is None or (first.moment.clock is None) != (last.moment.clock is None):
        return None, first.end
    hour_only = last.moment.clock is not None and not re.search(r"\d[:hH]\d|[ap]m", head[to.end() : last.end].lower())
    if hour_only and re.search(r"\d[:hH]\d", head[: first.end]):
        return None, first.end
    return last, last.end


def _moment(head: str, at: int, language: str) -> _Part | None:
    """
    A day, an offset and a clock, in the orders in which people write them; None when neither day nor clock.
    """
    approx = _APPROX_AT.match(head, at)
    at = approx.end() if approx else at
    day, offset, written = day_at_start(head[at:], language), None, False
    end = at
    if day is not None:
        end = at + day.end
    elif prefix := _OFFSET_AT.match(head, at):
        offset, written = _offset(prefix)
        end = prefix.end()
    clock, end, approximate = _clock_after(head, end, day is not None or offset is not None, language)
    if day is None and offset is None and clock is None:
        return None
    if clock is not None and day is None and offset is None and (suffix := _OFFSET_AT.match(head, end)):
        offset, written = _offset(suffix)
        end = suffix.end()
    return _Part(Moment(day, offset, written, clock), bool(approx) or approximate, end)


def _clock_after(head: str, at: int, dated: bool, language: str) -> tuple[Clock | None, int, bool]:
    begin = at
    if dated:
        joint = _DATE_TO_CLOCK.match(head, at)
        begin = joint.end() if joint else at
    approx = _APPROX_AT.match(head, begin)
    begin = approx.end() if approx else begin
    match = _CLOCK_AT.match(head, begin)
    clock = _clock(match, language) if match else None
    if match is None or clock is None:
        return None, at, False
    end = match.end()
    iso = begin > 0 and head[begin - 1] == "T"
    if zone := (_ISO_ZONE_AT if iso else _ZONE_AT).match(head, end):
        end = zone.end()
    return clock, end, bool(approx)


def _clock(match: re.Match[str], language: str) -> Clock | None:
    hour, part = int(match["h"]), match.groupdict()
    if part["hour"] and language == "en":
        return None
    if part["half"]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if part["half"].lower() == "p" else 0)
    minute = int(part["m"] or 0)
    if hour == 24 and minute:
        return None
    second = part["s"] if part["s"] and part["s"] != "xx" else None
    precision = "minute-vague" if part["s"] == "xx" else "approximate" if part["vague"] else "exact"
    if part["vague"] and part["vague"][1].isdigit():
        minute = int(part["vague"][1]) * 10
    return Clock(time(hour % 24, minute, int(second or 0)), second is not None, precision, hour == 24)


def _offset(match: re.Match[str]) -> tuple[int, bool]:
    if match["n"] is None:
        return 1, False
    return int(match["n"]) * (-1 if match["sign"] == "-" else 1), True


def _duration(head: str, at: int) -> When | None:
    match = _DURATION_AT.match(head, at)
    return When(match.end(), at, "duration", bare=True) if match else None


def local(day: date, clock: Clock) -> str:
    """`YYYY-MM-DDTHH:MM`, with seconds where they are written."""
    return f"{day.isoformat()}T{clock.at.isoformat('seconds' if clock.seconds else 'minutes')}"
