"""
Each line of a Markdown document and what it is: heading, fence, rule, list item, table row, text, blank.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from incidents.reading.words import HEAD

_HEADING = re.compile(r" {0,3}(#{1,6})[ \t]+(.*)")
_ITEM = re.compile(r"([-*+•–◦▪‣]|\d{1,5}[.)])(?:[ \t\u00a0]+|$)")
_FENCE = re.compile(r"(`{3,}|~{3,})(.*)")
_FRONT_MATTER = re.compile(r"[A-Za-zÀ-ÿ_][\w .À-ÿ-]{0,40}:(\s|$)|\s*-\s|\s|#|$")
_TABLE_RULE = frozenset("|:- \t")


@dataclass(frozen=True)
class Line:
    """
    One line, counted from 1. `kind` is blank, heading, fence, rule, item, table, text, comment, setext (a
    heading that
    is underlined) or matter (front matter); `title` and `level` belong to headings (`level` 1 also marks the
    line that opens a fence); `indent` and
    `content` to items.
    """

    number: int
    text: str
    kind: str
    level: int = 0
    title: str = ""
    indent: int = 0
    content: str = ""

    @property
    def item_body(self) -> int:
        """The column at which the words of an item begin."""
        return self.indent + len(self.text.lstrip()) - len(self.content)


def classified(source: Sequence[str]) -> list[Line]:
    """What each line is. A fence or a comment that is never closed runs to the end, as Markdown has it."""
    lines: list[Line] = []
    begin = _front_matter(source)
    lines += [Line(n, text, "matter") for n, text in enumerate(source[:begin], 1)]
    fence: str | None = None
    comment = False
    for number, text in enumerate(source[begin:], begin + 1):
        stripped = text.strip()
        if fence is not None:
            lines.append(Line(number, text, "fence"))
            fence = None if _closes(stripped, fence) else fence
        elif comment or stripped.startswith("<!--"):
            comment = "-->" not in stripped
            lines.append(Line(number, text, "comment"))
        elif opened := _opens(stripped):
            fence = opened
            lines.append(Line(number, text, "fence", level=1, indent=_indent(text)))
        else:
            lines.append(_plain(number, text, stripped))
    return list(_underlined(lines))


def _front_matter(source: Sequence[str]) -> int:
    """How many lines at the top are YAML front matter, its `---` lines included; 0 when there is none."""
    if not source or source[0].rstrip() != "---":
        return 0
    keys = 0
    for i, text in enumerate(source[1:200], 1):
        if text.rstrip() in ("---", "..."):
            return i + 1 if keys else 0
        if not _FRONT_MATTER.match(text[:HEAD]):
            return 0
        keys += not text.startswith((" ", "-", "#")) and ":" in text[:60]
    return 0


def _opens(stripped: str) -> str | None:
    match = _FENCE.match(stripped[:HEAD])
    if match is None or (match[1][0] == "`" and "`" in match[2]):
        return None
    return match[1]


def _closes(stripped: str, fence: str) -> bool:
    return len(stripped) >= len(fence) and not stripped.strip(fence[0])


def _indent(text: str) -> int:
    lead = text[: len(text) - len(text.lstrip())]
    return len(lead.expandtabs(4))


def _plain(number: int, text: str, stripped: str) -> Line:
    if not stripped:
        return Line(number, text, "blank")
    head = text[:HEAD]
    indent = _indent(head)
    if match := _HEADING.match(head):
        return Line(number, text, "heading", len(match[1]), match[2].rstrip().rstrip("#").rstrip() or match[2].strip())
    if is_rule(stripped):
        return Line(number, text, "rule")
    if match := _ITEM.match(stripped):
        return Line(number, text, "item", indent=indent, content=stripped[match.end() :])
    if stripped.startswith("|") or is_table_rule(stripped):
        return Line(number, text, "table", indent=indent)
    return Line(number, text, "text", indent=indent)


def is_rule(stripped: str) -> bool:
    """`---`, `***`, `___`, also with spaces between."""
    mark = stripped[0]
    return mark in "-*_" and len(stripped) >= 3 and not stripped.strip(mark + " \t") and stripped.count(mark) >= 3


def is_table_rule(stripped: str) -> bool:
    """`|---|:--:|`: the line below a table's head."""
    return "|" in stripped and "-" in stripped and not set(stripped[:HEAD]) - _TABLE_RULE and len(stripped) <= HEAD


def _underlined(lines: list[Line]) -> Iterator[Line]:
    """Turn text above `===` or `---` into headings, and rows that do not begin with `|` into table lines."""
    previous = "blank"
    for i, line in enumerate(lines):
        below = lines[i + 1] if i + 1 < len(lines) else None
        if (
            line.kind == "text"
            and below is not None
            and previous in _BEFORE_UNDERLINED
            and (level := _underline(line, below))
        ):
            line = Line(line.number, line.text, "setext", level, line.text.strip())
        elif previous == "setext" and line.kind == "text" and not line.text.strip().strip("="):
            line = Line(line.number, line.text, "underline")
        elif line.kind == "text" and "|" in line.text and (previous == "table" or _is_head(below)):
            line = Line(line.number, line.text, "table", indent=line.indent)
        previous = line.kind
        yield line


_BEFORE_UNDERLINED = ("blank", "rule", "heading", "matter", "comment")


def _is_head(below: Line | None) -> bool:
    return below is not None and below.kind == "table" and is_table_rule(below.text.strip())


def _underline(line: Line, below: Line) -> int:
    """1 above `===`, 2 above `---`, 0 where the line above is rather a sentence or a label than a title."""
    stripped = below.text.strip()
    if below.kind == "text" and len(stripped) >= 3 and not stripped.strip("="):
        return 1
    words = line.text.strip()
    sentence = words.startswith(("**", ">")) or words.endswith((".", "!", "?", ";")) or len(words) > 80 or ":" in words
    return 2 if below.kind == "rule" and not stripped.strip("-") and not sentence else 0
