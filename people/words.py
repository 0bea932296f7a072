"""
Numbers, sizes, spans and moments as people read them, in the language and zone of whoever reads.

Every layer's `sentences.py` may use these; templates have them as filters. A narrow no-break space stands before a
unit and between thousands, so that a figure never breaks over a line.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

THIN = "\N{NARROW NO-BREAK SPACE}"
KEPT = "\N{NO-BREAK SPACE}"
MINUTE, HOUR, DAY = 60, 3600, 86400


def number(value: float, places: int = 0) -> str:
    """12 345 or 1.9; in French 12 345 or 1,9."""
    text = f"{value:,.{places}f}"
    return text.replace(",", THIN).replace(".", pgettext("between units and tenths", "."))


def size(count: int) -> str:
    """Bytes in decimal units: 512 B, 1.9 GB; in French 512 o, 1,9 Go."""
    units = [
        pgettext("bytes", "B"),
        pgettext("thousand bytes", "kB"),
        pgettext("million bytes", "MB"),
        pgettext("thousand million bytes", "GB"),
        pgettext("million million bytes", "TB"),
    ]
    value, step = float(count), 0
    while abs(value) >= 999.5 and step < len(units) - 1:
        value, step = value / 1000, step + 1
    places = 1 if step and abs(value) < 9.95 else 0
    return f"{number(value, places)}{THIN}{units[step]}"


def span(length: timedelta | float) -> str:
    """A length of time in at most two units: 42 s, 4 min, 1 h 52 min, 9 d. A number is seconds."""
    seconds = int(length.total_seconds() if isinstance(length, timedelta) else length)
    sign, seconds = ("−" if seconds < 0 else ""), abs(seconds)
    days, hours, minutes = seconds // DAY, seconds % DAY // HOUR, seconds % HOUR // MINUTE
    d, h, m, s = (
        pgettext("days, short", "d"),
        pgettext("hours, short", "h"),
        pgettext("minutes, short", "min"),
        pgettext("seconds, short", "s"),
    )
    if seconds < MINUTE:
        parts = [(seconds, s)]
    elif seconds < 10 * MINUTE:
        parts = [(minutes, m), (seconds % MINUTE, s)]
    elif seconds < HOUR:
        parts = [(minutes, m)]
    elif seconds < DAY:
        parts = [(hours, h), (minutes, m)]
    elif days < 3:
        parts = [(days, d), (hours, h)]
    else:
        parts = [(days, d)]
    shown = [part for i, part in enumerate(parts) if part[0] or i == 0]
    return sign + KEPT.join(f"{number(value)}{THIN}{unit}" for value, unit in shown)


def rough(length: timedelta) -> str:
    """A length of time in its largest unit: 20 s, 4 min, 2 h, 9 d."""
    seconds = max(int(length.total_seconds()), 0)
    for limit, unit in (
        (MINUTE, 1),
        (HOUR, MINUTE),
        (DAY, HOUR),
    ):
        if seconds < limit:
            return span(seconds // unit * unit)
    return span(seconds // DAY * DAY)


def ago(at: datetime, now: datetime | None = None) -> str:
    """How long ago: "20 s ago", "just now"; for what is yet to come "in 4 min"."""
    gone = (now or timezone.now()) - at
    if abs(gone) < timedelta(seconds=2):
        return _("just now")
    if gone < timedelta(0):
        return _("in %(span)s") % {"span": rough(-gone)}
    return _("%(span)s ago") % {"span": rough(gone)}


def clock(at: datetime, seconds: bool = False) -> str:
    """The time of day in the reader's zone: 10:42, or 10:42:07."""
    return timezone.localtime(at).strftime("%H:%M:%S" if seconds else "%H:%M")


def day(on: date, now: datetime | None = None) -> str:
    """17 Nov, with the year when it is another one: 17 Nov 2025. Of an instant: its day in the reader's zone."""
    here = timezone.localtime(on).date() if isinstance(on, datetime) else on
    this_year = timezone.localtime(now or timezone.now()).year
    pattern = _("j M") if here.year == this_year else _("j M Y")
    return date_format(here, pattern).replace(".", "").replace(" ", KEPT)


def moment(at: datetime, now: datetime | None = None) -> str:
    """As short as is clear: today 10:42, else 17 Nov, 10:42."""
    here, today = timezone.localtime(at), timezone.localtime(now or timezone.now())
    return clock(at) if here.date() == today.date() else f"{day(at, now)}, {clock(at)}"


def exactly(at: datetime) -> str:
    """To the second, with the zone: for a title."""
    here = timezone.localtime(at)
    return f"{here:%Y-%m-%d %H:%M:%S} {here.tzname()}"
