"""The words of an exported report: in its own language whatever the reader's, so not by gettext."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

NOTHING = "—"  # stands where a value is known to be missing


@dataclass(frozen=True)
class Words:
    """`colon` stands between a label and its value, `sections` are headings by the name of what they hold."""

    colon: str
    prefix: str
    sections: Mapping[str, str]
    labels: Mapping[str, str]
    details: Mapping[str, str]
    states: Mapping[str, str]
    sources: Mapping[str, str]
    kinds: Mapping[str, str]
    references: Mapping[str, str]
    contributing: str
    trigger: str
    no_time: str
    untitled: str
    time: str
    event: str


ENGLISH = Words(
    colon=":",
    prefix="Post-mortem: ",
    sections={
        "summary": "Summary",
        "timeline": "Timeline",
        "causes": "Root causes",
        "actions": "Corrective actions",
        "done": "Done",
        "open": "To do",
        "dropped": "Dropped",
        "lessons": "Lessons learned",
        "references": "References",
        "appendix": "Appendix",
    },
    labels={
        "date": "Date",
        "status": "Status",
        "state": "State",
        "severity": "Severity",
        "level": "Severity level",
        "zone": "Time zone",
        "source": "Time zone is",
    },
    details={
        "priority": "priority",
        "owner": "owner",
        "due": "due",
        "due_raw": "due, as written",
        "status_raw": "status, as written",
        "kind": "kind",
        "references": "references",
    },
    states={
        "ongoing": "ongoing",
        "investigating": "investigating",
        "resolved": "resolved",
        "unknown": "unknown",
        "closed": "closed",
    },
    sources={"stated": "stated", "conflict": "contradictory", "assumed": "assumed"},
    kinds={"mitigating": "mitigating", "corrective": "corrective", "preventive": "preventive"},
    references={"pr": "PR", "issue": "Issue", "commit": "Commit", "unknown": "Other"},
    contributing="contributing",
    trigger="trigger",
    no_time="(no time)",
    untitled="(untitled)",
    time="Time",
    event="What happened",
)
FRENCH = Words(
    colon="\u00a0:",
    prefix="Post-mortem\u00a0: ",
    sections={
        "summary": "Résumé",
        "timeline": "Chronologie",
        "causes": "Causes racines",
        "actions": "Actions correctives",
        "done": "Fait",
        "open": "À faire",
        "dropped": "Abandonné",
        "lessons": "Leçons apprises",
        "references": "Références",
        "appendix": "Annexe",
    },
    labels={
        "date": "Date",
        "status": "Statut",
        "state": "État",
        "severity": "Sévérité",
        "level": "Niveau de sévérité",
        "zone": "Fuseau horaire",
        "source": "Le fuseau est",
    },
    details={
        "priority": "priorité",
        "owner": "responsable",
        "due": "échéance",
        "due_raw": "échéance écrite",
        "status_raw": "statut écrit",
        "kind": "nature",
        "references": "références",
    },
    states={
        "ongoing": "en cours",
        "investigating": "en cours d’analyse",
        "resolved": "résolu",
        "unknown": "inconnu",
        "closed": "clos",
    },
    sources={"stated": "écrit", "conflict": "contradictoire", "assumed": "supposé"},
    kinds={"mitigating": "palliative", "corrective": "corrective", "preventive": "préventive"},
    references={"pr": "PR", "issue": "Ticket", "commit": "Commit", "unknown": "Autre"},
    contributing="contributive",
    trigger="déclencheur",
    no_time="(sans heure)",
    untitled="(sans titre)",
    time="Heure",
    event="Événement",
)


def words_of(language: str) -> Words:
    """French for `fr`, English for everything else."""
    return FRENCH if language == "fr" else ENGLISH


def taken(title: str, words: Words) -> bool:
    """Whether a heading is one of ours, so that an appendix of that name needs `Appendix:` before it."""
    prefix = f"{words.sections['appendix']}{words.colon}"
    while title.startswith(prefix):
        title = title.removeprefix(prefix).removeprefix(" ")
    return not title or title in words.sections.values()


def named(table: Mapping[str, str], word: str) -> str | None:
    """The key of a word, None for a word that is none of the table's."""
    return next((key for key, value in table.items() if value == word), None)
