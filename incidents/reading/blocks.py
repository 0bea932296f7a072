"""The lines of a section as blocks: paragraphs, lists with their items, tables, fences, rules."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from incidents.reading.lines import Line, is_table_rule

_CHECKBOX = re.compile(r"\[(?P<mark>[ xX~/>-])\](?:[ \t\u00a0]+|$)")


@dataclass(frozen=True)
class Item:
    """A top-level item with everything under it. `marker` is `-`, `*` or a number with its dot."""

    lines: tuple[Line, ...]
    marker: str

    @property
    def first(self) -> Line:
        return self.lines[0]

    @property
    def number(self) -> int:
        return self.lines[0].number

    @property
    def ordered(self) -> bool:
        return self.marker[0].isdigit()

    @property
    def checkbox(self) -> str | None:
        """`[x]` or `[ ]` as written, None without one."""
        match = _CHECKBOX.match(self.first.content)
        return f"[{match['mark']}]" if match else None

    @property
    def head(self) -> str:
        """The words of the first line, without marker and box."""
        match = _CHECKBOX.match(self.first.content)
        return self.first.content[match.end() :] if match else self.first.content

    @property
    def rest(self) -> str:
        """The lines after the first, with the indentation of the item removed."""
        return dedented(self.lines[1:], self.first.item_body)


@dataclass(frozen=True)
class Block:
    """`kind` is paragraph, list, table, fence, rule or comment; `items` belong to lists, `head` to tables."""

    kind: str
    lines: tuple[Line, ...]
    items: tuple[Item, ...] = ()
    head: Line | None = None

    @property
    def rows(self) -> tuple[Line, ...]:
        """The lines of a table that hold its rows."""
        after = self.lines[1:] if self.head else self.lines
        return tuple(x for x in after if not is_table_rule(x.text.strip()))


def blocks(lines: Sequence[Line]) -> list[Block]:
    """Group lines; every non-blank line is in exactly one block."""
    return list(_blocks(_units(lines)))


def _units(lines: Sequence[Line]) -> list[tuple[Line, ...]]:
    """Single lines, but a fence is one unit."""
    units: list[tuple[Line, ...]] = []
    fence: list[Line] = []
    for line in lines:
        if fence and (line.kind != "fence" or line.level):
            units.append(tuple(fence))
            fence = []
        if line.kind == "fence":
            fence.append(line)
        else:
            units.append((line,))
    return [*units, tuple(fence)] if fence else units


def _blocks(units: list[tuple[Line, ...]]) -> Iterator[Block]:
    i = 0
    while i < len(units):
        kind = units[i][0].kind
        end = i + 1
        if kind == "item":
            end = _list_end(units, i)
            yield Block("list", _flat(units[i:end]), tuple(_items(units[i:end])))
        elif kind == "table":
            end = _run(units, i, "table")
            yield _table(_flat(units[i:end]))
        elif kind in ("fence", "rule", "comment"):
            end = i + 1 if kind != "comment" else _run(units, i, "comment")
            yield Block(kind, _flat(units[i:end]))
        elif kind not in ("blank", "underline"):
            end = _paragraph_end(units, i)
            yield Block("paragraph", _flat(units[i:end]))
        i = end


def _flat(units: Sequence[tuple[Line, ...]]) -> tuple[Line, ...]:
    lines = [line for unit in units for line in unit]
    while lines and lines[-1].kind == "blank":
        lines.pop()
    return tuple(lines)


def _run(units: Sequence[tuple[Line, ...]], i: int, kind: str) -> int:
    while i < len(units) and units[i][0].kind == kind:
        i += 1
    return i


def _paragraph_end(units: Sequence[tuple[Line, ...]], i: int) -> int:
    i += 1
    while i < len(units) and units[i][0].kind in ("text", "setext", "heading", "matter"):
        i += 1
    return i


def _table(lines: tuple[Line, ...]) -> Block:
    has_head = len(lines) > 1 and is_table_rule(lines[1].text.strip()) and not is_table_rule(lines[0].text.strip())
    wiki = len(lines) > 1 and lines[0].text.lstrip().startswith("||")
    return Block("table", lines, head=lines[0] if has_head or wiki else None)


def _list_end(units: Sequence[tuple[Line, ...]], i: int) -> int:
    """
    A list goes on over blank lines while items or deeper lines follow, and over text that follows at once.
    """
    base = units[i][0].indent
    end = i = i + 1
    blank = False
    while i < len(units):
        line = units[i][0]
        deeper = line.indent > base + 1 and line.kind in ("item", "text", "table", "fence", "comment")
        lazy = not blank and line.kind == "text"
        if line.kind == "item" or deeper or lazy:
            end = i + 1
        elif line.kind != "blank":
            break
        blank = line.kind == "blank"
        i += 1
    return end


def _items(units: Sequence[tuple[Line, ...]]) -> Iterator[Item]:
    base = min(units[0][0].indent, *(u[0].indent for u in units if u[0].kind == "item"), 10_000)
    begin = 0
    for i in [*range(1, len(units)), len(units)]:
        if i == len(units) or (units[i][0].kind == "item" and units[i][0].indent <= base + 1):
            first = units[begin][0]
            yield Item(_flat(units[begin:i]), first.text.split(maxsplit=1)[0])
            begin = i


def nested(item: Item) -> tuple[Item, ...]:
    """The items one level deeper, when there are any."""
    inner = list(item.lines[1:])
    lists = [block for block in blocks(inner) if block.kind == "list"]
    return tuple(sub for block in lists for sub in block.items)


def dedented(lines: Sequence[Line], columns: int) -> str:
    """
    The text of lines with at most `columns` leading spaces removed from each, blank lines around cut off.
    """
    texts = [_cut(line.text, columns) for line in lines]
    while texts and not texts[-1].strip():
        texts.pop()
    while texts and not texts[0].strip():
        texts.pop(0)
    return "\n".join(texts)


def _cut(text: str, columns: int) -> str:
    lead = len(text) - len(text.lstrip())
    return text[min(lead, columns) :]


def verbatim(lines: Sequence[Line]) -> str:
    """The text of lines as they are."""
    return dedented(lines, 0)
