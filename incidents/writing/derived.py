"""
What a reader of the words alone would understand. A writer leaves out what is understood anyway; the reader of our own
dialect fills in the same.
"""

from __future__ import annotations

from collections.abc import Sequence

from incidents.reading.action_parts import due_in, owner_in, priority_in, priority_said
from incidents.reading.header import Facts, facts_of
from incidents.reading.labels import ZONE, Header
from incidents.reading.lines import Line as SourceLine
from incidents.reading.references import of_action
from incidents.reading.rows import Row
from incidents.reading.timeline import Days, place
from incidents.reading.tokens import Token, in_cell
from incidents.reading.values import Entry, Label, Zone

DETAILS = ("priority", "owner", "due", "due_raw", "references")


def header_of(labels: Sequence[tuple[str, str]]) -> Header:
    """Header lines as the general reader has them."""
    return Header(tuple(Label(label, value, i) for i, (label, value) in enumerate(labels, 1)), frozenset())


def facts(labels: Sequence[tuple[str, str]], title: str, language: str) -> Facts:
    """Days, severity and status that the header lines say."""
    return facts_of(header_of(labels), title, language)


def zone(labels: Sequence[tuple[str, str]]) -> Zone:
    """The zone that a header line of its own names."""
    label = header_of(labels).first(ZONE)
    return Zone(label.value, "stated") if label is not None and label.value else Zone()


def entries(tokens: Sequence[tuple[str, str]], days: Days, language: str) -> list[Entry]:
    """Entries for (token, text) pairs, placed by their tokens in order."""
    rows = [Row(_token(token, language), text, [SourceLine(1, "", "item")]) for token, text in tokens]
    return place(rows, days)[0]


def _token(written: str, language: str) -> Token:
    """The token as written: reading it again may not change it."""
    read = in_cell(written, language) if written else Token("", "", None)
    return Token(written, "", read.when)


def details(text: str, language: str) -> dict[str, object]:
    """What an action's own words say of it."""
    due, due_raw = due_in(text, language)
    return {
        "priority": priority_in(text.split("\n", 1)[0]) or priority_said(text),
        "owner": owner_in(text),
        "due": due,
        "due_raw": due_raw,
        "references": of_action(text),
    }
