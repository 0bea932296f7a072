"""
Who holds each line: a record, the header, a heading, the summary, the layout of a table, or the appendix.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from incidents.reading.blocks import verbatim
from incidents.reading.lines import Line, is_table_rule
from incidents.reading.sections import Section
from incidents.reading.values import Appendix, Range

Claim = tuple[str, str | None]  # kind and, for a record, its ref

_RULE = re.compile(r"-{3,}|\*{3,}|_{3,}")
HEADING: Claim = ("heading", None)
LAYOUT: Claim = ("layout", None)
APPENDIX: Claim = ("appendix", None)


def _is_layout(line: Line) -> bool:
    return line.kind in ("rule", "matter") and _RULE.fullmatch(line.text.strip()) is not None


class Ledger:
    """
    Every line once. The first claim of a line holds; what nobody claims is appendix, unless it is a heading
    or rule.
    """

    def __init__(self, lines: Sequence[Line]) -> None:
        self.lines = lines
        self.claims: dict[int, Claim] = {}

    def claim(self, lines: Iterable[Line], kind: str, ref: str | None = None) -> None:
        """Take lines that are not taken yet; blank ones belong to nobody."""
        for line in lines:
            if line.kind != "blank":
                self.claims.setdefault(line.number, (kind, ref))

    def layout(self, tables: Iterable[Sequence[Line]]) -> None:
        """Take the heads and rules of tables whose rows became records."""
        for table in tables:
            for above, line in zip([None, *table], table, strict=False):
                if is_table_rule(line.text.strip()):
                    self.claim([line], "layout")
                    if above is not None and above.text.lstrip().startswith("|") and above is table[0]:
                        self.claim([above], "layout")

    def rename(self, name: str, places: dict[int, int]) -> None:
        """Give the records of one list the places that they have after sorting: old place to new."""
        for number, (kind, ref) in self.claims.items():
            if ref is not None and ref.startswith(f"{name}/"):
                self.claims[number] = (kind, f"{name}/{places[int(ref.split('/')[1])]}")

    def settled(self, line: Line) -> Claim | None:
        """Who holds a line, None for nobody: then it is appendix."""
        if line.number in self.claims:
            return self.claims[line.number]
        if line.kind == "heading":
            return HEADING
        return LAYOUT if _is_layout(line) else None

    def ranges(self) -> tuple[Range, ...]:
        """Every non-blank line in exactly one range; neighbours with one owner are one range."""
        found: list[Range] = []
        for line in self.lines:
            if line.kind == "blank":
                continue
            kind, ref = self.settled(line) or APPENDIX
            last = found[-1] if found else None
            if last is not None and (last.kind, last.ref) == (kind, ref) and self._joined(last.line_to, line.number):
                found[-1] = Range(last.line_from, line.number, kind, ref)
            else:
                found.append(Range(line.number, line.number, kind, ref))
        return tuple(found)

    def _joined(self, above: int, below: int) -> bool:
        """Whether only blank lines stand between two lines."""
        return below - above < 2 or all(self.lines[n - 1].kind == "blank" for n in range(above + 1, below))


def appendices(root: Section, ledger: Ledger) -> tuple[Appendix, ...]:
    """
    What became no record: whole sections where nothing was taken, and the remaining lines of the others.
    """
    found: list[Appendix] = []
    untaken = _untaken(root, ledger)
    stack = [root]
    while stack:
        section = stack.pop()
        if section.head is not None and id(section) in untaken:
            if whole := _entry(section.title, section.lines(), section.head.number):
                found.append(whole)
            continue
        found.extend(_left_over(section, ledger))
        stack.extend(reversed(section.children))
    return tuple(sorted(found, key=lambda a: a.line_from))


def _untaken(root: Section, ledger: Ledger) -> set[int]:
    """The sections of which no line, nor any below, was taken; by identity, computed from the leaves up."""
    taken: dict[int, bool] = {}
    for section in reversed(list(root.walk())):
        lines = ([section.head] if section.head else []) + section.own
        own = any(line.number in ledger.claims for line in lines)
        taken[id(section)] = own or any(taken[id(child)] for child in section.children)
    return {key for key, value in taken.items() if not value}


def _left_over(section: Section, ledger: Ledger) -> list[Appendix]:
    """Runs of the section's own lines that nobody took; its heading too where Markdown knows none there."""
    found: list[Appendix] = []
    run: list[Line] = []
    head = [section.head] if section.head is not None and section.head.kind != "heading" else []
    for line in [*head, *section.own]:
        if ledger.settled(line) is None:
            run.append(line)
        else:
            found += _closed(section, run)
            run = []
    return found + _closed(section, run)


def _closed(section: Section, run: list[Line]) -> list[Appendix]:
    while run and run[0].kind == "blank":
        run = run[1:]
    entry = _entry(section.title or None, run, None)
    return [entry] if entry else []


def _entry(heading: str | None, lines: Sequence[Line], head: int | None) -> Appendix | None:
    lines = list(lines)
    while lines and (lines[-1].kind == "blank" or _is_layout(lines[-1])):
        lines.pop()
    if not lines and head is None:
        return None
    last = lines[-1].number if lines else head
    first = head if head is not None else lines[0].number
    assert first is not None
    assert last is not None
    return Appendix(heading, first, last, verbatim(lines))
