"""Cells of a table's lines, and which column means what, from its head or from what stands in it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from incidents.reading.lines import Line
from incidents.reading.words import HEAD, bare_title, fold, unmarked


def cells(line: Line) -> list[str]:
    """The cells of a row, trimmed; `\\|` is a pipe of the text. Also `||` heads as wikis export them."""
    text = line.text.strip()
    if text.startswith("||"):
        return [c.strip() for c in text.strip("|").split("||")]
    text = text.removeprefix("|")
    if "\\|" not in text:
        parts = text.split("|")
    else:
        parts = [p.replace("\0", "\\|") for p in text.replace("\\|", "\0").split("|")]
    if len(parts) > 1 and not parts[-1].strip():
        parts.pop()
    return [p.strip() for p in parts]


_NUMBERS = ("#", "n", "n°", "no", "nº", "num", "numero", "number", "")


def without_number(head: Line | None, row: Sequence[str]) -> list[str]:
    """The row with the cell that only counts rows emptied, where the head says that its column does."""
    names = [fold(unmarked(c)).strip(" .:") for c in cells(head)] if head else []
    counts = {i for i, name in enumerate(names) if name in _NUMBERS}
    return ["" if i in counts and cell.strip(" .)*").isdigit() else cell for i, cell in enumerate(row)]


def columns(head: Line | None, roles: Mapping[str, re.Pattern[str]]) -> dict[str, int]:
    """
    Which column plays which role: each role takes the first column whose head its pattern matches whole.
    """
    taken: dict[str, int] = {}
    names = [bare_title(c)[:HEAD] for c in cells(head)] if head else []
    for role, pattern in roles.items():
        for i, name in enumerate(names):
            if i not in taken.values() and pattern.fullmatch(name):
                taken[role] = i
                break
    return taken


def cell(row: Sequence[str], column: int | None) -> str:
    """The cell, empty when the row is too short or there is no such column."""
    return row[column] if column is not None and column < len(row) else ""


def widest(rows: Sequence[Sequence[str]], but: Sequence[int]) -> int | None:
    """The column, other than `but`, that holds the most text."""
    width = max((len(r) for r in rows), default=0)
    sizes = {i: sum(len(cell(r, i)) for r in rows[:200]) for i in range(width) if i not in but}
    return max(sizes, key=lambda i: sizes[i]) if sizes else None
