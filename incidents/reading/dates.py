"""
Days as people write them, in French and English: `2026-03-05`, `5 mars 2026`, `March 5th`, `05/03/2026`,
`9–10 May`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from itertools import zip_longest

MONTHS = {
    **dict.fromkeys(("january", "janvier", "jan", "janv"), 1),
    **dict.fromkeys(("february", "fevrier", "février", "feb", "fevr", "févr", "fev", "fév"), 2),
    **dict.fromkeys(("march", "mars", "mar"), 3),
    **dict.fromkeys(("april", "avril", "apr", "avr"), 4),
    **dict.fromkeys(("may", "mai"), 5),
    **dict.fromkeys(("june", "juin", "jun"), 6),
    **dict.fromkeys(("july", "juillet", "jul", "juil"), 7),
    **dict.fromkeys(("august", "aout", "août", "aug"), 8),
    **dict.fromkeys(("september", "septembre", "sep", "sept"), 9),
    **dict.fromkeys(("october", "octobre", "oct"), 10),
    **dict.fromkeys(("november", "novembre", "nov"), 11),
    **dict.fromkeys(("december", "decembre", "décembre", "dec", "déc"), 12),
}
_MONTH = "(?:" + "|".join(sorted(MONTHS, key=len, reverse=True)) + r")(?![a-zà-ÿ])\.?"
_WEEKDAY = (
    r"(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?|lundi|mardi|mercredi|jeudi"
    r"|vendredi|samedi"
    r"|dimanche|lun|mer|jeu|ven|sam|dim)\.?,?[ \u00a0]{1,2}(?:the )?"
)
_ORD = r"(?:st|nd|rd|th|er|ère|ème|e)?(?![a-zà-ÿ])"
_GAP = r"[ \u00a0\u202f]{1,3}"
_YEAR = r"(?:,?[ \u00a0\u202f]{1,3}(?P<%s>(?:19|20)\d{2})(?!\d|:))?"
_FORMS = (
    r"(?P<y1>(?:19|20)\d{2})[-/.](?P<m1>\d{1,2})[-/.](?P<d1>\d{1,2})(?!\d)",
    rf"(?P<d2>\d{{1,2}}){_ORD}{_GAP}(?:of )?(?P<m2>{_MONTH})" + _YEAR % "y2",
    rf"(?P<m3>{_MONTH}){_GAP}(?P<d3>\d{{1,2}})(?!:|\d|[ \u00a0]?h\d){_ORD}" + _YEAR % "y3",
    r"(?P<a4>\d{1,2})(?:[/.](?P<b4>\d{1,2})[/.](?P<y4>(?:19|20)\d{2})(?!\d)"
    r"|/(?P<b7>\d{1,2})/(?P<y7>\d{2})(?!\d))",
    rf"(?P<a5>\d{{1,2}})/(?P<b5>\d{{1,2}})(?![\d/]|{_GAP}{_MONTH})",
    r"(?P<a6>\d{1,2})-(?P<b6>\d{1,2})-(?P<y6>(?:19|20)\d{2})(?!\d)",
)
_FIRSTS, _SECONDS = ("a4", "a5", "a6"), ("b4", "b5", "b6", "b7")
_DATE = re.compile(rf"(?<![\w.#])(?<!\D[-/])(?:{_WEEKDAY})?(?:{'|'.join(_FORMS)})", re.IGNORECASE)
_BETWEEN = re.compile(
    r"[\s~≈,]{0,4}(?:(?:UTC|GMT|CES?T|\d{1,2}[:h]\d{2}(?::\d{2})?)[\s~≈,]{0,3}){0,2}\(?"
    r"(?:-{1,2}>?|–|—|→|⇒|/|\bto\b|\bau\b|\bà\b|\buntil\b|\bthrough\b|\bjusqu['’]au\b|\bet\b|\band\b|&)"
    r"[\s~≈]{0,4}(?:le )?",
    re.IGNORECASE,
)
_FIRST_OF_RANGE = re.compile(
    r"(?<![\w./:-])(\d{1,2})(?:st|nd|rd|th|er)?[ \u00a0]{0,2}(?:-|–|—|→|/|to|au|et|and"
    r"|&)[ \u00a0]{0,2}(?:le )?$",
    re.IGNORECASE,
)
_LAST_OF_RANGE = re.compile(
    r"[ \u00a0]{0,2}(?:-|–|—|→|to|and|&)[ \u00a0]{0,2}(?P<day>\d{1,2})(?:st|nd|rd|th)?"
    r"(?=,?[ \u00a0]{0,2}(?:$|[,;()]|(?P<year>(?:19|20)\d{2})(?![\d:])))",
    re.IGNORECASE,
)
ENOUGH = 400  # characters of a value in which a date is looked for


@dataclass(frozen=True)
class Day:
    """A day as found in `text[begin:end]`; `year` is None when it is not written."""

    year: int | None
    month: int
    day: int
    begin: int
    end: int

    def in_year(self, year: int | None) -> date | None:
        """The date, in the given year when none is written; None when there is neither, or no such day."""
        written = self.year if self.year is not None else year
        try:
            return date(written, self.month, self.day) if written is not None else None
        except ValueError:
            return None


def days_in(text: str, language: str = "fr") -> list[Day]:
    """Every day written in the first 400 characters, in order. `language` decides between 03/05 and 05/03."""
    found = (_day(match, language) for match in _DATE.finditer(text[:ENOUGH]))
    return [day for day in found if day is not None]


def day_at_start(text: str, language: str) -> Day | None:
    """The day with which the text begins, None when it does not begin with one."""
    match = _DATE.match(text[:ENOUGH])
    return _day(match, language) if match else None


def _day(match: re.Match[str], language: str) -> Day | None:
    part = match.groupdict()
    year = next((part[k] for k in ("y1", "y2", "y3", "y4", "y6", "y7") if part[k]), None)
    if part["d1"]:
        month, day = int(part["m1"]), int(part["d1"])
    elif name := part["m2"] or part["m3"]:
        month, day = MONTHS[name.rstrip(".").casefold()], int(part["d2"] or part["d3"])
    else:
        first, second = (next(int(part[k]) for k in keys if part[k]) for keys in (_FIRSTS, _SECONDS))
        month, day = _ordered(first, second, language)
    if not (1 <= month <= 12 and 1 <= day <= 31):
        return None
    whole = None if year is None else int(year) + (2000 if len(year) == 2 else 0)
    return Day(whole, month, day, match.start(), match.end())


def _ordered(first: int, second: int, language: str) -> tuple[int, int]:
    """(month, day) of two numbers: day first, but month first in English where both are possible."""
    if first > 12:
        return second, first
    if second > 12 or language == "en":
        return first, second
    return second, first


def span_in(text: str, language: str = "fr", year: int | None = None) -> tuple[date | None, date | None]:
    """
    The first day that a value states and the last one when it states a range; a year may stand at either end.
    """
    text = text[:ENOUGH]
    days = days_in(text, language)
    for first, second in zip_longest(days, days[1:]):
        if second is not None and _BETWEEN.fullmatch(text, first.end, second.begin):
            start, end = _pair(first, second, year)
        else:
            start, end = _single(text, first, year)
        if start is not None:
            return start, end
    return None, None


def _single(text: str, day: Day, year: int | None) -> tuple[date | None, date | None]:
    """One day, or the range of which the other end is a bare number: `9–10 mai`, `May 9–10`."""
    after = _LAST_OF_RANGE.match(text, day.end)
    start = day.in_year(int(after["year"]) if after and after["year"] else year)
    if start is None:
        return None, None
    if before := _FIRST_OF_RANGE.search(text[: day.begin][-30:]):
        opened = _replaced(start, int(before[1]))
        return (opened, start) if opened and opened < start else (start, None)
    closed = _replaced(start, int(after["day"])) if after else None
    return start, closed if closed and closed > start else None


def _pair(first: Day, second: Day, year: int | None) -> tuple[date | None, date | None]:
    end = second.in_year(first.year if first.year is not None else year)
    start = first.in_year(end.year if end else year)
    if start and end and start > end and first.year is None:
        start = first.in_year(end.year - 1)
    if start and end and end < start:
        return start, None
    return start or end, end if start and end != start else None


def _replaced(day: date, number: int) -> date | None:
    try:
        return day.replace(day=number)
    except ValueError:
        return None
