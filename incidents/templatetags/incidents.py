"""
What people wrote, as HTML.

    {% load incidents %} {{ text|markdown }} {{ text|plainly }}
"""

from __future__ import annotations

import re
from datetime import date
from functools import cache
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from markdown_it import MarkdownIt
from markdown_it.token import Token

from people import words

register = template.Library()

MARKS = re.compile(r"[*_`#>~|\[\]<&\\]|^\s*(?:[-+]|\d+[.)])\s|\n|://", re.MULTILINE)


@cache
def parser() -> MarkdownIt:
    """Without HTML and without pictures: a document may not bring markup or ask another host for anything."""
    return MarkdownIt("commonmark", {"html": False}).enable("table").enable("strikethrough").disable("image")


@register.filter
def markdown(text: str | None) -> SafeString:
    """Markdown as HTML that is safe to show, and that has no headings of its own."""
    if not text:
        return SafeString("")
    if not MARKS.search(text):
        return format_html("<p>{}</p>", text)
    tokens = parser().parse(text)
    for token in tokens:
        calm(token)
    html = str(parser().renderer.render(tokens, parser().options, {}))
    return mark_safe(html)  # noqa: S308 - rendered without HTML


def calm(token: Token) -> None:
    if token.type in {"heading_open", "heading_close"}:  # the page's own headings say what stands where
        token.tag = "p"
        token.attrs["class"] = "as-heading"
    elif token.type == "table_open":
        token.attrs |= {"class": "written", "tabindex": "0"}  # it may be wider than a phone, and is scrolled by keys
    for child in token.children or ():
        if child.type == "link_open":
            child.attrs["rel"] = "noreferrer nofollow"
    if token.type == "heading_close":
        token.attrs = {}


@register.filter
def plainly(text: str | None) -> str:
    """The first line without Markdown's marks, for where there is room for one line only."""
    first = next((line for line in (text or "").splitlines() if line.strip()), "")
    return re.sub(r"[*`]|^[#>\-+\s]+", "", first).strip()


@register.filter
def day_of(day: Any) -> str:
    """A day, or the ISO text of one, as people read it."""
    if not isinstance(day, str):
        return words.day(day) if day else ""
    try:
        return words.day(date.fromisoformat(day))
    except ValueError:
        return day
