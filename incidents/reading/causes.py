"""Causes: one per sub-heading, numbered item or table row of a causes section; else the section is one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from incidents.reading.blocks import Block, Item, verbatim
from incidents.reading.lines import Line
from incidents.reading.sections import Section
from incidents.reading.tables import cell, cells, columns, without_number
from incidents.reading.values import Cause
from incidents.reading.words import bare_title, fold, numbered, unmarked

_SAYS_CAUSE = re.compile(
    r"\b(?:root[- ]?causes?|causes?|rc ?-? ?\d+|bugs? \d+|facteurs?|factors?|triggers?|declencheurs?"
    r"|why (?:did )?(?:this|it|that) happen\w*"
    r"|problem[es]* \d+|defauts?|fault \d+|(?:5|five|cinq) (?:why|pourquoi)s?)\b"
)
_SAYS_ROOT = re.compile(
    r"\b(?:root[- ]?cause|cause racine|cause profonde|cause principale|primary cause|main cause"
    r"|rc ?-? ?\d+)\b"
)
_EXPLAINS = re.compile(
    r"(?:l'|la |le |les |the )?(?:architecture|context\w*|background|rappels?|fonctionnement"
    r"|how .{2,40} works?|flux|flow|schema|diagram\w*|evidence|preuves?|setup|environnement|details?)"
    r"(?: (?:de |du |des |d'|of |in |dans )?.{0,40})?"
    r"|(?:mitigations?|impacts?|resolution|detection|symptom\w*|notes?|timeline)"
    r"|why (?:was|wasn't|were|did|didn't|has|hasn't|is|nobody|no one|nothing|it|we) .{0,60}"
    r"(?:not|n't|seen|notic|detect|caught|catch)\w*.*"
    r"|why (?:nobody|no one|nothing) .*|pourquoi .{0,60}(?:pas|jamais|rien|aucun|personne)\b.*"
)
_GENERIC = re.compile(
    r"(?:why (?:did )?(?:this|it|that) happen\w*\??|(?:the |les |la )?(?:technical |main |primary "
    r"|underlying )?(?:root[- ]?)?causes?"
    r"(?: (?:racines?|profondes?|contributives?|principales?|secondaires?|immediates?|analysis"
    r"|directes?|indirectes?))?|contributing (?:factors?|causes?)"
    r"|facteurs? (?:contributifs?|aggravants?)|(?:5|five|cinq|les 5) (?:whys?|pourquoi)"
    r"|other (?:causes|factors)|autres (?:causes|facteurs))"
)
_CONTRIBUTING = re.compile(r"\b(?:contribut\w*|facteurs?|factors?|aggrav\w*|secondaires?|secondary|amplif\w*)\b")
_FIVE_WHYS = re.compile(r"\b(?:5|five|cinq) (?:whys?|pourquoi)\b")
_TRIGGER = re.compile(r"\b(?:triggers?|declencheurs?)\b")
_TRIGGER_LABEL = re.compile(r"^\W{0,6}(?:initial )?(?:trigger|declencheur)\b", re.MULTILINE)
_LEAD = re.compile(r"(?:\*\*|__)(?P<bold>[^*_]{1,200})(?:\*\*|__)[ \t\u00a0\u202f]{0,3}(?:[:–—-]+[ \t\u00a0]{0,3})?")
_PLAIN_LEAD = re.compile(r"(?P<bold>[^.:|`]{3,80}?)[ \u00a0\u202f]{0,2}(?::|[ \u00a0][–—][ \u00a0])[ \u00a0]+(?=\S)")
_NAMES_CAUSES = re.compile(r"(?:root )?causes?\b|facteurs?\b|(?:contributing )?factors?\b|defauts?\b|problem[es]+\b")
COLUMNS = {
    "title": re.compile(
        r"(?:root )?(?:causes?|facteurs?|factors?|problem[es]*|titres?|title|what|quoi|issue|defaut"
        r"|name|nom)(?: .{0,25})?"
    ),
    "kind": re.compile(r"(?:type|kind|categor\w+|nature)(?: .{0,20})?"),
}


@dataclass(frozen=True)
class Found:
    """A cause with the lines that it owns."""

    cause: Cause
    lines: tuple[Line, ...]


def causes_of(sections: Sequence[Section]) -> list[Found]:
    """The causes of all sections that announce them, in order."""
    tops = [s for s in sections if s.parent is None or s.parent.kind != "causes"]
    has_root = any(_SAYS_ROOT.search(bare_title(s.title)) for s in tops)
    found: list[Found] = []
    for top in tops:
        if len(tops) > 1 and has_root and _FIVE_WHYS.search(bare_title(top.title)):
            continue
        found.extend(_of_top(top))
    return found


def _of_top(top: Section) -> Iterator[Found]:
    subs = [s for s in top.children if s.kind == "causes"]
    chosen = _chosen(subs)
    if chosen:
        for sub in chosen:
            yield from _of_sub(sub, _contributing(top.title))
        return
    split = list(_split(top))
    if split:
        yield from split
    elif any(b.kind != "rule" for b in top.blocks) or top.children:
        own = any(b.kind != "rule" for b in top.blocks)
        yield _whole(top, _contributing(top.title), [] if own else subs)


def _chosen(subs: list[Section]) -> list[Section]:
    """The sub-headings that are causes: not those that only explain, beside one that says it is the cause."""
    saying = [s for s in subs if _SAYS_CAUSE.search(bare_title(s.title)) and not _explains(s)]
    if any(_SAYS_ROOT.search(bare_title(s.title)) for s in saying):
        saying = [s for s in saying if not _FIVE_WHYS.search(bare_title(s.title))]
    if saying:
        return [s for s in subs if s in saying or (numbered(s.title) and not _explains(s))]
    return [s for s in subs if not _explains(s)]


def _explains(section: Section) -> bool:
    title = bare_title(section.title)
    return bool(_EXPLAINS.fullmatch(title)) and not _GENERIC.fullmatch(title) and not _SAYS_ROOT.search(title)


def _contributing(title: str, otherwise: bool = False) -> bool:
    return bool(_CONTRIBUTING.search(fold(title))) or otherwise


def _of_sub(sub: Section, contributing: bool) -> Iterator[Found]:
    generic = _GENERIC.fullmatch(bare_title(sub.title)) is not None
    contributing = _contributing(sub.title, contributing and not _SAYS_ROOT.search(bare_title(sub.title)))
    deeper = [s for s in sub.children if s.kind == "causes"]
    if generic and deeper and not any(b.kind != "rule" for b in sub.blocks):
        for child in _chosen(deeper):
            yield from _of_sub(child, contributing)
        return
    split = list(_split(sub, contributing)) if generic else []
    if split:
        yield from split
    else:
        yield _whole(sub, contributing, deeper)


def _split(section: Section, contributing: bool | None = None) -> Iterator[Found]:
    """One per numbered item or table row of the section's own lines."""
    contributing = _contributing(section.title) if contributing is None else contributing
    for block in section.blocks:
        if block.kind == "list" and all(item.ordered for item in block.items):
            yield from (_of_item(item, contributing) for item in block.items)
        elif block.kind == "table" and _lists_causes(block, section):
            yield from _of_table(block, contributing)


