"""A time as a person types it into a form, read as the reader of documents reads it. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from incidents.reading.lines import Line
from incidents.reading.rows import Row
from incidents.reading.timeline import Days, place
from incidents.reading.tokens import Token, in_cell


@dataclass(frozen=True)
class Meant:
    """What a written time means: local ISO text, or empty where it says nothing."""

    start: str
    end: str
    precision: str
    day_offset: int | None
    zone: str


def meaning(token: str, language: str, first: date | None, last: date | None, previous: str = "") -> Meant:
    """
    What `token` means in an incident of the days `first` to `last`, behind an entry of local time `previous`. The
    rules are those of the timeline of a document: a date in it, J+n, else the day before it and the clock.
    """
    rows = [row(previous.replace("T", " "), language)] if previous else []
    entries, _notices, _days = place([*rows, row(token, language)], Days(first, last))
    entry = entries[-1]
    return Meant(entry.start or "", entry.end or "", entry.precision, entry.day_offset_written, entry.zone or "")


def row(token: str, language: str) -> Row:
    written: Token = in_cell(token, language)
    return Row(written, "", [Line(1, token, "text")])
