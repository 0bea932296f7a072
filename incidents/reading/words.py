"""Small questions about text: folding, Markdown marks, icons, numbering. Every pattern here is linear."""

from __future__ import annotations

import re
import unicodedata

HEAD = 4000  # characters of a line that are looked at for structure; the rest is only kept

_ICON = re.compile(
    "[\U0001f000-\U0001faff\u2600-\u27bf\u2b00-\u2bff\u2300-\u23ff\ufe0f\ufe0e\u200d\u20e3\U000e0020-\U000e007f]+"
)
_SPACES = re.compile(r"[ \t\u00a0\u2007\u2009\u202f]{2,}")
_NUMBER = re.compile(
    r"(?:(?:section|partie|part|chapitre|§)\s{0,2})?"
    r"(?:\d{1,2}(?:\.\d{1,2}){1,3}[.):]?|\d{1,2}[.):]|\d{1,2}\s?[-–—]|[ivxIVX]{1,5}[.)]"
    r"|[a-zA-Z][.)])[\s\u00a0]+"
)
_WORD = re.compile(r"[^\W_]+(?:[_./:-][^\W_]+)*")


def without_icons(text: str) -> str:
    """The text without emoji, spaces tidied where one was."""
    if not _ICON.search(text):
        return text.strip()
    return _SPACES.sub(" ", _ICON.sub("", text)).strip()


def fold(text: str) -> str:
    """For comparing words: no accents, no case, straight quotes, single plain spaces."""
    if text.isascii():
        return " ".join(text.casefold().split())
    text = text.replace("’", "'").replace("ʼ", "'").replace("œ", "oe").replace("Œ", "oe")
    flat = unicodedata.normalize("NFKD", text)
    return " ".join("".join(c for c in flat if not unicodedata.combining(c)).casefold().split())


def unmarked(text: str) -> str:
    """The text without `*`, `` ` `` and the `_` that surround words."""
    text = text.replace("*", "").replace("`", "").replace("__", "")
    return text[1:-1] if len(text) > 2 and text[0] == text[-1] == "_" else text


def bare_title(title: str) -> str:
    """A heading's words, folded: no icon, no mark, no number in front, no colon at the end."""
    text = unmarked(without_icons(title)).strip(" \t\u00a0#")
    number = _NUMBER.match(text)
    if number and number.end() < len(text):
        text = text[number.end() :]
    return fold(text.strip(" \t\u00a0:-–—.")).strip(" :")


def numbered(title: str) -> bool:
    """Whether a heading carries a number of its own, as in `2. Backups`."""
    return _NUMBER.match(unmarked(without_icons(title)).lstrip()) is not None


def content_words(text: str) -> list[str]:
    """Folded words; what is joined by `-`, `_`, `.` or `/` stays one word."""
    return _WORD.findall(fold(text))


def one_line(text: str, limit: int = 160) -> str:
    """The first line, cut at a word when it is longer than `limit` characters."""
    head = text.strip().split("\n", 1)[0].strip()
    return head if len(head) <= limit else head[:limit].rsplit(" ", 1)[0] + "…"
