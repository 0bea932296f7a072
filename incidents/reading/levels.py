"""
Severity and status words, and what they stand for. The tables are those of the reading contract, widened by
synonyms.
"""

from __future__ import annotations

import re

from incidents.reading.values import Severity, Status
from incidents.reading.words import fold, unmarked, without_icons

_CODE = re.compile(r"(?<![\w-])(?:sev(?:erity|erite)?|s|p|priority|priorite|niveau|level)[ -]?([0-4])(?![\w%]|[.:]\d)")
_LEVELS = (
    ("S1", r"critical|critiques?|blocker|bloquante?|catastroph\w+"),
    ("S2", r"high|hautes?|major|majeure?s?|elevee?s?|importante?s?|severe|grave"),
    ("S3", r"medium|moyen(?:ne)?s?|moderate|moderee?s?|intermediaire"),
    ("S4", r"low|basses?|minor|mineure?s?|faibles?|cosmeti\w+"),
)
_WORD = re.compile("|".join(rf"(?P<{level}>\b(?:{words})\b)" for level, words in _LEVELS))

_RESOLVED = (
    r"(?:resolu\w*|resolved|fixed|closed|clos(?:e|ed)?|clotur\w+|termine\w*|corrige\w*|retabli\w*"
    r"|restored|restaure\w*|recovered|done|complete[d]?|over|ferme\w*|regle\w*|solved|ended"
    r"|back to normal|operational|ok|stable|stabilise\w*)"
)
_NOT_YET = re.compile(
    r"\b(?:(?:not|non|pas|un|partially|partly|partiellement|en partie)[ -]?(?:encore |yet |fully "
    r"|entierement |completement |totalement )?" + _RESOLVED + r"|unresolved|partial\w*)\b"
)
_FIRST = re.compile(
    r"\W*(?:incident )?(?:est |is |now |fully |entierement |totalement |completement )?" + _RESOLVED + r"\b"
)
_ANY_RESOLVED = re.compile(r"\b" + _RESOLVED + r"\b")
_INVESTIGATING = re.compile(
    r"\b(?:investigat\w+|enquete\w*|(?:analyse|analysis|diagnos\w+|root cause analysis"
    r"|rca) (?:is )?(?:en cours|ongoing|in progress|under way)|en cours d'(?:analyse|investigation"
    r"|enquete)|under (?:analysis|investigation)|a l'etude)\b"
)
_ONGOING = re.compile(
    r"\b(?:in progress|en cours|ongoing|underway|under way|open|opened|ouverte?|active|actif"
    r"|degrade\w*|degraded|monitoring|surveillance|mitigat\w+|attenue\w*|contourne\w*|workaround"
    r"|down|identifie\w*|identified|en attente|pending|a resoudre|persist\w+)\b"
)
_IN_PROGRESS = re.compile(r"\b(?:in progress|en cours|ongoing|underway|under way|pending|en attente)\b")
_RECOVERY = re.compile(
    r"\b(?:recover\w*|restor\w*|restaur\w*|recuperation|retablissement|repair\w*|reparation"
    r"|rebuild\w*|reconstruction|migration|donnees|data)\b"
)
_ABOUT_PAPER = re.compile(
    r"\b(?:action\w*|follow-?ups?|suivi\w*|post-?mortem|report|rapport|redaction|review|revue"
    r"|document\w*|draft|brouillon|final)\b"
)
_CLAUSES = re.compile(r"[,;()/|.\u2013\u2014\u2192]| - |\bmais\b|\bbut\b|\bet\b|\band\b")
_PLAIN_STATUS = re.compile(
    r"\W*(?:resolue?|resolved|closed|clos|clos(?:e|ed)|cloture|termine|fixed|ongoing|en cours"
    r"|in progress|open|ouvert|investigating|en investigation)\W*"
)
ENOUGH = 400


def severity_of(raw: str | None) -> tuple[Severity, bool]:
    """
    The severity, and whether it was mapped from a bare word that is no S or P code (Critical is one by
    itself).
    """
    if not raw or not raw.strip(" -–—"):
        return Severity(), False
    text = fold(unmarked(raw[:ENOUGH]))
    if code := _CODE.search(text):
        return Severity(raw, f"S{max(1, int(code[1]))}"), code[1] == "0"
    if word := _WORD.search(text):
        return Severity(raw, word.lastgroup), word.lastgroup != "S1"
    return Severity(raw, None), True


def status_of(raw: str | None) -> tuple[Status, bool]:
    """The status, and whether free text was mapped rather than one plain word."""
    if raw is None or not raw.strip():
        return Status(), False
    text = fold(without_icons(unmarked(raw[:ENOUGH])))
    return Status(raw, _state(text)), not _PLAIN_STATUS.fullmatch(re.sub(r"\([^)]*\)", "", text))


def _state(text: str) -> str:
    """
    ongoing, investigating, resolved or unknown. Recovery in progress is ongoing whatever was recovered;
    follow-up
    actions in progress are not the incident's.
    """
    if _NOT_YET.search(text):
        return "ongoing"
    clauses = [c for c in _CLAUSES.split(text) if c.strip()]
    about = [c for c in clauses if not _ABOUT_PAPER.search(c)] or clauses
    if any(_IN_PROGRESS.search(c) and _RECOVERY.search(c) for c in about):
        return "ongoing"
    if about and _FIRST.match(about[0]) and about[0] is clauses[0]:
        return "resolved"
    for state, pattern in (
        ("investigating", _INVESTIGATING),
        ("ongoing", _ONGOING),
        ("resolved", _ANY_RESOLVED),
    ):
        if any(pattern.search(c) for c in about):
            return state
    return "unknown"
