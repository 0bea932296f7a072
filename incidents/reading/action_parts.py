"""What an action says of itself in passing: owner, priority, due day, kind."""

from __future__ import annotations

import re

from incidents.reading.dates import days_in
from incidents.reading.words import fold, unmarked

_CODE_SPAN = re.compile(r"`[^`]{1,200}`|https?://\S{1,300}")
_MENTION = re.compile(r"(?<![\w.@/])@[A-Za-zÀ-ÿ][\w.-]{1,38}\w(?:\s?(?:,|et|and|&|/)\s?@[A-Za-zÀ-ÿ][\w.-]{1,38}\w)*")
_OWNER = re.compile(
    r"(?<!\w)(?:owners?|responsables?|assign(?:ee|ed to|é à|ée à)|porteur"
    r"|pilote)(?:\*\*)?[ \u00a0]{0,2}:(?:\*\*)?[ \u00a0]{0,2}(?P<who>[^,;|()\n*—–]{1,60}?)[ .]{0,2}(?=$"
    r"|[,;|()\n*—–])",
    re.IGNORECASE,
)
_CODE = r"P[0-4]"
_WORD = r"(?:Critical|High|Medium|Low|Critique|Haute|Moyenne|Basse|Urgent)"
_PRIORITY = re.compile(
    (
        rf"^\W{{0,4}}(?P<lead>{_CODE})\b(?=\W)|[\[(](?P<box>{_CODE}|{_WORD})(?=[\]),;])"
        rf"|[,;(] ?(?P<inner>{_CODE})(?=[,;)])"
        rf"|(?:—|–|-|\|) (?P<tail>{_CODE})(?=\W{{0,3}}$| [—–|-])|(?:priorit[éey]+"
        rf"|priority)(?:\*\*)?[ \u00a0]{{0,2}}:(?:\*\*)?[ \u00a0]{{0,2}}(?P<said>[^,;|()\n*—–.]{{1,30}})"
        rf"|\[?(?P<word>{_WORD})\]? ?:"
    ),
    re.IGNORECASE,
)
_PRIORITY_SAID = re.compile(
    r"(?:priorit[éey]+|priority)[ \u00a0]{0,2}:[ \u00a0]{0,2}([^,;|()\n*—–.]{1,30})", re.IGNORECASE
)
_DUE = re.compile(
    r"(?<!\w)(?:due(?: date| by)?|by|before|avant(?: le)?|d['’]ici(?: le| au)?|échéance|echeance"
    r"|deadline|pour le|target"
    r"|eta)(?:\*\*)?[ \u00a0]{0,2}:?(?:\*\*)?[ \u00a0]{0,2}(?P<when>[^,;|()\n*]{2,40})",
    re.IGNORECASE,
)
_KINDS = (
    (
        "mitigating",
        re.compile(r"\b(?:mitigat\w*|immedia\w*|palliati\w*|contournement|workaround|urgence|curati\w*)\b"),
    ),
    ("preventive", re.compile(r"\b(?:prevent\w*|prevention|preventi\w*)\b")),
    ("corrective", re.compile(r"\b(?:correct\w*|fix\w*)\b")),
)
ENOUGH = 2000


def owner_in(text: str) -> str | None:
    """`@alice`, or who stands after `owner:`; None when nobody is named."""
    text = text[:ENOUGH]
    if match := _OWNER.search(text):
        return match["who"].strip()
    match = _MENTION.search(_CODE_SPAN.sub(lambda m: " " * len(m[0]), text))
    return match[0] if match else None


def priority_in(text: str) -> str | None:
    """`P1` in brackets, in front or at the end, or what stands after `priority:`; as written."""
    match = _PRIORITY.search(unmarked(text[:ENOUGH]))
    if match is None or match.lastgroup is None:
        return None
    return match[match.lastgroup].strip()


def priority_said(text: str) -> str | None:
    """What stands after `priority:` anywhere in the action's lines."""
    match = _PRIORITY_SAID.search(unmarked(text[:ENOUGH]))
    return match[1].strip() if match else None


def due_in(text: str, language: str, whole: bool = False) -> tuple[str | None, str | None]:
    """
    (day as YYYY-MM-DD, as written) of `due 2026-03-12` and the like; of the text itself when it is a `whole`
    cell.
    """
    text = text[:ENOUGH]
    for written in [text.strip()] if whole else [m["when"].strip() for m in _DUE.finditer(text)]:
        days = [day for found in days_in(written, language) if (day := found.in_year(None))]
        if days:
            return days[0].isoformat(), written
    return None, None


def kind_from(title: str) -> str | None:
    """mitigating, corrective or preventive, where a heading or a column says so."""
    text = fold(unmarked(title))
    kinds = [kind for kind, pattern in _KINDS if pattern.search(text)]
    return kinds[0] if len(kinds) == 1 else None
