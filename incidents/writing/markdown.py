"""
A report as Markdown that a person would write, and that reads back as the same report (`incidents.reading.ours`).

Everything stands in plain words. Where the words do not say a value (a row that is placed on another day than its token
says, evidence of a run), a comment at the end of the record does, with a checksum of the words that it is about: when a
person changes those words, the comment no longer counts.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple
from datetime import date
from itertools import groupby
from typing import Any

from incidents.reading.lines import classified
from incidents.reading.references import references_in
from incidents.reading.timeline import Days
from incidents.reading.values import Action, Appendix, Cause, Reference
from incidents.report import Report, Told
from incidents.writing import derived
from incidents.writing.escaping import as_item, as_section, checksum, escaped, one_line
from incidents.writing.words import NOTHING, Words, taken, words_of

VERSION = 1
CANARY = "é✓"  # tells whether the file was misread on its way; one that was not is never repaired
BOXES = {"done": "[x]", "open": "[ ]", "in_progress": "[~]", "dropped": "[-]"}
GROUPS = (("done", ("done",)), ("open", ("open", "in_progress")), ("dropped", ("dropped",)))
TIMES = ("start", "end", "precision", "day_offset_written", "zone")
ORIGIN = ("source", "evidence", "facts", "written_by")
STEP = 4  # columns by which the text of a numbered item is indented
SMALL_STEP = 2


def markdown(report: Report) -> str:
    """The whole document, ending with a line end."""
    words = words_of(report.language)
    parts = [_head(report, words), *_body(report, words)]
    text = "\n\n".join(part for part in parts if part) + "\n"
    if references_in(classified(text.split("\n"))) != report.references:
        text += f"\n{_references(report.references, words)}\n"
    return text


def _head(report: Report, words: Words) -> str:
    mark = f"<!-- aftermath {VERSION} {one_line(report.language, '- >')} {CANARY} -->"
    lines = [f"# {words.prefix}{one_line(report.title, '<')} {mark}"]
    bullets = [f"- **{words.labels[name]}{words.colon}** {value}".rstrip() for name, value in said(report, words)]
    labels = [f"**{one_line(x.label, ':*')}{words.colon}** {one_line(x.value)}".rstrip() for x in report.metadata]
    parts = [*lines, "\n".join(bullets), "  \n".join(labels)]
    return "\n\n".join(part for part in parts if part)


def said(report: Report, words: Words) -> Iterator[tuple[str, str]]:
    """The head's values that its header lines do not say, or say otherwise."""
    pairs = [(x.label, x.value) for x in report.metadata]
    found = derived.facts(pairs, report.title, report.language)
    if report.occurred != found.occurred:
        days = [day for day in (report.occurred.start, report.occurred.end) if day]
        yield (
            "date",
            " – ".join(days) if report.occurred.start else f"{NOTHING} {report.occurred.end or ''}".rstrip(),
        )
    if report.status.raw != found.status.raw:
        yield "status", _value(report.status.raw)
    state = derived.facts([(words.labels["status"], report.status.raw or "")], "", "").status.state
    if report.status.state != (state if report.status.raw else "unknown"):
        yield "state", words.states.get(report.status.state) or one_line(report.status.state)
    if report.severity.raw != found.severity.raw:
        yield "severity", _value(report.severity.raw)
    level = derived.facts([(words.labels["severity"], report.severity.raw or "")], "", "").severity.level
    if report.severity.level != level:
        yield "level", _value(report.severity.level)
    zone = derived.zone(pairs)
    if report.zone.name != zone.name:
        yield "zone", _value(report.zone.name)
    if report.zone.source != ("stated" if report.zone.name else "assumed"):
        yield "source", words.sources.get(report.zone.source) or one_line(report.zone.source)


def _value(text: str | None) -> str:
    """A value on one line; None and what looks like None are told apart."""
    if text is None:
        return NOTHING
    return one_line(text, also=NOTHING if text.startswith(NOTHING) else "")


def _body(report: Report, words: Words) -> Iterator[str]:
    if report.summary:
        yield f"## {words.sections['summary']}\n\n{as_section(report.summary)}"
    if report.timeline:
        yield f"## {words.sections['timeline']}\n\n{_timeline(report, words)}"
    if report.causes:
        causes = (_cause(n, cause, words) for n, cause in enumerate(report.causes, 1))
        yield f"## {words.sections['causes']}\n\n" + "\n".join(causes)
    if report.actions:
        yield f"## {words.sections['actions']}\n\n{_actions(report, words)}"
    if report.lessons:
        lessons = (f"- {as_item(lesson.text, SMALL_STEP)}".rstrip(" ") for lesson in report.lessons)
        yield f"## {words.sections['lessons']}\n\n" + "\n".join(lessons)
    yield from (_appendix(part, words) for part in report.appendix)


def _timeline(report: Report, words: Words) -> str:
    days = Days(_date(report.occurred.start), _date(report.occurred.end))
    pairs = [(entry.token, entry.text) for entry in report.timeline]
    plain = derived.entries(pairs, days, report.language)
    items = []
    for entry, read in zip(report.timeline, plain, strict=True):
        token = f"**{one_line(entry.token, '*')}**" if entry.token else words.no_time
        text = f"{words.colon} {as_item(entry.text, SMALL_STEP)}" if entry.text else ""
        items.append(f"- {token}{text}" + _note(entry.text, _entry_note(entry, read), SMALL_STEP))
    return "\n".join(items)


