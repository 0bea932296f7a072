"""
Filters and tags that every template may use; they are built in, nothing has to be loaded.

    {{ at|ago }} {{ at|clock }} {{ at|clock_seconds }} {{ at|day }} {{ at|moment }} {{ at|exactly }}
    {{ start|until:end|span }}
    {{ bytes|size }} {{ count|number }} {{ minutes|minutes }}
    {% mark "ok" %} {% mark "live" "turning" %} {% state "fail" word %} {% when at %} {% with_query page=2 %}

A filter of nothing (None or "") is nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any, TypeVar

from django import template
from django.forms import BoundField, Select
from django.http import HttpRequest
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timezone import now

from people import words

register = template.Library()
T = TypeVar("T")

# The colour that a mark wears: its own where it is a state, another's, or none.
COLOUR = {name: name for name in ("ok", "warn", "fail", "unknown", "live")} | {
    "regressed": "fail",
    "overdue": "warn",
    "evidence": "live",
}


def of_something(name: str, said: Callable[[T], str]) -> None:
    """Register `said` as the filter `name`; of nothing it says nothing."""

    def filtered(value: T | None) -> str:
        return "" if value is None or value == "" else said(value)

    register.filter(name, filtered)


def ago(at: datetime) -> str:
    return words.ago(at)


def since(at: datetime) -> str:
    """How long it has lasted."""
    return words.span(now() - at)


def clock_seconds(at: datetime) -> str:
    return words.clock(at, seconds=True)


def day(on: date) -> str:
    return words.day(on)


def moment(at: datetime) -> str:
    return words.moment(at)


def minutes(count: float) -> str:
    return words.span(count * 60)


def span(length: timedelta | float) -> str:
    return words.span(length)


def number(value: float) -> str:
    return words.number(value)


of_something("ago", ago)
of_something("since", since)
of_something("clock", words.clock)
of_something("clock_seconds", clock_seconds)
of_something("day", day)
of_something("moment", moment)
of_something("exactly", words.exactly)
of_something("span", span)
of_something("minutes", minutes)
of_something("size", words.size)
of_something("bytes", words.size)
of_something("number", number)
of_something("local_time", words.clock)


@register.filter
def until(start: datetime | None, end: datetime | None) -> timedelta | None:
    """The time from one instant to another; to now while there is no end."""
    return None if start is None else (end or now()) - start


@register.simple_tag
def mark(name: str, more: str = "") -> SafeString:
    """The shape of a state, for the eye only: a word must stand beside it. `more` adds classes."""
    classes = " ".join(part for part in ("mark", COLOUR.get(name, ""), more) if part)
    return format_html(
        '<svg class="{}" aria-hidden="true" focusable="false"><use href="{}#m-{}"></use></svg>',
        classes,
        static("marks.svg"),
        name,
    )


@register.simple_tag
def place_mark(name: str) -> SafeString:
    """The picture of a place, for the tabs under the thumb."""
    return format_html(
        '<svg aria-hidden="true" focusable="false"><use href="{}#{}"></use></svg>', static("marks.svg"), name
    )


@register.inclusion_tag("_state.html")
def state(name: str, word: Any, shape: str = "") -> dict[str, Any]:
    """
    A state: its mark and its word. `name` is ok, warn, fail, unknown or live, or "" for one without colour; `shape`
    is the mark where it is another than the state's own, such as `state "fail" word "regressed"`.
    """
    return {"name": name, "word": word, "shape": shape or name or "none"}


@register.inclusion_tag("_time.html")
def when(at: datetime | None, form: str = "moment", written: str = "") -> dict[str, Any]:
    """
    An instant in the reader's zone, in a `<time>`. `form` is moment, clock, clock_seconds, day or ago; `written` is
    the time as somebody wrote it, and is a hover away.
    """
    return {"at": at, "form": form, "written": written}


@register.inclusion_tag("_field.html")
def field(bound: BoundField, hint: Any = "", rows: int = 0) -> dict[str, Any]:
    """A form's field with its label, its hint and what is wrong with it, tied together for a screen reader."""
    widget = bound.field.widget
    about = [f"{bound.auto_id}-hint"] if hint or bound.help_text else []
    about += [f"{bound.auto_id}-error"] if bound.errors else []
    attrs: dict[str, Any] = {"class": f"{widget.attrs.get('class', '')} input".strip()}
    if about:
        attrs["aria-describedby"] = " ".join(about)
    if rows:
        attrs["rows"] = rows
    kind = "choice" if getattr(widget, "input_type", "") == "checkbox" else "line"
    return {
        "field": bound,
        "kind": kind,
        "control": bound.as_widget(attrs=attrs if kind == "line" else attrs | {"class": ""}),
        "hint": hint or bound.help_text,
        "optional": not bound.field.required and not isinstance(widget, Select),
    }


@register.simple_tag(takes_context=True)
def with_query(context: template.Context, **changes: Any) -> str:
    """The query of this address with some values changed; None or "" takes one out. For links that filter."""
    request: HttpRequest = context["request"]
    query = request.GET.copy()
    for name, value in changes.items():
        if value in (None, ""):
            query.pop(name, None)
        else:
            query[name] = str(value)
    return f"?{query.urlencode()}" if query else request.path
