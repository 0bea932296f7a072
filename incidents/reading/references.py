"""
Pull requests, issues and commits that a text names: `PR #12`, `PRs #3 + #4`, `(#10-#12)`, links, `commit
abc1234`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import islice

from incidents.reading.lines import Line
from incidents.reading.tables import cells
from incidents.reading.values import Reference
from incidents.reading.words import fold, unmarked

_NUMBER = re.compile(r"(?<![\w#&/])#(\d{1,7})(?![\w-]*\w)|(?<![\w#&/])#(\d{1,7})(?=[-–—]#?\d)")
_URL = re.compile(
    r"https?://[^\s)>\]|]{1,300}?/(?P<what>pull|pulls|merge_requests|issues|commit)/(?P<id>[0-9a-f]{1,40})\b"
)
_COMMIT = re.compile(r"\bcommits?\s{1,2}`?(?P<sha>(?=[0-9a-f]{0,39}\d)[0-9a-f]{7,40})\b", re.IGNORECASE)
_PR = re.compile(r"\b(?:prs?|mrs?|pull requests?|merge requests?)\b")
_ISSUE = re.compile(r"\b(?:issues?|tickets?|bugs? tracker|gh)\b")
_NO_REFERENCE = re.compile(
    r"\b(?:causes?|bugs?|problem\w*|steps?|etapes?|rc|points?|items?|no|num\w*|phases?|incidents?"
    r"|attempts?|tentatives?|essais?"
    r"|nodes?|pods?|noeuds?|lessons?|lecons?|actions?|questions?|why|pourquoi|tests?|options?"
    r"|hypothes\w+|facteurs?|factors?|try|run)\s?$"
)
_MERGED = re.compile(r"\b(?:merge\w*|mergee?s?)\b")
_WORD = re.compile(r"[a-z]{3}")
_REACH = 40
MOST = 2000  # references of one line that are looked at
_RANGE_LIMIT = 50
_TO = re.compile(r"\s?(?:-|–|—|to|à|→)\s?#(\d{1,7})")
_CODE_SPAN = re.compile(r"`[^`]{1,200}`")
_WHAT = {"pull": "pr", "pulls": "pr", "merge_requests": "pr", "issues": "issue", "commit": "commit"}
_TICKET = re.compile(r"[A-Z][A-Z0-9]{1,9}-\d{1,6}\b|#\d{1,7}\b|![0-9]{1,6}\b")


def references_in(lines: Iterable[Line]) -> tuple[Reference, ...]:
    """Every reference of the document once, in order; a kind that is known wins over `unknown`."""
    found: dict[str, str] = {}
    columns: list[str] = []
    previous = ""
    for line in lines:
        if line.kind == "table":
            row = cells(line)
            columns = [_column_kind(c) for c in row] if previous != "table" else columns
            named = [columns[i] if i < len(columns) else "" for i in range(len(row))]
            pairs = [pair for text, column in zip(row, named, strict=True) for pair in _of_text(text, column)]
        else:
            pairs = list(_of_text(line.text, "")) if line.kind not in ("fence", "comment") else []
        for kind, ref in pairs:
            if found.get(ref, "unknown") == "unknown":
                found[ref] = kind
        previous = line.kind
    return tuple(Reference(kind, ref) for ref, kind in found.items())


def _column_kind(head: str) -> str:
    name = fold(unmarked(head))
    return "pr" if _PR.search(name) else "issue" if _ISSUE.search(name) or name in ("bug", "bugs") else ""


def _of_text(text: str, column: str) -> Iterator[tuple[str, str]]:
    if "#" not in text and "/" not in text and "ommit" not in text:
        return
    for match in _URL.finditer(text):
        kind = _WHAT[match["what"]]
        if kind == "commit":
            yield kind, match["id"]
        elif match["id"].isdigit():
            yield kind, f"#{match['id']}"
    plain = _CODE_SPAN.sub(lambda m: " " * len(m[0]), text)
    yield from _numbers(plain, column)
    for match in _COMMIT.finditer(text):
        yield "commit", match["sha"]


def _numbers(text: str, column: str) -> Iterator[tuple[str, str]]:
    carried, end = "", 0
    for match in islice(_NUMBER.finditer(text), MOST):
        before = fold(text[max(0, match.start() - _REACH) : match.start()])
        number = int(match[1] or match[2])
        if _NO_REFERENCE.search(before) and number < 100:
            continue
        joined = bool(carried) and not _WORD.search(fold(text[end : match.start()]))
        kind = carried if joined else _near(before) or column or _after(text[match.end() : match.end() + 20])
        if kind or number >= 10:
            yield kind or "unknown", f"#{number}"
            yield from _range(text, match.end(), number, kind or "unknown")
        carried, end = kind, match.end()


def _near(before: str) -> str:
    """The kind named last before a number."""
    places = {
        "pr": [m.start() for m in _PR.finditer(before)],
        "issue": [m.start() for m in _ISSUE.finditer(before)],
    }
    named = {kind: at[-1] for kind, at in places.items() if at}
    return max(named, key=lambda k: named[k]) if named else ""


def _after(text: str) -> str:
    return "pr" if _MERGED.match(fold(text)) else ""


def _range(text: str, at: int, first: int, kind: str) -> Iterator[tuple[str, str]]:
    """`#1912-#1917` names those between, too."""
    match = _TO.match(text, at)
    if match and first < int(match[1]) <= first + _RANGE_LIMIT:
        for number in range(first + 1, int(match[1])):
            yield kind, f"#{number}"


def of_action(text: str, column: str = "") -> tuple[str, ...]:
    """
    The references of one action: numbers in its text, and tickets such as `OPS-12` in its reference column.
    """
    found = [ref for _, ref in _of_text(f"{text} {column}", "")]
    found += list(_TICKET.findall(column))
    return tuple(dict.fromkeys(found))
