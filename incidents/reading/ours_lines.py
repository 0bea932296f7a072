"""Our own exports taken apart: sections, list items, the notes at their ends."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from incidents.reading.lines import Line
from incidents.writing.escaping import unescaped
from incidents.writing.words import named, words_of

NOTE = re.compile(r"<!-- aftermath (\{.*\}) -->")
MARK = re.compile(r"# (?P<title>.*) <!-- aftermath (?P<version>\d{1,4}) (?P<language>\S*) \S{1,12} -->\s*")
LABEL = re.compile(r"(?P<bullet>- )?\*\*(?P<label>[^*]*?)[ \u00a0]?:\*\*(?: (?P<value>.*))?")


class NotOurs(Exception):
    """The document is no export of ours, or was changed beyond what its shape allows."""


@dataclass(frozen=True)
class Item:
    """A list item: its text still escaped, without the note at its end; `match` is that of its marker."""

    lines: tuple[Line, ...]
    match: re.Match[str]
    text: str
    note: dict[str, Any]

    @property
    def number(self) -> int:
        return self.lines[0].number


@dataclass(frozen=True)
class Part:
    """A heading of the second level with what stands under it, and the kind of records that it announces."""

    head: Line
    title: str
    lines: tuple[Line, ...]
    kind: str | None


def cut(lines: Sequence[Line]) -> tuple[list[Line], list[Part]]:
    match = MARK.fullmatch(lines[0].text) if lines else None
    if match is None:
        raise NotOurs
    words = words_of(unescaped(match["language"]))
    at = [i for i, line in enumerate(lines) if line.text.startswith("## ")] + [len(lines)]
    parts = []
    for begin, end in pairwise(at):
        title = lines[begin].text[3:]
        kind = named(words.sections, title.strip())
        under = tuple(lines[begin + 1 : end])
        parts.append(Part(lines[begin], title, under, kind if kind not in ("done", "open", "dropped") else None))
    return list(lines[: at[0]]), parts


def body(lines: Sequence[Line]) -> str:
    texts = [line.text for line in lines]
    while texts and not texts[-1]:
        texts.pop()
    while texts and not texts[0]:
        texts.pop(0)
    return "\n".join(texts)


def items(lines: Sequence[Line], marker: re.Pattern[str], columns: int, noted: bool = False) -> Iterator[Item]:
    """The items that the lines are made of, and nothing else: NotOurs for any line that belongs to none.

    With `noted`, a comment of ours at the end of an item is a note about it."""
    begin = None
    for i, line in enumerate([*lines, None]):
        starts = line is None or (line.text[:1] not in ("", " ") and marker.fullmatch(line.text) is not None)
        if starts and begin is not None:
            yield _item(lines[begin:i], marker, columns, noted)
        if starts:
            begin = i
        elif line is not None and line.text and (begin is None or line.text[0] != " "):
            raise NotOurs


def _item(lines: Sequence[Line], marker: re.Pattern[str], columns: int, noted: bool) -> Item:
    held = list(lines)
    while held and not held[-1].text:
        held.pop()
    match = marker.fullmatch(held[0].text)
    if match is None:
        raise NotOurs
    texts = [match["text"] or "", *(_outdented(line.text, columns) for line in held[1:])]
    note: dict[str, Any] = {}
    if noted and len(texts) > 1 and (found := NOTE.fullmatch(texts[-1].strip())):
        note = _noted(found[1])
        texts.pop()
    return Item(tuple(held), match, "\n".join(texts), note)


def _outdented(text: str, columns: int) -> str:
    return text[min(columns, len(text) - len(text.lstrip(" "))) :]


def _noted(text: str) -> dict[str, Any]:
    try:
        note = json.loads(unescaped(text))
    except ValueError:
        return {}
    return note if isinstance(note, dict) else {}
