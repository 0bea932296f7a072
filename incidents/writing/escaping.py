"""
Any text as part of a Markdown document, and back. What Markdown would lose is written as a character reference, which
every renderer shows as the character: `&#13;`, `&#32;` at an edge, `&#42;` where `*` would end a bold title.
"""

from __future__ import annotations

import re
import zlib

_REFERENCE = re.compile(r"&#(\d{1,7});")
_LIKE_REFERENCE = re.compile(r"&(?=#\d{1,7};)")
_LOST = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\x85\u2028\u2029\ufeff]")
_HEADING = re.compile(r"^(\\*)## ", re.MULTILINE)
_ESCAPED_HEADING = re.compile(r"^\\(\\*)## ", re.MULTILINE)


def reference(character: str) -> str:
    return f"&#{ord(character)};"


def escaped(text: str, also: str = "") -> str:
    """`text` so that `unescaped` gives it back; the characters in `also` are written as references, too."""
    text = _LIKE_REFERENCE.sub("&#38;", text)
    text = _LOST.sub(lambda m: reference(m[0]), text)
    for character in also:
        text = text.replace(character, reference(character))
    if text and text[-1].isspace():
        text = text[:-1] + reference(text[-1])
    if text and text[0].isspace():
        text = reference(text[0]) + text[1:]
    return text


def unescaped(text: str) -> str:
    """The text that was escaped; references that nobody can mean stay as they are."""
    return _REFERENCE.sub(lambda m: chr(int(m[1])) if int(m[1]) < 0x110000 else m[0], text)


def one_line(text: str, also: str = "") -> str:
    """`text` on one line."""
    return escaped(text, also="\n" + also)


def as_section(text: str) -> str:
    """`text` as the body of a section: its lines as they are, but none of them is a heading of the second level."""
    return _HEADING.sub(lambda m: f"\\{m[1]}## ", escaped(text))


def from_section(text: str) -> str:
    return unescaped(_ESCAPED_HEADING.sub(lambda m: f"{m[1]}## ", text))


def as_item(text: str, columns: int) -> str:
    """`text` after a list marker: the lines after the first are indented, empty ones stay empty."""
    first, *rest = escaped(text).split("\n")
    return "\n".join([first, *(" " * columns + line if line else "" for line in rest)])


def checksum(text: str) -> str:
    """Says whether words are still those that a note was made about."""
    return f"{zlib.crc32(text.encode('utf-8', 'surrogatepass')):08x}"
