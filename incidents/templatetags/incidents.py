"""
What people wrote, as HTML.

    {% load incidents %} {{ text|markdown }} {{ text|plainly }}
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from incidents.writing.nodes import ENOUGH, PARSER, parsed
from people import words

register = template.Library()

MARKS = re.compile(r"[*_`#>~|\[\]<&\\]|^\s*(?:[-+]|\d+[.)])\s|\n|://", re.MULTILINE)


@register.filter
def markdown(text: str | None) -> SafeString:
    """Markdown as HTML that is safe to show, and that has no headings of its own."""
    if not text:
        return SafeString("")
    if not MARKS.search(text):
        return format_html("<p>{}</p>", text)
    tokens = parsed(text)
    if tokens is None:  # nested deeper than anybody reads: the words, as they are
        return format_html("<pre>{}</pre>", text)
    for token in tokens:
        calm(token)
    rest = format_html("<pre>{}</pre>", text[ENOUGH:]) if len(text) > ENOUGH else ""
    html = str(PARSER.renderer.render(tokens, PARSER.options, {}))
    return mark_safe(html + rest)  # noqa: S308 - rendered without HTML


def calm(token: Any) -> None:
    """Headings become paragraphs: the page's own say what stands where. Links tell nobody where they were followed."""
    if token.type in {"heading_open", "heading_close"}:
        token.tag = "p"
    if token.type == "heading_open":
        token.attrs["class"] = "as-heading"
    elif token.type == "table_open":
        token.attrs |= {"class": "written", "tabindex": "0"}  # it may be wider than a phone, and is scrolled by keys
    for child in token.children or ():
        if child.type == "link_open":
            child.attrs["rel"] = "noreferrer nofollow"


@register.filter
def plainly(text: str | None) -> str:
    """The first line without Markdown's marks, for where there is room for one line only."""
    first = next((line for line in (text or "").splitlines() if line.strip()), "")
    return re.sub(r"[*`]|^[#>\-+\s]+", "", first).strip()


@register.filter
def worded(text: str | None) -> str:
    """The text where it says something in words; nothing for a tick box or an icon, which a state shows better."""
    return plainly(text) if text and re.search(r"[^\W\d_]{2}", text) else ""


@register.filter
def day_of(day: Any) -> str:
    """A day, or the ISO text of one, as people read it."""
    if not isinstance(day, str):
        return words.day(day) if day else ""
    try:
        return words.day(date.fromisoformat(day))
    except ValueError:
        return day
