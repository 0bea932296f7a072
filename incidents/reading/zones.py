"""
Time zones as people write them: `UTC`, `CEST`, `UTC+2`, `Europe/Paris`, `heure de Paris`, a trailing `Z`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from zoneinfo import ZoneInfo, available_timezones

# Minutes east of Greenwich. Only what is not also an everyday word in capitals stands without a clock beside
# it.
PLAIN = {
    "UTC": 0,
    "GMT": 0,
    "CET": 60,
    "CEST": 120,
    "EEST": 180,
    "AEST": 600,
    "AEDT": 660,
    "PDT": -420,
    "EDT": -240,
}
BESIDE_A_CLOCK = {
    "WET": 0,
    "WEST": 60,
    "BST": 60,
    "EET": 120,
    "MSK": 180,
    "IST": 330,
    "JST": 540,
    "EST": -300,
}
BESIDE_A_CLOCK |= {"CST": -360, "CDT": -300, "MST": -420, "MDT": -360, "PST": -480, "Z": 0}
ABBREVIATIONS = PLAIN | BESIDE_A_CLOCK

_NAMES = "|".join(sorted((n for n in ABBREVIATIONS if n != "Z"), key=len, reverse=True))
OFFSET = r"(?:[ \u00a0]?[+\u2212-][ \u00a0]?\d{1,2}(?!\d)(?::?[0-5]\d)?)"
IN_TOKEN = (
    rf"(?:[ \u00a0]?(?:Z(?!\w)|\+(?:0\d|1[0-4]):?(?:00|30|45)(?![\d:])|\(?(?:UTC|GMT){OFFSET}?(?![\w:])\)?"
    rf"|\(?(?:{_NAMES})(?!\w)\)?|\(?[A-Z][a-z]{{2,12}}/[A-Z][A-Za-z_]{{2,24}}\)?"
    r"|[Hh]eure de [A-Z][a-zà-ÿ]{2,20}))"
)
_ANYWHERE = re.compile(
    rf"(?<![\w/-])(?:(?P<gmt>(?:UTC|GMT){OFFSET}?)|(?P<plain>{'|'.join(PLAIN)})"
    rf"|(?P<iana>[A-Z][a-z]{{2,12}}/[A-Z][A-Za-z_]{{2,24}})"
    r"|(?:[Hh]eure (?:normale )?(?:de |d['’])(?P<ville>[A-Z][a-zà-ÿ]{2,20}))"
    r"|(?P<city>[A-Z][a-z]{2,20}) time)(?![\w/-])"
)
_BESIDE = re.compile(rf"(?:\d[:hH]?\d{{2}}|[AaPp][Mm])[ \u00a0]?\(?(?P<name>{'|'.join(BESIDE_A_CLOCK)})(?!\w)")
_BRACKETED = re.compile(rf"\(\s{{0,2}}(?P<name>{_NAMES})\s{{0,2}}\)|^\W{{0,3}}(?P<alone>{_NAMES})\W{{0,3}}$")
_ISO = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2})?(?:\.\d{1,6})?(?P<offset>[+-]\d{2}:?\d{2})")
_CLOCKED = re.compile(r"\d{1,2}:\d{2}(?::\d{2})?(?P<offset>\+(?:0\d|1[0-4]):?(?:00|30|45))(?![\d:])")
ENOUGH = 4000


def zones_in(text: str) -> list[str]:
    """The names of the zones written in `text`, each once, in order; `Z` is UTC, a city is its IANA zone."""
    text = text[:ENOUGH]
    found = [(m.start(), name) for m in _ANYWHERE.finditer(text) if (name := _name(m))]
    found += [(m.start(), "UTC" if m["name"] == "Z" else m["name"]) for m in _BESIDE.finditer(text)]
    found += [(m.start(), m["name"] or m["alone"]) for m in _BRACKETED.finditer(text)]
    for pattern in (_ISO, _CLOCKED):
        found += [(m.start(), "UTC" + m["offset"]) for m in pattern.finditer(text)]
    return list(dict.fromkeys(name for _, name in sorted(found)))


def _name(match: re.Match[str]) -> str | None:
    if match["gmt"]:
        return re.sub(r"[ \u00a0]", "", match["gmt"]).replace("\u2212", "-")
    if match["plain"]:
        return match["plain"]
    if match["iana"]:
        return match["iana"] if match["iana"] in available() else None
    return by_city().get((match["ville"] or match["city"]).casefold())


@lru_cache(maxsize=1)
def available() -> frozenset[str]:
    return frozenset(available_timezones())


@lru_cache(maxsize=1)
def by_city() -> dict[str, str]:
    """`paris` -> `Europe/Paris`."""
    return {name.rsplit("/", 1)[1].replace("_", " ").casefold(): name for name in sorted(available()) if "/" in name}


def offsets(name: str) -> frozenset[int]:
    """
    Minutes east of Greenwich that a zone may mean: one for `CEST`, two for `Europe/Paris`. Empty when
    unknown.
    """
    if name in ABBREVIATIONS:
        return frozenset({ABBREVIATIONS[name]})
    if match := re.fullmatch(r"(?:UTC|GMT)([+-])(\d{1,2}):?(\d{2})?", name):
        minutes = int(match[2]) * 60 + int(match[3] or 0)
        return frozenset({minutes if match[1] == "+" else -minutes})
    if name in available():
        zone = ZoneInfo(name)
        days = (datetime(2026, month, 1, tzinfo=zone).utcoffset() for month in (1, 7))
        return frozenset(int(d.total_seconds() // 60) for d in days if d is not None)
    return frozenset()


def same(names: Iterable[str]) -> bool:
    """Whether the names can all mean one zone."""
    sets = [offsets(name) for name in names]
    return not sets or bool(frozenset.intersection(*sets))
