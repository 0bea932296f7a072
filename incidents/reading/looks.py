"""Whether a document is a post-mortem at all, a template of one, or something else."""

from __future__ import annotations

import re
from collections.abc import Sequence

from incidents.reading.lines import Line
from incidents.reading.words import HEAD, fold

_TITLE = re.compile(
    r"\b(?:post-?mortems?|incidents?|outages?|pannes?|rca|root cause|retours? d'experience|retex"
    r"|coupure|indisponibilite|crash|perte|corruption|failure|down|downtime|degradation"
    r"|interruption)\b"
)
_TEMPLATE_TITLE = re.compile(
    r"\b(?:templates?|modeles?|gabarit|canevas|squelette|boilerplate)\b|[\[<{][^\]>}]{2,60}[\]>}]"
)
_PLACEHOLDER = re.compile(
    (
        r"\[(?![ xX~/-]\])(?!#?\d)[^\]\n]{2,80}\](?![(\[:])|<(?!!--|https?:|/?(?:br|b|i|p|details"
        r"|summary|img|a|div|span|code|pre|sub|sup|kbd|table|tr|td|th|ul|li|ol)\b)[^<>\n]{2,80}>"
        r"|\{\{?[^{}\n]{2,60}\}\}?|\b(?:YYYY|AAAA|HH:MM|hh:mm|JJ/MM|DD/MM|MM/DD|XX:XX|xx:xx|TBD|TODO"
        r"|XXX+|lorem ipsum)\b|_{4,}|(?:^|\|)\s{0,3}(?:\.{3}|…)\s{0,3}(?:\||$)"
    ),
)
_CODE = re.compile(r"`[^`]{1,200}`")
PLACEHOLDERS = 5  # more than a report leaves open


def why_not(title: str, kinds: int, dated: bool, labelled: bool, told: bool, lines: Sequence[Line]) -> str | None:
    """
    A reason why this is no post-mortem, None when it is one. `kinds` counts the record lists that are not
    empty,
    `labelled` says whether a severity or status is stated, `told` whether a severity, a timeline or a cause is.
    """
    if not any(line.kind != "blank" for line in lines):
        return "it is empty"
    name = fold(title)
    placeholders = _placeholders(lines)
    if re.search(r"\b(?:templates?|modeles?|gabarit|canevas)\b", name) and (placeholders >= 2 or not dated):
        return "it is a template"
    if not dated and placeholders >= (2 if _TEMPLATE_TITLE.search(name) else PLACEHOLDERS):
        return "it is a template: its blanks are not filled in"
    points = kinds + (1 if dated else 0) + (1 if labelled else 0) + (1 if _TITLE.search(name) else 0)
    if kinds == 0 and points < 3:
        return "it has no timeline, no causes, no actions and no lessons"
    if not told and not _TITLE.search(name):
        return "it has no timeline, no causes and no severity"
    return "too little in it speaks of an incident" if points < 3 else None


def _placeholders(lines: Sequence[Line]) -> int:
    found = 0
    for line in lines[:3000]:
        if line.kind not in ("fence", "comment", "rule", "blank"):
            found += sum(1 for _ in _PLACEHOLDER.finditer(_CODE.sub("", line.text[:HEAD])))
    return found
