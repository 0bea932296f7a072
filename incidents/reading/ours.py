"""
Our own exports, read back exactly (see `incidents.writing.markdown`), and as people have edited them since.

Whoever moves words about so that the document is no longer of this shape has a document like any other: NotOurs is
raised, and the general reader reads what is written.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from incidents.reading.coverage import Ledger
from incidents.reading.lines import classified
from incidents.reading.ours_head import document_of, head_of
from incidents.reading.ours_lines import MARK, NOTE, cut
from incidents.reading.ours_records import Records
from incidents.reading.references import references_in
from incidents.reading.values import Document
from incidents.writing.escaping import unescaped

VERSION = 1


def is_ours(source: Sequence[str]) -> bool:
    """Whether the first line carries our mark, of a version that is known."""
    match = MARK.fullmatch(source[0]) if source else None
    return match is not None and int(match["version"]) == VERSION


def read_ours(source: Sequence[str], encoding: str = "utf-8") -> Document:
    """The document as it was exported, with the edits made since. Raises NotOurs."""
    lines = classified(source)
    above, parts = cut(lines)
    ledger = Ledger(lines)
    head = head_of(above, ledger)
    records = Records(head, ledger)
    for part in parts:
        ledger.claim([part.head], "heading")
        records.take(part)
    document = document_of(head, tuple(source), encoding)
    said = any(part.kind == "references" for part in parts)
    return replace(
        document,
        summary="\n\n".join(records.summary),
        timeline=records.placed(document.occurred),
        causes=tuple(records.causes),
        actions=records.ordered_actions(),
        lessons=tuple(records.lessons),
        references=tuple(records.references) if said else references_in(lines),
        appendix=tuple(records.appendix),
        coverage=ledger.ranges(),
    )


def plain(source: Sequence[str]) -> list[str]:
    """The lines without our mark and notes, for the general reader: blank where nothing else is written."""
    match = MARK.fullmatch(source[0])
    first = f"# {unescaped(match['title'])}" if match else source[0]
    return [first, *("" if NOTE.fullmatch(line.strip()) else line for line in source[1:])]
