"""
A report as PDF, set by typst: tagged, PDF/UA-1. The template is `report.typ`; it gets the whole report as JSON, so no
word of a report is ever read as markup of typst.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

import typst

from incidents.report import Report
from incidents.writing.nodes import Node, blocks_of, inline_of
from incidents.writing.outline import details, groups, head, tags
from incidents.writing.words import Words, words_of

TEMPLATE = Path(__file__).parent / "report.typ"
STANDARD: Literal["ua-1"] = "ua-1"
MADE = datetime(2000, 1, 1, tzinfo=UTC)  # the same report is the same file
MARKS = {"done": "✓", "open": "○", "dropped": "–"}
TRIES = 12  # characters without a shape that are met one by one, before all unusual ones are spelled out
_UNPRINTABLE = re.compile(
    r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u2028\u2029\ufe0e\ufe0f\ufeff\ufff0-\uffff\ue000-\uf8ff]"
)
_WITHOUT_SHAPE = re.compile(r'the text `"(.+?)"` could not be displayed', re.DOTALL)
_USUAL = re.compile(
    r"[\t\n\x20-\u024f\u0370-\u03ff\u0400-\u04ff\u2010-\u2027\u202f-\u203a\u20ac\u2190-\u2193\u2212\u2260\u2264\u2265\u2713]"
)
_KNOWN = {"✅": "✓", "☑": "✓", "❌": "✗", "❓": "?", "❗": "!", "⏳": "…"}


class Unprintable(Exception):
    """Typst refuses the report; `str()` says why."""


def pdf(report: Report) -> bytes:
    """The file. A character for which no font has a shape is spelled out, as `[fire]`. Raises Unprintable."""
    told = json.dumps(content(report), ensure_ascii=False)
    missing: set[str] = set()
    for attempt in range(TRIES):
        try:
            return _set(told, missing)
        except typst.TypstError as error:
            found = _WITHOUT_SHAPE.search(str(error))
            if found is None:
                raise Unprintable(str(error)) from None
            missing |= _characters(found[1])
            if attempt == TRIES - 2:
                missing |= {c for c in told if not _USUAL.match(c)}
    raise Unprintable("no font has a shape for some of its characters")


def _set(told: str, missing: set[str]) -> bytes:
    for character in missing:
        told = told.replace(character, spelled(character))
    made: bytes = typst.compile(
        str(TEMPLATE), format="pdf", pdf_standards=[STANDARD], sys_inputs={"report": told}, timestamp=MADE
    )
    return made


def _characters(shown: str) -> set[str]:
    """The characters of typst's message, where odd ones are written as `\\u{378}`."""
    plain = re.sub(r"\\u\{([0-9a-f]{1,6})\}", lambda m: chr(int(m[1], 16)), shown)
    return {c for c in plain if not c.isascii()}


def spelled(character: str) -> str:
    """A character by another that means the same, by its name, or by its number where its name says no more."""
    name = unicodedata.name(character, "").lower()
    if character in _KNOWN:
        return _KNOWN[character]
    if unicodedata.combining(character):
        return ""
    return f"[U+{ord(character):04X}]" if not name or "ideograph" in name or "syllable" in name else f"[{name}]"


def content(report: Report) -> dict[str, Any]:
    """What the template shows, as it expects it."""
    words = words_of(report.language)
    title = report.title.strip() or words.prefix.rstrip(" :\u00a0")
    whole = {
        "lang": "fr" if words.colon != ":" else "en",
        "plain_title": " ".join(_UNPRINTABLE.sub("", title).split()) or "-",
        "title": heading(title, "-"),
        "head": [{"label": label, "value": inline_of(value)} for label, value in head(report, words)],
        "sections": list(_sections(report, words)),
    }
    return {key: printable(value) for key, value in whole.items()}


def heading(text: str, otherwise: str) -> list[Node]:
    """The nodes of a heading, which may not be empty on a page."""
    nodes = inline_of(text)
    return nodes if visible(nodes).strip() else [{"kind": "text", "text": otherwise}]


def visible(nodes: list[Node]) -> str:
    """The printable words of inline nodes."""
    return "".join(_UNPRINTABLE.sub("", node.get("text", "")) + visible(node.get("of", [])) for node in nodes)


def printable(value: Any) -> Any:
    """The same without characters that are none of a page: controls, private ones, marks of byte order."""
    if isinstance(value, str):
        return _UNPRINTABLE.sub("", value)
    if isinstance(value, dict):
        return {key: printable(inner) for key, inner in value.items()}
    return [printable(inner) for inner in value] if isinstance(value, list) else value


def _sections(report: Report, words: Words) -> Iterator[Node]:
    if report.summary:
        yield _section(words.sections["summary"], "flow", blocks_of(report.summary))
    if report.timeline:
        rows = [{"token": entry.token, "of": blocks_of(entry.text)} for entry in report.timeline]
        yield _section(words.sections["timeline"], "timeline", rows) | {
            "time": words.time,
            "event": words.event,
        }
    if report.causes:
        causes = [
            {
                "title": heading(c.title, words.untitled),
                "tags": tags(c.kind, c.trigger, words),
                "of": blocks_of(c.text),
            }
            for c in report.causes
        ]
        yield _section(words.sections["causes"], "causes", causes)
    if report.actions:
        yield _section(words.sections["actions"], "actions", list(_actions(report, words)))
    if report.lessons:
        yield _section(words.sections["lessons"], "lessons", [blocks_of(lesson.text) for lesson in report.lessons])
    for part in report.appendix:
        yield {
            "title": heading(part.heading or "", words.sections["appendix"]),
            "kind": "flow",
            "of": blocks_of(part.text),
        }
    if report.references:
        found = [f"{words.references.get(r.kind, r.kind)} {r.ref}" for r in report.references]
        yield _section(words.sections["references"], "references", found)


def _section(title: str, kind: str, of: list[Any]) -> Node:
    return {"title": inline_of(title), "kind": kind, "of": of}


def _actions(report: Report, words: Words) -> Iterator[Node]:
    for name, actions in groups(report, words):
        state = next(key for key, value in words.sections.items() if value == name)
        listed = []
        for action in actions:
            told = details(action, name, words, report.language)
            listed.append({"of": blocks_of(action.text), "details": " · ".join(told)})
        yield {"title": name, "mark": MARKS[state], "of": listed}
