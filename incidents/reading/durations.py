"""How long a header says that it took, in minutes: `~3h30`, `2 hours 15 minutes`, `18:00 → 21:30`."""

from __future__ import annotations

import re

from incidents.reading.words import fold

_RANGE = re.compile(
    r"\b([01]?\d|2[0-4])[:h]([0-5]\d)\s?\w{0,4}\s{0,2}(?:->|→|–|—|-|to|a|au)\s{0,2}~?(?:[01]?\d"
    r"|2[0-4])[:h]([0-5]\d)"
)
_CLOCK = re.compile(r"(?<!\d)(?:[01]?\d|2[0-4]):[0-5]\d(?::[0-5]\d)?(?!\d)")
_UNITS = {"j": 1440, "d": 1440, "h": 60, "m": 1, "w": 10080, "s": 1 / 60}
_PART = (
    r"(\d{1,4}(?:[.,]\d{1,2})?)\s?(jours?|days?|j|d|heures?|hours?|hrs?|h|minutes?|mins?|min|mn|m"
    r"|semaines?|weeks?|w|secondes?|seconds?|secs?|sec|s)"
)
_DURATION = re.compile(
    rf"(?<![\w#.:]){_PART}(?![a-z])(?:(?:\s?(?:,|et|and)?\s?)(\d{{1,2}})(?![\d:.])\s?(minutes?|mins?"
    rf"|min|mn|m|heures?|hours?|h)?(?![a-z]))?"
)
ENOUGH = 300


def minutes_in(text: str) -> float | None:
    """
    The first duration that the text states, in minutes; the length of its range of clock times where it
    states none.
    """
    text = fold(text[:ENOUGH]).replace("\u2192", "→")
    without = _RANGE.sub(" ", text)
    without = _CLOCK.sub(" ", without)
    if match := _DURATION.search(without):
        total = _minutes(match[1], match[2])
        if match[3]:
            total += _minutes(
                match[3],
                match[4] or ("m" if match[2].startswith("h") else "h" if match[2][0] in "jd" else "s"),
            )
        return total
    return _range(text)


def _minutes(number: str, unit: str) -> float:
    if unit.startswith("sem"):
        return float(number.replace(",", ".")) * _UNITS["w"]
    return float(number.replace(",", ".")) * _UNITS[unit[0]]


def _range(text: str) -> float | None:
    clocks = re.findall(r"(?<!\d)([01]?\d|2[0-4])[:h]([0-5]\d)", text)
    if not _RANGE.search(text) or len(clocks) < 2:
        return None
    first, last = (int(h) * 60 + int(m) for h, m in clocks[:2])
    return (last - first) % 1440
