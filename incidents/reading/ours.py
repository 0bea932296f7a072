"""
Our own exports, read back exactly (see `incidents.writing.markdown`), and as people have edited them since.

Whoever moves words about so that the document is no longer of this shape has a document like any other: NotOurs is
raised, and the general reader reads what is written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import pairwise
from typing import Any

from incidents.reading.coverage import Ledger
from incidents.reading.lines import Line, classified
from incidents.reading.references import references_in
from incidents.reading.timeline import Days
from incidents.reading.tokens import leading
from incidents.reading.values import (
    Action,
    Appendix,
    Cause,
    Document,
    Entry,
    Label,
    Lesson,
    Occurred,
    Reference,
    Severity,
    Status,
    Zone,
)
from incidents.report import Told
from incidents.writing import derived
from incidents.writing.escaping import checksum, from_section, unescaped
from incidents.writing.words import NOTHING, Words, named, taken, words_of

_MARK = re.compile(r"# (?P<title>.*) <!-- aftermath (?P<version>\d{1,4}) (?P<language>\S*) \S{1,12} -->\s*")
_LABEL = re.compile(r"(?P<bullet>- )?\*\*(?P<label>[^*]*?)[ \u00a0]?:\*\*(?: (?P<value>.*))?")
_BOLD = re.compile(r"\*\*(?P<token>[^*]+)\*\*(?:[ \u00a0]?[:—–-](?: (?P<text>.*))?)?", re.DOTALL)
_CAUSE = re.compile(
    (
        r"(?:\*\*(?P<title>[^*]+)\*\*"
        r"|(?P<none>\([^)]*\)))(?: \((?P<tags>[^)]*)\))?(?:[ \u00a0]?:(?: (?P<text>.*))?)?"
    ),
    re.DOTALL,
)
_NOTE = re.compile(r"<!-- aftermath (\{.*\}) -->")
_DASH = re.compile(r"-(?: (?P<text>.*))?")
_NUMBER = re.compile(r"\d{1,6}\.(?: +(?P<text>.*))?")
_BOX = re.compile(r"(?P<marker>[-*]) (?P<box>\[[ xX~-]\])(?: (?P<text>.*))?")
_STATUS = {"[x]": "done", "[X]": "done", "[ ]": "open", "[~]": "in_progress", "[-]": "dropped"}
TIMES = ("start", "end", "precision", "day_offset_written", "zone")
VERSION = 1


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


@dataclass(frozen=True)
class Head:
    """What stands above the first section: values said in so many words, and the header lines."""

    title: str
    language: str
    words: Words
    said: dict[str, str]
    labels: tuple[Label, ...]


def is_ours(source: Sequence[str]) -> bool:
    """Whether the first line carries our mark, of a version that is known."""
    match = _MARK.fullmatch(source[0]) if source else None
    return match is not None and int(match["version"]) == VERSION


def read_ours(source: Sequence[str], encoding: str = "utf-8") -> Document:
    """The document as it was exported, with the edits made since. Raises NotOurs."""
    lines = classified(source)
    above, parts = _cut(lines)
    ledger = Ledger(lines)
    head = _head(above, ledger)
    records = Records(head, ledger)
    for part in parts:
        ledger.claim([part.head], "heading")
        records.take(part)
    document = _document(head, tuple(source), encoding)
    said = any(part.kind == "references" for part in parts)
    return replace(
        document,
        summary="\n\n".join(records.summary),
        timeline=records.placed(document.occurred),
        causes=tuple(records.causes),
        actions=records.ordered_actions(),
        lessons=tuple(records.lessons),
        references=tuple(records.references) if said else references_in(lines),
        appendix=tuple(records.appendix),
        coverage=ledger.ranges(),
    )


def plain(source: Sequence[str]) -> list[str]:
    """The lines without our mark and notes, for the general reader: blank where nothing else is written."""
    match = _MARK.fullmatch(source[0])
    first = f"# {unescaped(match['title'])}" if match else source[0]
    return [first, *("" if _NOTE.fullmatch(line.strip()) else line for line in source[1:])]


def _cut(lines: Sequence[Line]) -> tuple[list[Line], list[Part]]:
    match = _MARK.fullmatch(lines[0].text) if lines else None
    if match is None:
        raise NotOurs
    words = words_of(unescaped(match["language"]))
    at = [i for i, line in enumerate(lines) if line.text.startswith("## ")] + [len(lines)]
    parts = []
    for begin, end in pairwise(at):
        title = lines[begin].text[3:]
        kind = named(words.sections, title.strip())
        under = tuple(lines[begin + 1 : end])
        parts.append(
            Part(lines[begin], title, under, kind if kind not in ("done", "open", "dropped") else None)
        )
    return list(lines[: at[0]]), parts


def _head(lines: Sequence[Line], ledger: Ledger) -> Head:
    match = _MARK.fullmatch(lines[0].text)
    if match is None:
        raise NotOurs
    language = unescaped(match["language"])
    words = words_of(language)
    title = match["title"].removeprefix(words.prefix.rstrip(" ")).removeprefix(" ")
    ledger.claim([lines[0]], "heading")
    said: dict[str, str] = {}
    labels: list[Label] = []
    for line in lines[1:]:
        if not line.text.strip():
            continue
        pair = _LABEL.fullmatch(line.text.rstrip(" "))
        if pair is None:
            raise NotOurs
        name = named(words.labels, pair["label"]) if pair["bullet"] else None
        if name:
            said[name] = pair["value"] or ""
        else:
            labels.append(Label(unescaped(pair["label"]), unescaped(pair["value"] or ""), line.number))
        ledger.claim([line], "metadata")
    return Head(unescaped(title), language, words, said, tuple(labels))


def _document(head: Head, source: tuple[str, ...], encoding: str) -> Document:
    """The document with its head, and no records yet."""
    pairs = [(x.label, x.value) for x in head.labels]
    found = derived.facts(pairs, head.title, head.language)
    zone_name = _value(head.said["zone"]) if "zone" in head.said else derived.zone(pairs).name
    source_said = head.said.get("source", "")
    zone_source = named(head.words.sources, source_said) or unescaped(source_said)
    return Document(
        title=head.title, language=head.language,
        occurred=_days(head.said["date"]) if "date" in head.said else found.occurred,
        severity=_severity(head, found.severity), status=_status(head, found.status),
        zone=Zone(zone_name, zone_source or ("stated" if zone_name else "assumed")), summary="",
        metadata=head.labels, timeline=(), causes=(), actions=(), lessons=(), references=(), appendix=(),
        warnings=(), coverage=(), lines=source, encoding=encoding,
    )  # fmt: skip


def _value(text: str) -> str | None:
    return None if text == NOTHING else unescaped(text)


def _days(text: str) -> Occurred:
    start, _, end = text.partition(" – ")
    if text.startswith(NOTHING):
        return Occurred(None, text.removeprefix(NOTHING).strip() or None)
    return Occurred(start.strip() or None, end.strip() or None)


def _severity(head: Head, found: Severity) -> Severity:
    raw = _value(head.said["severity"]) if "severity" in head.said else found.raw
    level = derived.facts([(head.words.labels["severity"], raw or "")], "", "").severity.level
    return Severity(raw, _value(head.said["level"]) if "level" in head.said else level)


def _status(head: Head, found: Status) -> Status:
    raw = _value(head.said["status"]) if "status" in head.said else found.raw
    state = derived.facts([(head.words.labels["status"], raw)], "", "").status.state if raw else "unknown"
    if "state" in head.said:
        state = named(head.words.states, head.said["state"]) or unescaped(head.said["state"])
    return Status(raw, state)


def _body(lines: Sequence[Line]) -> str:
    texts = [line.text for line in lines]
    while texts and not texts[-1]:
        texts.pop()
    while texts and not texts[0]:
        texts.pop(0)
    return "\n".join(texts)


def _items(
    lines: Sequence[Line], marker: re.Pattern[str], columns: int, noted: bool = False
) -> Iterator[Item]:
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
    if noted and len(texts) > 1 and (found := _NOTE.fullmatch(texts[-1].strip())):
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


def _checked(note: dict[str, Any], name: str, about: str, fields: Sequence[str]) -> dict[str, Any]:
    """The values of a note, where the words that it is about are still the same."""
    found = note.get(name)
    if (
        not isinstance(found, list)
        or len(found) != 2
        or found[0] != checksum(about)
        or not isinstance(found[1], dict)
    ):
        return {}
    return {key: value for key, value in found[1].items() if key in fields}


class Records:
    """The records of the sections, in the order in which they are taken."""

    def __init__(self, head: Head, ledger: Ledger) -> None:
        self.head, self.ledger = head, ledger
        self.summary: list[str] = []
        self.entries: list[Told] = []
        self.times: list[dict[str, Any]] = []
        self.causes: list[Cause] = []
        self.actions: list[Action] = []
        self.places: list[Any] = []
        self.lessons: list[Lesson] = []
        self.references: list[Reference] = []
        self.appendix: list[Appendix] = []

    def take(self, part: Part) -> None:
        """Read one section; what announces no records of ours is an appendix. Raises NotOurs."""
        readers = {
            "summary": self.take_summary,
            "timeline": self.take_timeline,
            "causes": self.take_causes,
            "actions": self.take_actions,
            "lessons": self.take_lessons,
            "references": self.take_references,
        }
        readers.get(part.kind or "", self.take_appendix)(part)

    def take_summary(self, part: Part) -> None:
        self.ledger.claim(part.lines, "summary")
        self.summary.append(from_section(_body(part.lines)))

    def take_timeline(self, part: Part) -> None:
        for item in _items(part.lines, _DASH, 2, noted=True):
            self.ledger.claim(item.lines, "record", f"timeline/{len(self.entries)}")
            token, text = _token(item.text, self.head)
            origin = _checked(item.note, "from", text, ("source", "evidence", "facts", "written_by"))
            self.entries.append(replace(Told(token, None, None, "none", None, text, item.number), **origin))
            self.times.append(_checked(item.note, "when", token, TIMES))

    def take_causes(self, part: Part) -> None:
        for item in _items(part.lines, _NUMBER, 4):
            self.ledger.claim(item.lines, "record", f"causes/{len(self.causes)}")
            self.causes.append(_cause(item, self.head.words))

    def take_actions(self, part: Part) -> None:
        """The headings inside only group: the box of an action says how it stands."""
        run: list[Line] = []
        group: str | None = None
        for line in [*part.lines, None]:
            if line is not None and not line.text.startswith("### "):
                run.append(line)
                continue
            for item in _items(run, _BOX, 2, noted=True):
                self.ledger.claim(item.lines, "record", f"actions/{len(self.actions)}")
                self.actions.append(_action(item, self.head, group))
                self.places.append(item.note.get("n"))
            run = []
            if line is not None:
                group = _group(line.text[4:].strip(), self.head.words)
                self.ledger.claim([line], "heading")

    def take_lessons(self, part: Part) -> None:
        for item in _items(part.lines, _DASH, 2):
            self.ledger.claim(item.lines, "record", f"lessons/{len(self.lessons)}")
            self.lessons.append(Lesson(unescaped(item.text), item.number))

    def take_references(self, part: Part) -> None:
        for line in part.lines:
            pair = _LABEL.fullmatch(line.text.rstrip(" "))
            if pair is not None and pair["bullet"]:
                kind = named(self.head.words.references, pair["label"]) or unescaped(pair["label"])
                self.references.append(Reference(kind, unescaped(pair["value"] or "")))
                self.ledger.claim([line], "metadata")
            elif line.text.strip() not in ("", NOTHING):
                raise NotOurs
            else:
                self.ledger.claim([line], "summary")

    def take_appendix(self, part: Part) -> None:
        words = self.head.words
        title = part.title.strip()
        name = f"{words.sections['appendix']}{words.colon}"
        if title.startswith(name) and taken(title, words):
            title = title.removeprefix(name).removeprefix(" ")
        heading = None if part.kind == "appendix" else unescaped(title)
        last = next((x.number for x in reversed(part.lines) if x.text.strip()), part.head.number)
        text = from_section(_body(part.lines))
        self.appendix.append(Appendix(heading, part.head.number, last, text))

    def placed(self, occurred: Occurred) -> tuple[Entry, ...]:
        """The entries at the times that their tokens say, or that a note about the same token does."""
        days = Days(_date(occurred.start), _date(occurred.end))
        pairs = [(entry.token, entry.text) for entry in self.entries]
        read = derived.entries(pairs, days, self.head.language)
        found = []
        for entry, plain_entry, times in zip(self.entries, read, self.times, strict=True):
            said = {name: getattr(plain_entry, name) for name in TIMES}
            found.append(replace(entry, **{**said, **times}))
        return tuple(found)

    def ordered_actions(self) -> tuple[Action, ...]:
        """In the order of the record, where every action still has its place in it; else as they stand."""
        if sorted(self.places, key=str) == sorted(range(len(self.places)), key=str):
            order = sorted(range(len(self.places)), key=lambda i: self.places[i])
            if order != list(range(len(order))):
                self.ledger.rename("actions", {old: new for new, old in enumerate(order)})
            return tuple(self.actions[i] for i in order)
        return tuple(self.actions)


def _date(day: str | None) -> date | None:
    try:
        return date.fromisoformat(day) if day else None
    except ValueError:
        return None


def _token(text: str, head: Head) -> tuple[str, str]:
    """The time and the words of an entry: ours in bold, or written by a person in any way that begins with a time."""
    words = head.words
    if match := _BOLD.fullmatch(text):
        return unescaped(match["token"]), unescaped(match["text"] or "")
    if text.startswith(words.no_time):
        rest = text.removeprefix(words.no_time).lstrip(" \u00a0")
        return "", unescaped(rest.removeprefix(":").removeprefix(" "))
    token = leading(text, head.language)
    return (token.written, unescaped(token.rest)) if token else ("", unescaped(text))


def _cause(item: Item, words: Words) -> Cause:
    match = _CAUSE.fullmatch(item.text)
    if match is None:
        first, _, rest = item.text.partition("\n")
        return Cause(unescaped(first), unescaped(rest), item.number)
    tags = [tag.strip() for tag in (match["tags"] or "").split(",")]
    title = "" if match["none"] == words.untitled else unescaped(match["title"] or match["none"])
    kind = "contributing" if words.contributing in tags else "root"
    return Cause(title, unescaped(match["text"] or ""), item.number, words.trigger in tags, kind)


def _group(title: str, words: Words) -> str | None:
    """What a heading among the actions groups them by: none for the plain words, else what follows them."""
    for name in (words.sections[key] for key in ("done", "open", "dropped")):
        if title == name:
            return None
        if title.startswith(name + words.colon):
            rest = title.removeprefix(name + words.colon).removeprefix(" ")
            return unescaped(rest) if rest else name
    return unescaped(title)


def _action(item: Item, head: Head, group: str | None) -> Action:
    """The text, what its words say of it, and what the line in italics below them says instead."""
    text, told = _details(item.text, head.words)
    text = unescaped(text)
    said: dict[str, Any] = {**derived.details(text, head.language), **told}
    box = item.match["box"]
    raw = box if item.match["marker"] == "-" else None
    return Action(
        text, _STATUS[box], said.get("status_raw", raw), group, said["priority"], said["owner"],
        said["references"], item.number, said["due"], said["due_raw"], said.get("kind") or "corrective",
        said.get("fields", ()),
    )  # fmt: skip


def _details(text: str, words: Words) -> tuple[str, dict[str, Any]]:
    """The text without its details line, and what that line says. A line that says anything else is text."""
    above, _, last = text.rpartition("\n")
    inner = last.strip()
    if "\n" not in text or len(inner) < 3 or inner[0] != "*" or inner[-1] != "*" or "*" in inner[1:-1]:
        return text, {}
    told: dict[str, Any] = {}
    for pair in inner[1:-1].split(" · ") if inner != f"*{NOTHING}*" else ():
        name, colon, value = pair.partition(words.colon)
        if not colon or not _tell(told, name, value.removeprefix(" "), words):
            return text, {}
    return above, told


def _tell(told: dict[str, Any], name: str, value: str, words: Words) -> bool:
    """Add one detail; False for a name that is none of ours."""
    if name.startswith("[") and name.endswith("]"):
        told["fields"] = (*told.get("fields", ()), (unescaped(name[1:-1]), unescaped(value)))
        return True
    field = named(words.details, name)
    if field is None:
        return False
    if field == "references":
        told[field] = () if value == NOTHING else tuple(unescaped(x) for x in value.split(", "))
    elif field == "kind":
        told[field] = named(words.kinds, value) or unescaped(value)
    else:
        told[field] = _value(value)
    return True