def _lists_causes(block: Block, section: Section) -> bool:
    """Whether a table has one cause a row: its head says so, or hardly anything else stands in the section."""
    if block.head is None:
        return False
    said = any(_NAMES_CAUSES.match(fold(unmarked(c))) for c in cells(block.head))
    return said or len([b for b in section.blocks if b.kind != "rule"]) <= 2


def _of_item(item: Item, contributing: bool) -> Found:
    title, first = titled(item.head)
    text = "\n".join(part for part in (first, item.rest) if part)
    return Found(_cause(title, text, item.number, contributing), item.lines)


def titled(head: str) -> tuple[str, str]:
    """A record's first line as title and rest: its bold words, what stands before a colon, or all of it."""
    match = _LEAD.match(head) or _PLAIN_LEAD.match(head)
    if match is None or not match["bold"].strip():
        return head.strip(), ""
    return match["bold"].strip(" :\u00a0\u202f"), head[match.end() :].strip()


def _of_table(block: Block, contributing: bool) -> Iterator[Found]:
    roles = columns(block.head, COLUMNS)
    for line in block.rows:
        row = without_number(block.head, cells(line))
        at = roles.get("title", _first_words(row))
        rest = " — ".join(c for i, c in enumerate(row) if i != at and c)
        yield Found(_cause(cell(row, at), rest, line.number, contributing), (line,))


def _first_words(row: Sequence[str]) -> int:
    return next((i for i, c in enumerate(row) if re.search(r"[^\W\d_]{3}", c)), 0)


def _whole(section: Section, contributing: bool, deeper: Sequence[Section]) -> Found:
    """The section as one cause: its heading, its own lines and the sub-headings that are part of it."""
    lines = list(section.own)
    for sub in deeper:
        lines += list(([sub.head] if sub.head else []) + sub.lines())
    lines = _trimmed(lines)
    head = section.head
    number = head.number if head else lines[0].number
    text = verbatim([line for line in lines if line.kind != "underline"])
    cause = _cause(section.title.rstrip(" :"), text, number, contributing)
    return Found(cause, (*((head,) if head else ()), *lines))


def _trimmed(lines: list[Line]) -> list[Line]:
    while lines and lines[-1].kind in ("blank", "rule"):
        lines.pop()
    while lines and lines[0].kind in ("blank", "rule"):
        lines.pop(0)
    return lines


def _cause(title: str, text: str, line: int, contributing: bool) -> Cause:
    trigger = bool(_TRIGGER.search(fold(unmarked(title)))) or bool(_TRIGGER_LABEL.search(fold_lines(text)))
    kind = "contributing" if contributing or _CONTRIBUTING.search(fold(title)) else "root"
    return Cause(title, text, line, trigger, kind)


def fold_lines(text: str) -> str:
    """Folded line by line, at most the first 200 lines."""
    return "\n".join(fold(unmarked(line)[:200]) for line in text.split("\n")[:200])
