"""Lessons: the items of the lessons sections, whatever sub-headings they stand under."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from incidents.reading.blocks import Block, verbatim
from incidents.reading.lines import Line
from incidents.reading.sections import Section
from incidents.reading.tables import cells, without_number
from incidents.reading.values import Lesson
from incidents.reading.words import numbered


@dataclass(frozen=True)
class Found:
    """A lesson with the lines that it owns."""

    lesson: Lesson
    lines: tuple[Line, ...]


def lessons_of(sections: Sequence[Section]) -> list[Found]:
    """The lessons of all sections that announce them, in document order."""
    return [found for section in sections for found in _of_section(section)]


def _of_section(section: Section) -> Iterator[Found]:
    below = section.parent is not None and section.parent.kind == "lessons"
    listed = [b for b in section.blocks if b.kind in ("list", "table")]
    following = [*section.blocks[1:], None]
    pairs = zip(section.blocks, following, strict=False)
    prose = [b for b, after in pairs if b.kind in ("paragraph", "fence") and not _leads(b, after)]
    if below and section.blocks and (prose or (numbered(section.title) and not section.children)):
        yield _whole(section)
    elif listed:
        for block in listed:
            yield from _of_list(block)
    else:
        yield from (Found(Lesson(verbatim(b.lines), b.lines[0].number), b.lines) for b in prose)


def _leads(block: Block, after: Block | None) -> bool:
    """Whether a paragraph only leads into the list after it."""
    listed = after is not None and after.kind in ("list", "table")
    return listed and len(block.lines) == 1 and block.lines[-1].text.rstrip().endswith(":")


def _whole(section: Section) -> Found:
    """A sub-heading with prose is one lesson."""
    lines = list(section.own)
    while lines and lines[-1].kind in ("blank", "rule"):
        lines.pop()
    while lines and lines[0].kind in ("blank", "underline"):
        lines.pop(0)
    head = section.head
    assert head is not None
    return Found(Lesson(f"{section.title}\n\n{verbatim(lines)}".strip(), head.number), (head, *lines))


def _of_list(block: Block) -> Iterator[Found]:
    if block.kind == "table":
        for line in block.rows:
            text = " — ".join(c for c in without_number(block.head, cells(line)) if c)
            if text:
                yield Found(Lesson(text, line.number), (line,))
        return
    for item in block.items:
        text = "\n".join(part for part in (item.head, item.rest) if part)
        if text.strip():
            yield Found(Lesson(text, item.number), item.lines)
