"""
Header lines: `**Label:** value`, a table or list of labels, front matter, plain `Label: value` for known
labels.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from incidents.reading.blocks import Block
from incidents.reading.lines import Line
from incidents.reading.sections import Section
from incidents.reading.tables import cells
from incidents.reading.values import Label
from incidents.reading.words import HEAD, fold, unmarked, without_icons

_BOLD = re.compile(
    r"(?:\*\*|__)[ \t]{0,3}([^*_:\n]{1,60}?)[ \t\u00a0\u202f]{0,3}(?::[ \t]{0,3}(?:\*\*|__)|(?:\*\*"
    r"|__)[ \t\u00a0\u202f]{0,3}:)"
)
_PLAIN = re.compile(r"[*_]?([A-Za-zÀ-ÿ][^:*|]{1,40}?)[ \t\u00a0\u202f]{0,3}:[*_]?(?:[ \t\u00a0]+|$)")
_FRONT = re.compile(r"([A-Za-zÀ-ÿ_][\w .À-ÿ-]{0,40}?)\s{0,3}:(?:\s+|$)")
_BEGIN = re.compile(r"(?:>[ \t]{0,3}){0,3}(?:[-*+•][ \t]+|\d{1,3}[.)][ \t]+)?")
_SEPARATORS = " \t\u00a0|·•,;—–-\\"
_DOCUMENT = re.compile(
    r"redact|report|rapport|publi|review|revue|creat|creation|mise a jour|updated?|version|revision"
    r"|document|auteur|author|next|prochain|resol|detect|meeting|reunion"
)

DATE = re.compile(
    r"(?:(?:incident|event) )?dates?\b.*|jours?|days?|when|quand|occurred.*|survenu.*|periode?.*"
    r"|incident (?:period|window)|fenetre.*"
)
BEGAN = re.compile(
    r"(?:incident )?(?:debut|start|started|began|begin|start(?:ed)? (?:time|at|date)|date de debut"
    r"|heure de debut|opened)(?: .{0,20})?"
)
ENDED = re.compile(
    r"(?:incident )?(?:fin|end|ended|end (?:time|date)|date de fin|heure de fin|resolu le"
    r"|resolved(?: at| on)?|closed)(?: .{0,20})?"
)
SEVERITY = re.compile(
    r"(?:.{0,20} )?(?:severite|severity|sev|gravite|criticite|criticality)(?: .{0,25})?"
    r"|niveau d'impact|impact level"
)
PRIORITY = re.compile(r"(?:priorite|priority)(?: .{0,15})?")
STATUS = re.compile(r"(?:.{0,20} )?(?:statut|status)(?: .{0,25})?")
DURATION = re.compile(
    r"(?:.{0,25} )?(?:duree|duration|downtime|temps d'arret|ttr|mttr|time to (?:resolve"
    r"|recover\w*))(?: .{0,30})?"
)
ZONE = re.compile(r"(?:fuseau(?: horaire)?|time ?zone|tz|zone horaire|timezone|zone)")
CAUSE = re.compile(r"(?:root[ -])?causes?(?: racines?| profondes?| principales?)?|trigger|declencheur(?: initial)?")
SUMMARY = re.compile(r"summary|resume(?: executif)?|tl;?dr|synthese|executive summary")
TITLE = re.compile(r"title|titre|incident|intitule|name|nom")
_OTHERS = re.compile(
    r"auteurs?|authors?|services?(?: .*)?|impacts?|clusters?|environ\w+|owner|commander|reporters?"
    r"|teams?|equipe|version|systems?|systemes?|apps?"
    r"|applications?|participants?|resolution|detection|detected.*|detecte.*|customers?|users?"
    r"|utilisateurs?|incident (?:id|number|commander|manager)|id|ticket|ref(?:erence)?|tags?|host\w*"
    r"|perimetre|scope|reported by|duty|on-?call"
)
KNOWN = (DATE, BEGAN, ENDED, SEVERITY, PRIORITY, STATUS, DURATION, ZONE, CAUSE, SUMMARY, TITLE, _OTHERS)


@dataclass(frozen=True)
class Header:
    """The labels in order, with the lines that hold them: `bold` ones are the contract's metadata lines."""

    labels: tuple[Label, ...]
    bold: frozenset[int]

    def first(self, pattern: re.Pattern[str], but: re.Pattern[str] | None = None) -> Label | None:
        """The first label whose folded name the pattern matches whole."""
        for label in self.labels:
            name = fold(label.label)
            if pattern.fullmatch(name) and not (but and but.search(name)):
                return label
        return None

    @property
    def date(self) -> Label | None:
        return self.first(DATE, but=_DOCUMENT)

    @property
    def status(self) -> Label | None:
        return self.first(STATUS, but=re.compile(r"document|rapport|report|page|review|revue|redaction"))


