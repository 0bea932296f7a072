"""
Headings as a tree, with what each announces. Bold lines and `Timeline:` lines stand in where headings are
missing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from incidents.reading.blocks import Block, blocks
from incidents.reading.kinds import WEAK, kind_of
from incidents.reading.lines import Line
from incidents.reading.words import HEAD

PSEUDO = 7  # the level of a bold line that stands in for a heading: below every real one

_BOLD_LINE = re.compile(r"(?:\*\*|__)([^*_]{2,60})(?:\*\*|__)\s{0,3}:?\s{0,3}$")
_PLAIN_LINE = re.compile(r"([A-Za-zÀ-ÿ][^:.|]{2,50}?)\s{0,2}:$")
RECORDS = ("timeline", "causes", "actions", "lessons")


@dataclass
class Section:
    """
    A heading with the lines under it. `head` is None for what comes before the first heading. `kind` is what it is
    read as, its parent's where it announces nothing itself.
    """

    head: Line | None
    level: int
    own: list[Line] = field(default_factory=list)
    children: list[Section] = field(default_factory=list)
    parent: Section | None = None
    kind: str | None = None
    announced: str | None = None

    @property
    def title(self) -> str:
        return self.head.title if self.head else ""

    @property
    def real(self) -> bool:
        """Whether its heading is one that Markdown knows by `#`, which the contract calls heading."""
        return self.head is not None and self.head.kind == "heading"

    @cached_property
    def blocks(self) -> list[Block]:
        """The blocks of its own lines, without those of its children."""
        return blocks(self.own)

    @property
    def last(self) -> int:
        """The number of its last line, children included."""
        section = self
        while section.children:
            section = section.children[-1]
        return section.own[-1].number if section.own else section.head.number if section.head else 0

    def walk(self) -> Iterator[Section]:
        """Itself and everything below, in document order."""
        stack = [self]
        while stack:
            section = stack.pop()
            yield section
            stack.extend(reversed(section.children))

    def lines(self) -> list[Line]:
        """All its lines after its heading, in order, the headings of its children included."""
        found: list[Line] = []
        for section in self.walk():
            if section is not self and section.head:
                found.append(section.head)
            found.extend(section.own)
        return found


def tree(lines: Sequence[Line]) -> Section:
    """The document as a root section with kinds given."""
    root = Section(None, 0)
    here = root
    for line in lines:
        level = _level(line, here)
        if not level:
            here.own.append(line)
            continue
        parent = here
        while parent.level >= level and parent.parent is not None:
            parent = parent.parent
        here = Section(line if line.kind in ("heading", "setext") else _titled(line), level, parent=parent)
        parent.children.append(here)
    _give_kinds(root)
    return root


def _level(line: Line, here: Section) -> int:
    if line.kind in ("heading", "setext"):
        return line.level
    if line.kind != "text" or len(line.text) > 100 or line.indent > 3:
        return 0
    title = _stand_in(line)
    if title is None or _inside_records(here) or kind_of(title, strict=True) in (None, "appendix"):
        return 0
    return PSEUDO


def _stand_in(line: Line) -> str | None:
    text = line.text.strip()[:HEAD]
    match = _BOLD_LINE.match(text) or _PLAIN_LINE.match(text)
    if match is None and text.isupper() and len(text) < 50:
        return text
    return match[1] if match else None


def _titled(line: Line) -> Line:
    title = (_stand_in(line) or "").rstrip(" :")
    return Line(line.number, line.text, "stand-in", PSEUDO, title)


def _inside_records(here: Section) -> bool:
    """Whether a real heading above already says what the lines are, so that a bold line is only emphasis."""
    section: Section | None = here
    while section is not None and section.head is not None:
        if section.level != PSEUDO and kind_of(section.title) in RECORDS:
            return True
        section = section.parent
    return False


def _give_kinds(root: Section) -> None:
    first_title = next((s for s in root.children if s.level == 1), None)
    for section in root.walk():
        if section is root or section is first_title:
            continue
        parent = section.parent
        inherited = parent.kind if parent is not None else None
        inside = inherited in RECORDS
        section.announced = kind_of(section.title, strict=inside)
        section.kind = _settled(section.announced, inherited)
    _settle_weak(root)


def _settled(announced: str | None, inherited: str | None) -> str | None:
    if inherited == "appendix":
        return "appendix"
    if inherited in RECORDS and (announced in (None, "summary", "header") or announced in WEAK):
        return inherited
    if inherited == "lessons" and announced == "causes":
        return inherited
    if inherited in WEAK and announced is None:
        return inherited
    return announced


def _settle_weak(root: Section) -> None:
    """
    A weak heading counts only where no strong one of its kind stands; `what happened` only where times
    follow.
    """
    for weak in WEAK:
        kind = weak.removeprefix("weak-")
        strong = any(s.kind == kind for s in root.walk())
        for section in root.walk():
            if section.kind == weak and weak != "weak-timeline":
                section.kind = None if strong else kind
            elif section.kind == weak and strong:
                section.kind = None
