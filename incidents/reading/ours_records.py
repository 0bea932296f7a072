"""The records in the sections of our own exports."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

from incidents.reading.coverage import Ledger
from incidents.reading.lines import Line
from incidents.reading.ours_head import Head, value_of
from incidents.reading.ours_lines import LABEL, Item, NotOurs, Part, body, items
from incidents.reading.timeline import Days
from incidents.reading.tokens import leading
from incidents.reading.values import Action, Appendix, Cause, Entry, Lesson, Occurred, Reference
from incidents.report import Told
from incidents.writing import derived
from incidents.writing.escaping import checksum, from_section, unescaped
from incidents.writing.words import NOTHING, Words, named, taken

_BOLD = re.compile(r"\*\*(?P<token>[^*]+)\*\*(?:[ \u00a0]?[:—–-](?: (?P<text>.*))?)?", re.DOTALL)
_CAUSE = re.compile(
    (
        r"(?:\*\*(?P<title>[^*]+)\*\*"
        r"|(?P<none>\([^)]*\)))(?: \((?P<tags>[^)]*)\))?(?:[ \u00a0]?:(?: (?P<text>.*))?)?"
    ),
    re.DOTALL,
)
_DASH = re.compile(r"-(?: (?P<text>.*))?")
_NUMBER = re.compile(r"\d{1,6}\.(?: +(?P<text>.*))?")
_BOX = re.compile(r"(?P<marker>[-*]) (?P<box>\[[ xX~-]\])(?: (?P<text>.*))?")
_STATUS = {"[x]": "done", "[X]": "done", "[ ]": "open", "[~]": "in_progress", "[-]": "dropped"}
TIMES = ("start", "end", "precision", "day_offset_written", "zone")


def _checked(note: dict[str, Any], name: str, about: str, fields: Sequence[str]) -> dict[str, Any]:
    """The values of a note, where the words that it is about are still the same."""
    found = note.get(name)
    if not isinstance(found, list) or len(found) != 2 or found[0] != checksum(about) or not isinstance(found[1], dict):
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
        self.summary.append(from_section(body(part.lines)))

    def take_timeline(self, part: Part) -> None:
        for item in items(part.lines, _DASH, 2, noted=True):
            self.ledger.claim(item.lines, "record", f"timeline/{len(self.entries)}")
            token, text = _token(item.text, self.head)
            origin = _checked(item.note, "from", text, ("source", "evidence", "facts", "written_by"))
            self.entries.append(replace(Told(token, None, None, "none", None, text, item.number), **origin))
            self.times.append(_checked(item.note, "when", token, TIMES))

    def take_causes(self, part: Part) -> None:
        for item in items(part.lines, _NUMBER, 4):
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
            for item in items(run, _BOX, 2, noted=True):
                self.ledger.claim(item.lines, "record", f"actions/{len(self.actions)}")
                self.actions.append(_action(item, self.head, group))
                self.places.append(item.note.get("n"))
            run = []
            if line is not None:
                group = _group(line.text[4:].strip(), self.head.words)
                self.ledger.claim([line], "heading")

    def take_lessons(self, part: Part) -> None:
        for item in items(part.lines, _DASH, 2):
            self.ledger.claim(item.lines, "record", f"lessons/{len(self.lessons)}")
            self.lessons.append(Lesson(unescaped(item.text), item.number))

    def take_references(self, part: Part) -> None:
        for line in part.lines:
            pair = LABEL.fullmatch(line.text.rstrip(" "))
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
        text = from_section(body(part.lines))
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
        told[field] = value_of(value)
    return True
