"""Why an incident cannot be closed: every reason at once. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Standing:
    """What of an incident decides it: its state, what is written, and how many of its actions are still owed."""

    state: str
    severity: str
    summary: str
    entries: int
    causes: int
    owed: int


@dataclass(frozen=True)
class Reason:
    """A code of `incidents.sentences`, and how many of the thing there are."""

    code: str
    count: int = 0


def reasons(standing: Standing) -> Iterator[Reason]:
    if standing.state == "ongoing":
        yield Reason("still-ongoing")
    if not standing.severity:
        yield Reason("no-severity")
    if not standing.summary.strip():
        yield Reason("no-summary")
    if not standing.entries:
        yield Reason("no-timeline")
    if not standing.causes:
        yield Reason("no-cause")
    if standing.owed:
        yield Reason("actions-owed", standing.owed)