def read_header(preamble: Sequence[Section], sections: Sequence[Section]) -> Header:
    """
    The labels before the first section, or, where those say neither date, severity nor status, of the first
    sections.
    """
    labels = [found for section in preamble for found in _of(section)]
    if not _says_enough(labels):
        for section in sections[:3]:
            if section.kind in ("summary", "header", None, "weak-timeline") and section.level < 7:
                more = _of(section)
                labels += more if section.kind == "header" or _says_enough(more) else []
    bold = frozenset(label.line for label, strong in labels if strong)
    return Header(tuple(label for label, _ in labels), bold)


def _says_enough(labels: Sequence[tuple[Label, bool]]) -> bool:
    names = [fold(label.label) for label, _ in labels]
    return any(p.fullmatch(n) and not _DOCUMENT.search(n) for p in (DATE, SEVERITY, STATUS, BEGAN) for n in names)


def _of(section: Section) -> list[tuple[Label, bool]]:
    found: list[tuple[Label, bool]] = []
    found.extend((label, False) for label in _front_matter([x for x in section.own if x.kind == "matter"]))
    for block in section.blocks:
        if block.kind == "table":
            found.extend((label, "**" in text) for label, text in _table(block))
        elif block.kind in ("paragraph", "list"):
            lines = [x for x in block.lines if x.kind in ("text", "item")]
            found.extend((label, strong) for line in lines for label, strong in of_line(line))
    return found


def of_line(line: Line) -> list[tuple[Label, bool]]:
    """The labels with which a line begins, and whether they are bold."""
    text = line.text.strip()[:HEAD]
    begin = _BEGIN.match(text)
    text = text[begin.end() if begin else 0 :]
    bold = list(_BOLD.finditer(text))
    if bold and not without_icons(text[: bold[0].start()]).strip(" -—–"):
        ends = [m.start() for m in bold[1:]] + [len(text)]
        pairs = (
            (m[1], text[m.end() : end].strip(_SEPARATORS if end < len(text) else " \t\u00a0\\"))
            for m, end in zip(bold, ends, strict=True)
        )
        return [(Label(without_icons(name), value, line.number), True) for name, value in pairs]
    plain = _PLAIN.match(without_icons(text))
    if plain and any(p.fullmatch(fold(plain[1])) for p in KNOWN):
        return [
            (
                Label(plain[1].strip(), without_icons(text)[plain.end() :].strip(" \t\u00a0\\"), line.number),
                False,
            )
        ]
    return []


def _table(block: Block) -> Iterator[tuple[Label, str]]:
    """A table of two columns, label and value; or, with a head of known labels, one row of values."""
    rows = [(line, cells(line)) for line in ([block.head] if block.head else []) + list(block.rows)]
    if not rows or len(rows) > 40:
        return
    head = rows[0][1]
    if block.head and len(rows) == 2 and sum(_known(c) for c in head) * 2 > len(head) > 1:
        for name, value in zip(head, rows[1][1], strict=False):
            yield Label(_clean(name), value, rows[1][0].number), ""
        return
    if any(len(row) != 2 for _, row in rows) or not any(_known(row[0]) for _, row in rows):
        return
    for line, row in rows[1:] if block.head and not _known(head[0]) else rows:
        if row[0]:
            yield (
                Label(_clean(row[0]), row[1], line.number),
                line.text if re.search(r"\*\*[^*]+(:\s*\*\*|\*\*\s*:)", line.text) else "",
            )


def _known(name: str) -> bool:
    return any(p.fullmatch(fold(_clean(name))) for p in KNOWN)


def _clean(name: str) -> str:
    return without_icons(unmarked(name)).strip(" :\u00a0\u202f")


def _front_matter(lines: Sequence[Line]) -> Iterator[Label]:
    for line in lines:
        match = _FRONT.match(line.text[:HEAD])
        if match:
            value = line.text[:HEAD][match.end() :].strip()
            yield Label(match[1], value.strip("\"'") if value[:1] == value[-1:] else value, line.number)
