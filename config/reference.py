"""The reference, made from the code itself: runbooks and their parameters, checks, roles, addresses."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import MISSING, Field, fields
from typing import Any, get_type_hints

from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import translation

from health.rules import all_checks
from people.roles import TABLE, May
from runbooks.base import Runbook, shelf

HEAD = "# Reference\n\nMade from the code by `manage.py reference`; do not edit.\n"


def reference() -> str:
    """The whole page, as Markdown, in English."""
    with translation.override("en"):
        parts = [HEAD, *runbooks(), *rules(), *roles(), *addresses()]
    return "\n".join(parts) + "\n"


def runbooks() -> Iterator[str]:
    yield "## Runbooks\n"
    for slug, kind in sorted(shelf().items()):
        yield f"### {kind.title} (`{slug}`)\n\n{kind.about}\n"
        yield "| parameter | type | default | |\n|---|---|---|---|"
        yield from (parameter(kind, f) for f in fields(kind))  # type: ignore[arg-type]
        yield ""


def parameter(kind: type[Runbook[Any]], f: Field[Any]) -> str:
    hint = f.metadata["kind"] or getattr(get_type_hints(kind)[f.name], "__name__", "")
    default = "" if f.default is MISSING else f"`{f.default}`"
    return f"| `{f.name}` {f.metadata['label']} | {hint} | {default} | {f.metadata['hint']} |"


def rules() -> Iterator[str]:
    yield "## Checks\n\n| check | every | asks |\n|---|---|---|"
    for check in all_checks():
        every = f"{check.cadence:g} s" if check.cadence else "sweep"
        yield f"| `{check.name}` | {every} | {first_line(check.rule.__doc__)} |"
    yield ""


def first_line(text: str | None) -> str:
    return " ".join((text or "").strip().split("\n\n")[0].split())


def roles() -> Iterator[str]:
    yield "## Roles\n\n| may | " + " | ".join(str(role.label) for role in TABLE) + " |"
    yield "|---|" + "---|" * len(TABLE)
    for what in May:
        yield f"| {what.value} | " + " | ".join("yes" if what in TABLE[role] else "" for role in TABLE) + " |"
    yield ""


def addresses() -> Iterator[str]:
    yield "## Addresses\n\n| address | name | who may |\n|---|---|---|"
    for route, pattern in walked(get_resolver().url_patterns):
        what = getattr(pattern.callback, "who_may", None)
        yield f"| `/{route}` | {pattern.name} | {what.value if what else 'anyone'} |"


def walked(patterns: list[URLPattern | URLResolver], before: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from walked(pattern.url_patterns, route)
        else:
            yield route, pattern