def _date(day: str | None) -> date | None:
    try:
        return date.fromisoformat(day) if day else None
    except ValueError:
        return None


def _entry_note(entry: Told, read: Any) -> dict[str, Any]:
    """The times that the token does not say by itself, and where the entry comes from."""
    times = {name: getattr(entry, name) for name in TIMES if getattr(entry, name) != getattr(read, name)}
    plain = Told("", None, None, "", None, "", 0)
    origin = {name: getattr(entry, name) for name in ORIGIN if getattr(entry, name) != getattr(plain, name)}
    note: dict[str, Any] = {}
    if times:
        note["when"] = [checksum(entry.token), times]
    if origin:
        note["from"] = [checksum(entry.text), origin]
    return note


def _note(text: str, note: Mapping[str, Any], columns: int) -> str:
    """A comment line at the end of a record; an empty one where the text itself ends like a comment of ours."""
    last = text.rsplit("\n", 1)[-1].strip()
    if not note and not last.startswith("<!-- aftermath"):
        return ""
    told = json.dumps(note, ensure_ascii=False, sort_keys=True)
    for mark, instead in (("<", "\\u003c"), (">", "\\u003e"), ("--", "-\\u002d")):
        told = told.replace(mark, instead)
    return f"\n{' ' * columns}<!-- aftermath {escaped(told)} -->"


def _cause(number: int, cause: Cause, words: Words) -> str:
    title = f"**{one_line(cause.title, '*')}**" if cause.title else words.untitled
    tags = [words.contributing] if cause.kind == "contributing" else []
    tags += [words.trigger] if cause.trigger else []
    title += f" ({', '.join(tags)})" if tags else ""
    text = f"{words.colon} {as_item(cause.text, STEP)}" if cause.text else ""
    return f"{number}. ".ljust(STEP) + f"{title}{text}"


def _actions(report: Report, words: Words) -> str:
    order = [a for _, states in GROUPS for a in report.actions if a.status in states]
    moved = order != list(report.actions)
    place = {id(action): n for n, action in enumerate(report.actions)}
    parts = []
    for name, states in GROUPS:
        mine = [a for a in report.actions if a.status in states]
        for group, run in groupby(mine, key=lambda a: a.group_or_horizon):
            items = [_action(a, words, report.language, place[id(a)] if moved else None) for a in run]
            parts.append(f"### {_group(words.sections[name], group, words)}\n\n" + "\n".join(items))
    return "\n\n".join(parts)


def _group(name: str, group: str | None, words: Words) -> str:
    """`Done` for no group, `Done:` for a group of that name, `Done: quick wins` for any other."""
    if group is None:
        return name
    return f"{name}{words.colon}" if group == name else f"{name}{words.colon} {one_line(group)}"


def _action(action: Action, words: Words, language: str, place: int | None) -> str:
    """
    `- [x] text` where the box is what was written, `* [x] text` where no status was written; the rest of what is known
    in italics below.
    """
    box = BOXES[action.status]
    marker = "-" if action.status_raw == box else "*"
    details = list(_details(action, words, language, box))
    lines = [f"{marker} {box} {as_item(action.text, SMALL_STEP)}".rstrip(" ")]
    last = action.text.rsplit("\n", 1)[-1].strip()
    note = {} if place is None else {"n": place}
    if details or last.startswith(("*", "<!-- aftermath")):
        told = " · ".join(f"{name}{words.colon} {value}".rstrip() for name, value in details) or NOTHING
        lines.append(f"{' ' * SMALL_STEP}*{told}*")
    return "\n".join(lines) + _note("", note, SMALL_STEP)


def _details(action: Action, words: Words, language: str, box: str) -> Iterator[tuple[str, str]]:
    """What the action's own words do not say of it, by the name that the details line gives it."""
    said = derived.details(action.text, language)
    if action.status_raw is not None and action.status_raw != box:
        yield words.details["status_raw"], _detail(action.status_raw)
    for name in ("priority", "owner", "due", "due_raw"):
        value = getattr(action, name)
        if value != said.get(name):
            yield words.details[name], NOTHING if value is None else _detail(value)
    if action.kind != "corrective":
        yield words.details["kind"], words.kinds.get(action.kind) or _detail(action.kind)
    if action.references != said["references"]:
        references = ", ".join(_detail(ref, ",") for ref in action.references)
        yield words.details["references"], references or NOTHING
    for column, cell in action.fields:
        yield f"[{_detail(column, ']:')}]", _detail(cell)


def _detail(text: str, also: str = "") -> str:
    return one_line(text, also="*·" + also + (NOTHING if text.startswith(NOTHING) else ""))


def _references(references: Sequence[Reference], words: Words) -> str:
    lines = [f"## {words.sections['references']}", ""]
    for kind, ref in map(astuple, references):
        lines.append(
            f"- **{words.references.get(kind) or one_line(kind, ':*')}{words.colon}** {one_line(ref)}".rstrip()
        )
    return "\n".join(lines if references else [*lines, NOTHING])


def _appendix(part: Appendix, words: Words) -> str:
    name = words.sections["appendix"]
    if part.heading is None:
        heading = f"## {name}"
    else:
        title = one_line(part.heading)
        heading = f"## {name}{words.colon} {title}" if taken(title, words) else f"## {title}"
    return f"{heading.rstrip()}\n\n{as_section(part.text)}" if part.text else heading.rstrip()
