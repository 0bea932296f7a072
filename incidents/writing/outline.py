"""What the set forms of a report (HTML, PDF) have in common: its head as label and value, its actions in groups."""

from __future__ import annotations

from collections.abc import Iterator

from incidents.reading.values import Action
from incidents.report import Report
from incidents.writing import derived
from incidents.writing.escaping import unescaped
from incidents.writing.markdown import GROUPS, said
from incidents.writing.words import Words


def head(report: Report, words: Words) -> list[tuple[str, str]]:
    """
    Label and value: day, status and severity first where the header lines do not say them; then the lines as written;
    the zone last.
    """
    found = [(name, unescaped(value)) for name, value in said(report, words)]
    before = [(words.labels[name], value) for name, value in found if name not in ("zone", "source")]
    after = [(words.labels[name], value) for name, value in found if name in ("zone", "source")]
    return before + [(line.label, line.value) for line in report.metadata] + after


def groups(report: Report, words: Words) -> Iterator[tuple[str, list[Action]]]:
    """The actions by what became of them, each group with its heading; groups without any are left out."""
    for name, states in GROUPS:
        mine = [action for action in report.actions if action.status in states]
        if mine:
            yield words.sections[name], mine


def details(action: Action, heading: str, words: Words, language: str) -> list[str]:
    """What is known of an action beside its own words and the heading that it stands under, to be set below it."""
    spoken = derived.details(action.text, language)
    pairs = [
        ("priority", action.priority if action.priority != spoken["priority"] else None),
        ("owner", action.owner if action.owner != spoken["owner"] else None),
        ("due", (action.due or action.due_raw) if action.due != spoken["due"] else None),
        ("kind", words.kinds.get(action.kind) if action.kind != "corrective" else None),
        ("references", ", ".join(action.references) if action.references != spoken["references"] else None),
        ("status_raw", action.status_raw if action.status == "in_progress" else None),
    ]
    horizon = action.group_or_horizon
    found = [horizon] if horizon and horizon != heading else []
    found += [f"{words.details[name]}{words.colon} {value}" for name, value in pairs if value]
    cells = ((column, cell) for column, cell in action.fields if cell not in action.references)
    return found + [f"{column}{words.colon} {cell}" for column, cell in cells]


def tags(kind: str, trigger: bool, words: Words) -> str:
    """`contributing, trigger` of a cause; empty for a root cause."""
    found = [words.contributing] if kind == "contributing" else []
    return ", ".join([*found, words.trigger] if trigger else found)
