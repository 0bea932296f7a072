"""Cutting the written time off the words that follow it, whatever Markdown marks stand around it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from incidents.reading.clock import ENOUGH, When, when
from incidents.reading.words import unmarked, without_icons

_SEPARATORS = re.compile(r"(?:[ \t\u00a0\u202f]*(?:[:：—–|→•·,;>]|-{1,2}>?|=>|\.(?!\w)))*[ \t\u00a0\u202f]*")
_DIGIT = re.compile(r"\d|midi|noon|minuit|midnight", re.IGNORECASE)
_FIRST_DIGIT = 60  # characters; a written time has a digit before that
_MARKS = frozenset("*`")
_AFTER_BARE = frozenset(":-–—|→,;)]")
_BREAK = re.compile(r"<br\s{0,3}/?>", re.IGNORECASE)


@dataclass(frozen=True)
class Token:
    """
    `written` is the time without marks, `rest` the Markdown after it; `when` what it means, None for no time.
    """

    written: str
    rest: str
    when: When | None


def leading(text: str, language: str) -> Token | None:
    """The time with which a line of text begins, None when it begins with none."""
    if not _DIGIT.search(text, 0, _FIRST_DIGIT):
        return None
    icon, text = _icon(text)
    plain, places = _plain(text)
    found = when(plain, language)
    if found is None or found.begin >= found.length:
        return None
    after = plain[found.length :]
    marked = places[found.length - 1] + 1 < len(text) and text[places[found.length - 1] + 1] in _MARKS
    if not _ends(after, found.bare, marked):
        return None
    rest = _balanced(text[: places[found.length - 1] + 1], text[places[found.length - 1] + 1 :])
    if plain[: found.begin].strip():
        rest = re.sub(r"^[ *`]{0,4}[\])>]", "", rest)
    rest = rest[_end_of_separators(rest) :].strip()
    return Token(plain[found.begin : found.length].strip(), f"{icon} {rest}".strip(), found)


def in_cell(text: str, language: str) -> Token:
    """The time in a cell of a time column: the whole cell is the token, whatever it says."""
    written = without_icons(unmarked(_BREAK.sub(" ", text))).strip()
    return Token(written, "", when(written.removeprefix("~~"), language))


def _icon(text: str) -> tuple[str, str]:
    """Icons in front, which stay with the words, and what follows them."""
    head = text[:40]
    stripped = without_icons(head)
    if stripped == head.strip() or not stripped:
        return "", text.lstrip()
    at = head.find(stripped[:1])
    return head[:at].strip(), text[at:]


def _plain(text: str) -> tuple[str, list[int]]:
    """The first characters without marks, and where each of them stands in the text."""
    head = text[: ENOUGH * 2]
    kept = [i for i, c in enumerate(head) if c not in _MARKS and not (c == "_" and _is_mark(head, i))]
    return "".join(head[i] for i in kept), kept


def _is_mark(text: str, i: int) -> bool:
    before = text[i - 1] if i else " "
    after = text[i + 1] if i + 1 < len(text) else " "
    return not (before.isalnum() and after.isalnum())


def _ends(after: str, bare: bool, marked: bool) -> bool:
    """Whether a time may end here: not inside a word, and a lone day or duration only before a separator."""
    if after[:1].isalnum() and not marked:
        return False
    return not bare or marked or not after.strip() or after.lstrip()[0] in _AFTER_BARE


def _balanced(taken: str, rest: str) -> str:
    """Close or carry on the emphasis that was open where the token ends."""
    for mark in ("**", "`"):
        if taken.count(mark) % 2:
            stripped = rest.lstrip()
            rest = stripped.removeprefix(mark) if stripped.startswith(mark) else mark + stripped.lstrip(" :–—-")
    return rest


def _end_of_separators(rest: str) -> int:
    match = _SEPARATORS.match(rest)
    return match.end() if match else 0
