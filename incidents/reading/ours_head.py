"""The head of our own exports: title, values said in so many words, header lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from incidents.reading.coverage import Ledger
from incidents.reading.lines import Line
from incidents.reading.ours_lines import LABEL, MARK, NotOurs
from incidents.reading.values import Document, Label, Occurred, Severity, Status, Zone
from incidents.writing import derived
from incidents.writing.escaping import unescaped
from incidents.writing.words import NOTHING, Words, named, words_of


@dataclass(frozen=True)
class Head:
    """What stands above the first section: values said in so many words, and the header lines."""

    title: str
    language: str
    words: Words
    said: dict[str, str]
    labels: tuple[Label, ...]


def head_of(lines: Sequence[Line], ledger: Ledger) -> Head:
    match = MARK.fullmatch(lines[0].text)
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
        pair = LABEL.fullmatch(line.text.rstrip(" "))
        if pair is None:
            raise NotOurs
        name = named(words.labels, pair["label"]) if pair["bullet"] else None
        if name:
            said[name] = pair["value"] or ""
        else:
            labels.append(Label(unescaped(pair["label"]), unescaped(pair["value"] or ""), line.number))
        ledger.claim([line], "metadata")
    return Head(unescaped(title), language, words, said, tuple(labels))


def document_of(head: Head, source: tuple[str, ...], encoding: str) -> Document:
    """The document with its head, and no records yet."""
    pairs = [(x.label, x.value) for x in head.labels]
    found = derived.facts(pairs, head.title, head.language)
    zone_name = value_of(head.said["zone"]) if "zone" in head.said else derived.zone(pairs).name
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


def value_of(text: str) -> str | None:
    return None if text == NOTHING else unescaped(text)


def _days(text: str) -> Occurred:
    start, _, end = text.partition(" – ")
    if text.startswith(NOTHING):
        return Occurred(None, text.removeprefix(NOTHING).strip() or None)
    return Occurred(start.strip() or None, end.strip() or None)


def _severity(head: Head, found: Severity) -> Severity:
    raw = value_of(head.said["severity"]) if "severity" in head.said else found.raw
    level = derived.facts([(head.words.labels["severity"], raw or "")], "", "").severity.level
    return Severity(raw, value_of(head.said["level"]) if "level" in head.said else level)


def _status(head: Head, found: Status) -> Status:
    raw = value_of(head.said["status"]) if "status" in head.said else found.raw
    state = derived.facts([(head.words.labels["status"], raw)], "", "").status.state if raw else "unknown"
    if "state" in head.said:
        state = named(head.words.states, head.said["state"]) or unescaped(head.said["state"])
    return Status(raw, state)
