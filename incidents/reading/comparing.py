"""Two statements side by side: actions that say the same, counts and what they count."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from incidents.reading.blocks import Block
from incidents.reading.notices import notice
from incidents.reading.sections import Section
from incidents.reading.tables import cells
from incidents.reading.values import Notice
from incidents.reading.words import content_words, fold, one_line, unmarked

SHARED = 3  # words that two actions share at least
PART = 0.6  # of the words of the shorter one
_STEM = 6
_CANDIDATES = 30  # others that are compared with one action
_SMALL_WORDS = """
avec sans pour dans tous toutes tout que qui les des une sur aux par est sont plus apres avant ajouter aussi
leur leurs
ses son same meme the and for with from that this into all any when add also
"""
_SMALL = frozenset(_SMALL_WORDS.split())
_WORDS_FOR_NUMBERS = (
    ("two", "deux"), ("three", "trois"), ("four", "quatre"), ("five", "cinq"), ("six",), ("seven", "sept"),
    ("eight", "huit"), ("nine", "neuf"), ("ten", "dix"),
)  # fmt: skip
_NUMBERS = {word: n for n, words in enumerate(_WORDS_FOR_NUMBERS, 2) for word in words}
_COUNTED = (
    r"(?:prs?|mrs?|pull requests?|merge requests?|commits?|issues?|tickets?|bugs?|causes?"
    r"|root causes?|problem[es]*s?|actions?|points?|steps?|etapes?|lessons?|lecons?"
    r"|factors?|facteurs?|fixes|correctifs?|changes?|changements?|apps?|applications?|services?"
    r"|volumes?|pvcs?|nodes?|noeuds?|alertes?|alerts?|incidents?|erreurs?|errors?|failures?|defauts?"
    r"|recommand?ations?|mesures?|tables?|databases?|hosts?|serveurs?|servers?)"
)
_COUNT = re.compile(rf"(?<![\w#.,:/-])(\d{{1,4}}|{'|'.join(_NUMBERS)})\s(?:[a-z-]{{2,14}}\s){{0,2}}?({_COUNTED})\b")
_IN_BRACKETS = re.compile(r"\((\d{1,3})\)\s{0,2}$")
_PRS = re.compile(r"(?<![\w#.,:/-])(\d{1,4})\s(?:[a-z-]{2,14}\s){0,1}?(?:prs?|pull requests?|mrs?|merge requests?)\b")
_PR_HEAD = re.compile(r"(?:pr|mr|pull request|merge request)s?(?: .{0,12})?")


@dataclass(frozen=True)
class Said:
    """An action as a bag of words, with the line where it stands."""

    text: str
    line: int
    words: frozenset[str]


def said(text: str, line: int) -> Said:
    """The first 600 characters as words that carry meaning."""
    words = (w for w in content_words(unmarked(text[:600])) if len(w) > 2 and w not in _SMALL)
    return Said(text, line, frozenset(w[:_STEM] if w.isalpha() else w for w in words))


def duplicates(actions: Sequence[Said]) -> Iterator[Notice]:
    """
    One warning for each action that says what an earlier one says. Compares with few others, whatever the
    number.
    """
    holders: dict[str, list[int]] = defaultdict(list)
    for i, action in enumerate(actions):
        candidates: dict[int, None] = {}
        for word in sorted(action.words, key=lambda w: len(holders[w])):
            candidates.update(dict.fromkeys(holders[word][-_CANDIDATES:]))
            if len(candidates) > _CANDIDATES:
                break
        other = next((actions[j] for j in candidates if _same(action.words, actions[j].words)), None)
        if other is not None:
            yield notice("duplicate-action", action.line, text=one_line(action.text, 80), other=other.line)
        for word in action.words:
            holders[word].append(i)


def _same(a: frozenset[str], b: frozenset[str]) -> bool:
    shared = len(a & b)
    return shared >= SHARED and shared >= PART * min(len(a), len(b))


def counts(sections: Sequence[Section]) -> Iterator[Notice]:
    """
    A count in a heading or in the line above a list or table, against what is listed; PRs against the PR
    table.
    """
    listed_prs = _pull_requests(sections)
    for section in sections:
        if section.head is not None and (stated := _stated(section.title)):
            listed = _listed(section)
            if listed > 1 and listed != stated[0]:
                yield notice(
                    "count-differs",
                    section.head.number,
                    text=one_line(section.title, 80),
                    stated=stated[0],
                    listed=listed,
                )
        yield from _lead_ins(section)
        if listed_prs:
            yield from _pr_counts(section, listed_prs)


def _stated(text: str) -> tuple[int, str] | None:
    plain = fold(unmarked(text[:300]))
    if match := _IN_BRACKETS.search(plain):
        return int(match[1]), "items"
    match = _COUNT.search(plain)
    return (_number(match[1]), match[2]) if match else None


def _number(word: str) -> int:
    return _NUMBERS[word] if word in _NUMBERS else int(word)


def _listed(section: Section) -> int:
    """How many items or rows stand under a heading; its sub-headings where there is no list."""
    sizes = [_size(block) for block in section.blocks if block.kind in ("list", "table")]
    if len(sizes) == 1:
        return sizes[0]
    return len(section.children) if not sizes else 0


def _size(block: Block) -> int:
    return len(block.items) if block.kind == "list" else len(block.rows)


def _lead_ins(section: Section) -> Iterator[Notice]:
    for above, block in zip(section.blocks, section.blocks[1:], strict=False):
        if above.kind != "paragraph" or block.kind not in ("list", "table"):
            continue
        text = above.lines[-1].text.strip().rstrip("*_ ")
        stated = _stated(text.rsplit(". ", 1)[-1]) if text.endswith(":") else None
        if stated and _size(block) > 1 and stated[0] != _size(block):
            yield notice(
                "count-differs",
                above.lines[-1].number,
                text=one_line(text, 80),
                stated=stated[0],
                listed=_size(block),
            )


def _pull_requests(sections: Sequence[Section]) -> int:
    """The rows of the tables that list pull requests."""
    tables = [b for s in sections for b in s.blocks if b.kind == "table" and b.head is not None]
    named = [t for t in tables if t.head and any(_PR_HEAD.fullmatch(fold(unmarked(c))) for c in cells(t.head)[:3])]
    return sum(sum("#" in row.text for row in table.rows) for table in named)


def _pr_counts(section: Section, listed: int) -> Iterator[Notice]:
    """Where the summary or the head counts other pull requests than are listed, or other prose counts more."""
    if section.kind in ("timeline", "causes", "actions", "lessons"):
        return
    opening = section.head is None or section.kind == "summary" or section.level == 1
    for block in section.blocks:
        for line in block.lines if block.kind == "paragraph" else ():
            match = _PRS.search(fold(unmarked(line.text[:2000])))
            stated = int(match[1]) if match else listed
            if match and (stated > listed or (opening and stated != listed)):
                yield notice("count-differs", line.number, text=match[0], stated=stated, listed=listed)
