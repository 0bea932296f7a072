"""A report as one HTML file: nothing external, no script, its own small style sheet, light and dark."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape
from pathlib import Path

from incidents.reading.values import Action, Cause, Entry
from incidents.report import Report
from incidents.writing.nodes import ENOUGH, PARSER, parsed
from incidents.writing.outline import details, groups, head, tags
from incidents.writing.words import Words, words_of

STYLE = (Path(__file__).parent / "report.css").read_text(encoding="utf-8")
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
LEVELS_DOWN = 2  # headings inside a text stand below those of the report
_MARKS = {"done": "✓", "open": "○", "in_progress": "◐", "dropped": "–"}


def html(report: Report) -> str:
    """The whole document, ending with a line end."""
    words = words_of(report.language)
    title = report.title.strip() or words.prefix.rstrip(" :\u00a0")
    parts = [
        "<!doctype html>",
        f'<html lang="{escape(report.language)}">',
        "<head>",
        '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{escape(POLICY)}">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{escape(title)}</title>",
        f"<style>\n{STYLE}</style>",
        "</head>",
        "<body>",
        "<main>",
        f"<h1>{inline(title)}</h1>",
        *_head(report, words),
        *_body(report, words),
        "</main>",
        "</body>",
        "</html>",
    ]
    return "\n".join(parts) + "\n"


def block(text: str) -> str:
    """The Markdown of a record as HTML; HTML in it is shown as text, its headings move down."""
    tokens = parsed(text)
    if tokens is None:
        return f"<pre>{escape(text)}</pre>"
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + LEVELS_DOWN)}"
    rest = text[ENOUGH:]
    return str(PARSER.renderer.render(tokens, PARSER.options, {})) + (f"<pre>{escape(rest)}</pre>" if rest else "")


def inline(text: str) -> str:
    """The Markdown of a title or a cell as HTML."""
    return str(PARSER.renderInline(text.replace("\n", " ")[:ENOUGH]))


def _head(report: Report, words: Words) -> Iterator[str]:
    pairs = head(report, words)
    if pairs:
        yield "<dl>"
        yield from (f"<div><dt>{escape(label)}</dt><dd>{inline(value)}</dd></div>" for label, value in pairs)
        yield "</dl>"


def _body(report: Report, words: Words) -> Iterator[str]:
    if report.summary:
        yield from _section(words.sections["summary"], [block(report.summary)])
    if report.timeline:
        rows = ['<ol class="timeline">', *(_entry(entry) for entry in report.timeline), "</ol>"]
        yield from _section(words.sections["timeline"], rows)
    if report.causes:
        causes = [_cause(cause, words) for cause in report.causes]
        yield from _section(words.sections["causes"], ['<ol class="causes">', *causes, "</ol>"])
    if report.actions:
        yield from _section(words.sections["actions"], _actions(report, words))
    if report.lessons:
        lessons = [f"<li>{block(lesson.text)}</li>" for lesson in report.lessons]
        yield from _section(words.sections["lessons"], ["<ul>", *lessons, "</ul>"])
    for part in report.appendix:
        yield from _section(part.heading or words.sections["appendix"], [block(part.text)])
    if report.references:
        found = [f"<li>{escape(words.references.get(r.kind, r.kind))} {escape(r.ref)}</li>" for r in report.references]
        yield from _section(words.sections["references"], ['<ul class="references">', *found, "</ul>"])


def _section(title: str, lines: list[str]) -> Iterator[str]:
    yield from ("<section>", f"<h2>{inline(title)}</h2>", *lines, "</section>")


def _cause(cause: Cause, words: Words) -> str:
    tag = tags(cause.kind, cause.trigger, words)
    small = f" <small>({escape(tag)})</small>" if tag else ""
    return f"<li><h3>{inline(cause.title or words.untitled)}{small}</h3>{block(cause.text)}</li>"


def _entry(entry: Entry) -> str:
    """The time as written; what it was understood to mean as the machine-readable one."""
    meant = f' datetime="{escape(entry.start)}"' if entry.start else ""
    return f"<li><time{meant}>{escape(entry.token)}</time><div>{block(entry.text)}</div></li>"


def _actions(report: Report, words: Words) -> list[str]:
    lines = []
    for name, actions in groups(report, words):
        lines += [
            f"<h3>{escape(name)}</h3>",
            '<ul class="actions">',
            *(_action(a, name, words, report.language) for a in actions),
            "</ul>",
        ]
    return lines


def _action(action: Action, heading: str, words: Words, language: str) -> str:
    told = details(action, heading, words, language)
    small = f'<p class="details">{escape(" · ".join(told))}</p>' if told else ""
    mark = f'<span aria-hidden="true">{_MARKS[action.status]}</span>'
    return f'<li class="{action.status}">{mark}<div>{block(action.text)}{small}</div></li>'
