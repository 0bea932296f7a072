"""What does not fit together in a document that has been read: the warnings that need the whole of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date, datetime

from incidents.reading.comparing import counts, duplicates, said
from incidents.reading.header import Facts
from incidents.reading.labels import SEVERITY, STATUS, of_line
from incidents.reading.levels import severity_of, status_of
from incidents.reading.lines import Line
from incidents.reading.looks import why_not
from incidents.reading.notices import notice
from incidents.reading.sections import Section
from incidents.reading.values import Document, Notice
from incidents.reading.words import HEAD, fold, one_line, unmarked

_INLINE = re.compile(
    r"(?:\*\*|__)\W{0,4}(?:actions?|todo)\b[^*_\n]{0,60}?(?::\s?(?:\*\*|__)|(?:\*\*|__)\s?:)\s{0,3}",
    re.IGNORECASE,
)
_CLOCK = re.compile(r"(?<![\w:./-])(?:[01]?\d|2[0-3])(?::[0-5]\d(?::[0-5]\d)?|h[0-5]\d)(?![\w:])")
_WITHDRAWN = re.compile(
    r"\b(?:superseded|ruled out|disprove[nd]|withdrawn|retracted|red herring"
    r"|turned out (?:not )?to be (?:wrong|false|unrelated)|(?:was|is) not (?:actually )?the (?:real "
    r"|root |actual )?cause"
    r"|n'etait (?:donc )?pas la (?:vraie )?cause|n'est (?:donc )?pas la (?:vraie )?cause"
    r"|initialement (?:identifie|suspecte|attribue)\w*|(?:vraie|veritable) cause|(?:real|actual) (?:root )?cause"
    r"|misdiagnos\w*|was (?:wrong|incorrect)|(?:diagnostic|analyse|hypothese) (?:initiale? )?(?:errone|incorrect)\w*"
    r"|fausse piste|infirme[es]*|invalide[es]*|ecartee?s?\b(?! par)|hypothese (?:abandonnee|ecartee"
    r"|rejetee)"
    r"|refute[es]*|initially (?:thought|believed)|cause initiale(?:ment)? (?:supposee|suspectee)"
    r"|remplacee par la cause)\b"
)
_OF_A_CAUSE = re.compile(r"\b(?:causes?|hypothes[ei]s|diagnos\w+|rc-? ?\d+|theor\w+|piste)\b")
_STRUCK = re.compile(r"^\W{0,4}~~")
MINUTES = 30
PART = 0.2
PROSE_TIMES = 2


def findings(
    document: Document, root: Section, lines: Sequence[Line], facts: Facts, days: Sequence[date]
) -> list[Notice]:
    """
    Every warning about the document as a whole, about its records against each other, and about its header.
    """
    sections = list(root.walk())
    inline = _inline_actions(document, lines)
    return [
        *_kind(document, facts, lines),
        *_no_timeline(document, lines),
        *_days(facts, days, document),
        *_duration(document, facts),
        *(notice("inline-action", line, text=one_line(text, 80)) for text, line in inline),
        *duplicates([said(a.text, a.line) for a in document.actions] + [said(text, line) for text, line in inline]),
        *counts(sections),
        *_withdrawn(document),
        *_withdrawn_headings(document, sections),
        *_said_twice(document, lines),
    ]


def _kind(document: Document, facts: Facts, lines: Sequence[Line]) -> Iterator[Notice]:
    kinds = sum(map(bool, (document.timeline, document.causes, document.actions, document.lessons)))
    labelled = facts.severity.raw is not None or facts.status.raw is not None
    told = bool(document.timeline or document.causes or facts.severity.raw is not None)
    reason = why_not(document.title, kinds, facts.days.first is not None, labelled, told, lines)
    if reason:
        yield notice("not-a-postmortem", None, reason=reason)


def _no_timeline(document: Document, lines: Sequence[Line]) -> Iterator[Notice]:
    if document.timeline:
        return
    yield notice("no-timeline")
    prose = [line for line in lines if line.kind in ("text", "item", "table")]
    times = [(line.number, len(_CLOCK.findall(line.text[:HEAD]))) for line in prose]
    count = sum(n for _, n in times)
    if count >= PROSE_TIMES:
        yield notice("times-in-prose", next(at for at, n in times if n), count=count)


def _days(facts: Facts, days: Sequence[date], document: Document) -> Iterator[Notice]:
    first, last = facts.days.first, facts.days.until
    if first is None or last is None:
        return
    outside = [day for day in days if not first <= day <= last]
    if outside:
        iso = {day.isoformat() for day in outside}
        at = next(
            (e.line for e in document.timeline if (e.start or "")[:10] in iso or (e.end or "")[:10] in iso),
            None,
        )
        stated = first.isoformat() if first == last else f"{first.isoformat()} – {last.isoformat()}"
        yield notice("date-differs-from-rows", at, days=", ".join(sorted(iso)), stated=stated)


def _duration(document: Document, facts: Facts) -> Iterator[Notice]:
    moments = [datetime.fromisoformat(at) for e in document.timeline for at in (e.start, e.end) if at and "T" in at]
    if facts.minutes is None or len(moments) < 2:
        return
    stated, label = facts.minutes
    rows = (max(moments) - min(moments)).total_seconds() / 60
    if abs(stated - rows) > MINUTES and abs(stated - rows) > PART * stated:
        yield notice("duration-differs-from-rows", label.line, stated=round(stated), rows=round(rows))


def _inline_actions(document: Document, lines: Sequence[Line]) -> list[tuple[str, int]]:
    """`**Action ... :**` sentences inside the lines of causes and lessons, with their lines."""
    found = []
    for held in document.coverage:
        if held.kind != "record" or not (held.ref or "").startswith(("causes/", "lessons/")):
            continue
        for line in lines[held.line_from - 1 : held.line_to]:
            if line.kind != "fence" and (match := _INLINE.search(line.text[:HEAD])):
                found.append((line.text[match.end() : HEAD].strip(), line.number))
    return found


def _withdrawn(document: Document) -> Iterator[Notice]:
    for cause in document.causes:
        texts = [cause.title, *cause.text.split("\n")[:100]]
        if hit := next((t for t in texts if _STRUCK.match(t) or _WITHDRAWN.search(fold(unmarked(t[:1000])))), None):
            yield notice("cause-superseded", cause.line, text=one_line(hit, 80))


def _withdrawn_headings(document: Document, sections: Sequence[Section]) -> Iterator[Notice]:
    """Headings outside the causes that withdraw one, such as `First hypothesis (ruled out)`."""
    known = {cause.line for cause in document.causes}
    for section in sections:
        title = fold(unmarked(section.title))
        if section.head is None or section.head.number in known or not _OF_A_CAUSE.search(title):
            continue
        if _WITHDRAWN.search(title) or _STRUCK.match(section.title):
            yield notice("cause-superseded", section.head.number, text=one_line(section.title, 80))


def _said_twice(document: Document, lines: Sequence[Line]) -> Iterator[Notice]:
    """A second severity or status label that says something else than the header's."""
    records = [r for r in document.coverage if r.kind in ("record", "metadata")]
    known = {n for r in records for n in range(r.line_from, r.line_to + 1)}
    known |= {label.line for label in document.metadata}
    for line in lines:
        if line.number in known or line.kind not in ("text", "item") or "**" not in line.text[:80]:
            continue
        for label, _ in of_line(line):
            name = fold(label.label)
            if SEVERITY.fullmatch(name) and document.severity.level:
                other = severity_of(label.value)[0].level
                if other and other != document.severity.level:
                    yield notice("contradiction", line.number, first=document.severity.raw, second=label.value)
            elif STATUS.fullmatch(name) and document.status.state != "unknown":
                state = status_of(label.value)[0].state
                if state not in ("unknown", document.status.state):
                    yield notice("contradiction", line.number, first=document.status.raw, second=label.value)
