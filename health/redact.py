"""One line of a log, without what nobody should read in it."""

from __future__ import annotations

import re

HIDDEN = "•••"
LONGEST = 300
SECRETS = [
    re.compile(r"(?i)\b((?:proxy-)?authorization\s*[:=]\s*)(?:(?:basic|bearer|digest)\s+)?\S+"),
    re.compile(r"(?i)\b(bearer\s+)[\w.~+/=-]{8,}"),
    re.compile(r"(://[^\s/:@]*:)[^\s/@]+(?=@)"),
    re.compile(
        r"""(?ix)\b([\w-]*(?:passw(?:or)?d|passwd|pwd|secret|token|api[_-]?key|access[_-]?key|credential)s?[\w-]*
        ["']?\s*[:=]\s*["']?)[^\s"',;&]+"""
    ),
    re.compile(r"\b()(?:AKIA|ASIA)[A-Z0-9]{16}\b"),
    re.compile(r"\b()eyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"),
]
CONTROL = re.compile(r"\x1b\[[0-9;]*[A-Za-z]|[\x00-\x08\x0b-\x1f\x7f]")


def redacted(line: str) -> str:
    """The line without colours and control characters, its secrets hidden, cut to a length that a page can show."""
    text = CONTROL.sub("", line).strip()
    for pattern in SECRETS:
        text = pattern.sub(lambda found: f"{found.group(1)}{HIDDEN}", text)
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
