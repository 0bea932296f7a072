"""
The rows of a timeline section, whether it is a table, a list, paragraphs that begin with a time, or headings.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from incidents.reading.blocks import Block, Item, dedented, nested
from incidents.reading.dates import Day, days_in
from incidents.reading.lines import Line
from incidents.reading.sections import Section
from incidents.reading.tables import cell, cells, columns, without_number
from incidents.reading.tokens import Token, in_cell, leading
from incidents.reading.words import fold, unmarked

_TIME = (
    r"(?:heures?|time|times|when|quand|timestamp|horodatage|moment|utc|clock|instant|a|at|h|t"
    r"|date ?(?:/|et|&|and|-)? ?(?:heure|time|hour)s?"
    r"|debut|start|from|started|time ?stamps?|local time|heure locale)(?: ?[(\[].{0,40}| (?:utc|gmt"
    r"|cest?|.{0,20}))?"
)
COLUMNS = {
    "time": re.compile(_TIME),
    "date": re.compile(r"(?:date|jour|day)s?(?: ?[(\[].{0,40})?"),
    "end": re.compile(r"(?:fin|end|to|until|ended)(?: ?[(\[].{0,40})?"),
}
_LABEL = re.compile(r"\*\*[^*\d]{2,40}(?::\s?\*\*|\*\*\s?:)\s{0,2}")
_DAY_N = re.compile(r"\b(?:j|d|t) ?([+-]) ?(\d{1,3})\b|\b(?:jour|day) (\d{1,2})\b")
ROWS_ASKED = 20


@dataclass
class Row:
    """A row with the lines that belong to it; `marker` only says which day the rows after it belong to."""

    token: Token
    text: str
    lines: list[Line]
    marker: bool = False
    day: Day | None = None
    day_number: int | None = None
    more: list[Line] = field(default_factory=list)

    @property
    def number(self) -> int:
        return self.lines[0].number

    @property
    def whole_text(self) -> str:
        """The text with the lines that were found to belong to it."""
        below = dedented(self.more, 0)
        return f"{self.text}\n{below}".strip() if below else self.text


def rows_of(section: Section, language: str, loose: bool = True) -> list[Row]:
    """
    The rows written in the section's own lines and in its heading. With `loose`, items without a time are
    rows too.
    """
    rows = list(_heading_rows(section, language))
    timed = _timed(section, language)
    if rows and not rows[0].marker and not timed:
        rows[0].more = section.own
        return rows
    if rows and not rows[0].marker:
        rows = []
    previous: Row | None = None
    for block in section.blocks:
        found = list(_block_rows(block, language, loose and not timed))
        previous = _joined(rows, found, block, previous)
    _let_go(rows, previous)
    return rows


def _heading_rows(section: Section, language: str) -> Iterator[Row]:
    """A heading that begins with a clock time is a row; one that only names a day says which day follows."""
    if section.head is None or section.parent is None or section.parent.kind != "timeline":
        return
    token = leading(section.title, language) or in_brackets(section.title, language)
    if token is not None and token.when is not None and not token.when.bare:
        yield Row(token, token.rest, [section.head])
    elif marker := _marker(section.title, [section.head], language):
        yield marker


def in_brackets(title: str, language: str) -> Token | None:
    """The time in the brackets that end a heading, as in `Phase 1: detection (14:05–14:20)`."""
    begin = title.rfind("(")
    if begin < 1 or not title.rstrip().endswith(")"):
        return None
    token = leading(title[begin + 1 :].rstrip()[:-1], language)
    return Token(token.written, title, token.when) if token is not None and not token.rest else None


def _marker(title: str, lines: list[Line], language: str) -> Row | None:
    days = days_in(unmarked(title), language)
    number = _DAY_N.search(fold(unmarked(title)))
    if not days and not number:
        return None
    n = None
    if number:
        n = int(number[3]) - 1 if number[3] else int(number[2]) * (-1 if number[1] == "-" else 1)
    return Row(Token(title, "", None), "", lines, True, days[0] if days else None, n)


def _timed(section: Section, language: str) -> bool:
    """Whether any row of the section carries a time."""
    return any(
        r.token.when is not None and not r.marker for b in section.blocks for r in _block_rows(b, language, False)
    )


def _block_rows(block: Block, language: str, loose: bool) -> Iterator[Row]:
    if block.kind == "table":
        return _table_rows(block, language)
    if block.kind == "list":
        return _list_rows(block.items, language, loose)
    if block.kind == "paragraph":
        return _paragraph_rows(block.lines, language)
    return iter(())


def _paragraph_rows(lines: Sequence[Line], language: str) -> Iterator[Row]:
    """Every line that begins with a time begins a row; the lines after it belong to it."""
    row: Row | None = None
    for line in lines:
        token = leading(line.text.strip().lstrip("> "), language)
        if token is not None and token.when is not None:
            if row:
                yield row
            row = _row(token, [line], language)
        elif row is not None:
            row.lines.append(line)
            row.text += "\n" + line.text
    if row:
        yield row


def _row(token: Token, lines: list[Line], language: str) -> Row:
    """A row, or a day marker where a day stands alone."""
    alone = token.when is not None and token.when.precision == "day" and not token.rest.strip("*_: ")
    if alone and len(lines) == 1 and (marker := _marker(token.written, lines, language)):
        return marker
    return Row(token, token.rest, lines)


def _list_rows(items: Sequence[Item], language: str, loose: bool) -> Iterator[Row]:
    """
    Top-level items; where only the items under them carry times, those. An item that is a day is a marker.
    """
    tokens = [leading(item.head, language) or after_label(item.head, language) for item in items]
    timed = sum(t is not None for t in tokens)
    for item, token in zip(items, tokens, strict=True):
        inner = nested(item) if len(item.lines) > 1 else ()
        day_alone = (
            token is not None
            and token.when is not None
            and token.when.precision == "day"
            and not token.rest.strip("*_: ")
        )
        if inner and (day_alone or (token is None and not timed)) and _carry_times(inner, language):
            if marker := _marker(item.head, [item.first], language):
                yield marker
            yield from _list_rows(inner, language, loose)
        elif token is not None:
            yield _item_row(item, token, language)
        elif loose or timed:
            yield _item_row(item, Token("", item.head, None), language)


def after_label(head: str, language: str) -> Token | None:
    """The time that follows a bold label, as in `**Detected:** 14:05`; the label is what happened."""
    match = _LABEL.match(head)
    token = leading(head[match.end() :], language) if match else None
    if match is None or token is None or token.when is None or token.when.bare:
        return None
    return Token(token.written, f"{head[: match.end()].strip()} {token.rest}".strip(), token.when)


def _carry_times(items: Sequence[Item], language: str) -> bool:
    return sum(leading(i.head, language) is not None for i in items) * 2 >= len(items)


def _item_row(item: Item, token: Token, language: str) -> Row:
    row = _row(token, list(item.lines), language)
    if item.rest and not row.marker:
        row.text = f"{row.text}\n{item.rest}".strip()
    return row


def _table_rows(block: Block, language: str) -> Iterator[Row]:
    rows = [cells(line) for line in block.rows]
    roles = _roles(block.head, rows, language)
    if "time" not in roles:
        return
    for line, row in zip(block.rows, rows, strict=True):
        yield _table_row(line, without_number(block.head, row), roles, language)


def _roles(head: Line | None, rows: Sequence[Sequence[str]], language: str) -> dict[str, int]:
    roles = columns(head, COLUMNS)
    if "time" not in roles and "date" in roles:
        roles["time"] = roles.pop("date")
    if "time" not in roles:
        asked = [r for r in rows[:ROWS_ASKED] if r]
        for i in range(min(4, max(map(len, asked), default=0))):
            if sum(in_cell(cell(r, i), language).when is not None for r in asked) * 2 > len(asked):
                return {"time": i}
    return roles


def _table_row(line: Line, row: Sequence[str], roles: dict[str, int], language: str) -> Row:
    parts = [cell(row, roles.get("date")), cell(row, roles["time"])]
    written = " ".join(p for p in parts if p.strip(" -–—"))
    if (end := cell(row, roles.get("end"))).strip(" -–—"):
        written = f"{written} – {end}"
    token = in_cell(written or parts[1], language)
    rest = [c for i, c in enumerate(row) if i not in roles.values() and c.strip()]
    token = Token(token.written, " — ".join(rest), token.when)
    return _row(token, [line], language)


def _joined(rows: list[Row], found: list[Row], block: Block, previous: Row | None) -> Row | None:
    """
    Add what a block gave; a block that gave nothing belongs to the paragraph, or the item it touches, before
    it.
    """
    if found:
        rows.extend(found)
        last = found[-1]
        return None if last.marker or block.kind == "table" else last
    if previous is None or block.kind in ("rule", "table", "comment"):
        return None
    first, end = block.lines[0].number, (previous.more or previous.lines)[-1].number
    listed = previous.lines[0].kind == "item"
    if listed and first > end + 1:
        return None
    gap = [Line(n, "", "blank") for n in range(end + 1, first)]
    previous.more += [*gap, *block.lines]
    return previous


def _let_go(rows: list[Row], previous: Row | None) -> None:
    """A last paragraph that stands apart is a closing remark, no part of the last row."""
    if previous is None or not previous.more:
        return
    while previous.more and previous.more[-1].kind in ("text", "setext"):
        begin = len(previous.more)
        while begin and previous.more[begin - 1].kind in ("text", "setext"):
            begin -= 1
        if not begin or previous.more[begin - 1].kind != "blank":
            return
        del previous.more[begin:]
        while previous.more and previous.more[-1].kind == "blank":
            previous.more.pop()
