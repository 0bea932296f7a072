"""`read`: bytes in, a Document out. Refuses what is no text by raising Unreadable; raises nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from incidents.reading import actions, causes, lessons
from incidents.reading.coverage import Ledger, appendices
from incidents.reading.encoding import Text, decode
from incidents.reading.findings import findings
from incidents.reading.header import facts_of, title_of, zone_of
from incidents.reading.labels import CAUSE, SUMMARY, Header, read_header
from incidents.reading.language import language_of
from incidents.reading.lines import Line, classified
from incidents.reading.notices import notice
from incidents.reading.ours import is_ours, plain, read_ours
from incidents.reading.ours_lines import NotOurs
from incidents.reading.references import references_in
from incidents.reading.rows import Row, rows_of
from incidents.reading.sections import Section, tree
from incidents.reading.tables import cells
from incidents.reading.timeline import place
from incidents.reading.values import Cause, Document, Label, Notice
from incidents.reading.words import fold

LOOSE_ROWS = 3  # rows with a time that make a section without a known heading a timeline


@dataclass(frozen=True)
class Source:
    """The document taken apart: its lines, its headings, its header."""

    text: Text
    lines: tuple[Line, ...]
    root: Section
    header: Header
    language: str
    title: str


def read(data: bytes, filename: str = "") -> Document:
    """What a careful person reads in `data`. Raises Unreadable for what is too big or no text."""
    text = decode(data)
    if is_ours(text.lines):
        try:
            return read_ours(text.lines, text.encoding)
        except NotOurs:
            text = replace(text, text="\n".join(plain(text.lines)))
    return _general(text, filename)


def _general(text: Text, filename: str) -> Document:
    """A document of whatever shape."""
    source = _taken_apart(text, filename)
    facts = facts_of(source.header, source.title, source.language)
    timeline_sections, rows = _rows(source)
    entries, placed_notices, days = place(rows, facts.days)
    ledger = Ledger(source.lines)
    found_causes = _causes(source)
    found_actions = actions.actions_of(_of_kind(source.root, "actions"), source.language)
    found_lessons = lessons.lessons_of(_of_kind(source.root, "lessons"))
    _claim_records(ledger, [r for r in rows if not r.marker], found_causes, found_actions, found_lessons)
    summary = _claim_rest(ledger, source)
    headings = [*_time_heads(timeline_sections), *(s.title for s in timeline_sections)]
    zone, zone_notices = zone_of(source.header, headings, entries)
    document = Document(
        title=source.title, language=source.language, occurred=facts.occurred, severity=facts.severity,
        status=facts.status, zone=zone, summary=summary, metadata=source.header.labels, timeline=tuple(entries),
        causes=tuple(f.cause for f in found_causes), actions=tuple(f.action for f in found_actions),
        lessons=tuple(f.lesson for f in found_lessons), references=references_in(source.lines),
        appendix=appendices(source.root, ledger), warnings=(), coverage=ledger.ranges(),
        lines=source.text.lines, encoding=source.text.encoding,
    )  # fmt: skip
    notices = [*_encoding_notice(source.text), *facts.notices, *zone_notices, *placed_notices]
    notices += [n for f in found_actions for n in f.notices]
    notices += findings(document, source.root, source.lines, facts, days)
    ordered = sorted(notices, key=lambda n: (n.line is None, n.line or 0))
    return replace(document, warnings=tuple(ordered))


def _taken_apart(text: Text, filename: str) -> Source:
    lines = classified(text.lines)
    root = tree(lines)
    first = next((s for s in root.children if s.level == 1), None)
    preamble = [root, first] if first is not None else [root]
    others = [s for s in (first.children if first is not None and first.children else root.children) if s is not first]
    header = read_header(preamble, others)
    prose = (line.text for line in lines if line.kind in ("text", "item", "table", "comment"))
    language = language_of(prose, (line.title for line in lines if line.title))
    return Source(text, tuple(lines), root, header, language, title_of(root, header, filename))


def _of_kind(root: Section, kind: str) -> list[Section]:
    return [s for s in root.walk() if s.kind == kind]


def _rows(source: Source) -> tuple[list[Section], list[Row]]:
    """
    The timeline's rows: of the sections that announce one, else of those that hardly hold anything else.
    """
    sections = _of_kind(source.root, "timeline")
    if not sections:
        sections = [
            s for s in source.root.walk() if s.kind in (None, "weak-timeline", "header") and _like_timeline(s, source)
        ]
    return sections, [row for s in sections for row in rows_of(s, source.language, loose=s.kind == "timeline")]


def _like_timeline(section: Section, source: Source) -> bool:
    if not section.own or any(line.number in {x.line for x in source.header.labels} for line in section.own[:3]):
        return False
    rows = [r for r in rows_of(section, source.language, loose=False) if not r.marker]
    timed = [r for r in rows if r.token.when is not None and r.token.when.start.clock is not None]
    return len(timed) >= LOOSE_ROWS and len(timed) * 3 >= len(rows) * 2


def _time_heads(sections: Sequence[Section]) -> Iterator[str]:
    """The heads of the columns of timeline tables, which may name a zone; each as if it stood in brackets."""
    for section in sections:
        for block in section.blocks:
            if block.kind == "table" and block.head is not None:
                yield from cells(block.head)
            elif block.kind == "paragraph" and section.blocks[0] is block:
                yield from (line.text[:200] for line in block.lines[:3])


def _causes(source: Source) -> list[causes.Found]:
    found = causes.causes_of(_of_kind(source.root, "causes"))
    if found:
        return found
    by_line = {line.number: line for line in source.lines}
    labels = [x for x in source.header.labels if CAUSE.fullmatch(fold(x.label)) and x.value.strip()]
    return [causes.Found(_labelled(label), (by_line[label.line],)) for label in labels if _alone(label, source.header)]


def _alone(label: Label, header: Header) -> bool:
    return sum(other.line == label.line for other in header.labels) == 1


def _labelled(label: Label) -> Cause:
    return Cause(
        label.label,
        label.value,
        label.line,
        "trigger" in fold(label.label) or "declencheur" in fold(label.label),
    )


def _claim_records(
    ledger: Ledger, rows: Sequence[Row], found_causes: Sequence[causes.Found],
    found_actions: Sequence[actions.Found], found_lessons: Sequence[lessons.Found],
) -> None:  # fmt: skip
    """Give every record its lines; the heads of the tables that records come from are layout."""
    for i, row in enumerate(rows):
        ledger.claim([*row.lines, *row.more], "record", f"timeline/{i}")
    for name, owned in (
        ("causes", [f.lines for f in found_causes]),
        ("actions", [f.lines for f in found_actions]),
        ("lessons", [f.lines for f in found_lessons]),
    ):
        for i, lines in enumerate(owned):
            ledger.claim(lines, "record", f"{name}/{i}")


def _claim_rest(ledger: Ledger, source: Source) -> str:
    """Header lines, heads of tables that became records, and the summary, whose text is returned."""
    by_line = {line.number: line for line in source.lines}
    ledger.claim((by_line[n] for n in sorted(source.header.bold)), "metadata")
    for section in source.root.walk():
        tables = [b.lines for b in section.blocks if b.kind == "table" and b.rows and b.rows[0].number in ledger.claims]
        ledger.layout(tables)
    return _summary(ledger, source)


def _summary(ledger: Ledger, source: Source) -> str:
    """
    The lines of the summary sections; else a summary label; else the prose between title and first section.
    """
    parts: list[str] = []
    for section in _of_kind(source.root, "summary"):
        parts += _claimed(ledger, section)
    if not parts and (label := source.header.first(SUMMARY)):
        return label.value
    if not parts:
        parts = _opening(ledger, source)
    return "\n\n".join(parts)


def _claimed(ledger: Ledger, section: Section, only: str | None = None) -> list[str]:
    parts = []
    for block in section.blocks:
        lines = [x for x in block.lines if ledger.settled(x) is None]
        if lines and (only is None or block.kind == only):
            ledger.claim(lines, "summary")
            parts.append("\n".join(line.text for line in lines).strip("\n"))
    return parts


def _opening(ledger: Ledger, source: Source) -> list[str]:
    first = next((s for s in source.root.children if s.level == 1), source.root)
    return _claimed(ledger, first, only="paragraph") if first.children else []


def _encoding_notice(text: Text) -> list[Notice]:
    return [notice("encoding-repaired", None, encoding=text.repaired)] if text.repaired else []
