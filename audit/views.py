"""The trail: who did what, when; and whether the chain is whole."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from audit import search, sentences, verify
from audit.models import Entry, head_now
from people.access import Request, actor, who_may
from people.models import User
from people.roles import May

# Facts that the sentence or the line under it says already, or that only a machine reads.
UNSAID = {"code"}


@dataclass(frozen=True)
class Told:
    """An entry as the page shows it. `href` is the page of its subject, where there is one."""

    entry: Entry
    sentence: str
    href: str
    facts: list[tuple[str, str]]
    changes: list[tuple[str, str, str]]


def told(entry: Entry) -> Told:
    said, href = sentences.sentence(entry), href_of(entry.subject)
    return Told(entry, said, href, plain_facts(entry.facts), changes(entry.facts))


def href_of(subject: str) -> str:
    """`run:12` has its page at the address named `run`; what has no page has no link."""
    name, _colon, pk = subject.partition(":")
    try:
        return reverse(name, args=[int(pk)]) if pk.isdigit() else ""
    except NoReverseMatch:
        return ""


def plain_facts(facts: dict[str, Any]) -> list[tuple[str, str]]:
    """What was, and what is now, stand in a list of their own; what has a code is said by the sentence."""
    flat = {name: value for name, value in facts.items() if name not in UNSAID and not isinstance(value, dict)}
    return [(name.replace("_", " "), text) for name, value in flat.items() if (text := short(value))]


def short(value: Any) -> str:
    text = ", ".join(str(one) for one in value) if isinstance(value, list) else "" if value is None else str(value)
    return text if len(text) <= 200 else f"{text[:199]}…"


def held(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def changes(facts: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Each field that was changed: its name, what it held, what it holds now."""
    was, now = held(facts.get("was")), held(facts.get("now"))
    pairs = [(name, short(was.get(name)), short(now.get(name))) for name in {**now, **was}]
    return [(name.replace("_", " "), before, after) for name, before, after in pairs if before or after]


def days(entries: list[Entry]) -> list[tuple[date, list[Told]]]:
    """By day in the reader's zone, as they come."""
    by_day = groupby(entries, key=lambda entry: timezone.localtime(entry.at).date())
    return [(day, [told(entry) for entry in group]) for day, group in by_day]


@require_safe
@who_may(May.READ)
def trail(request: Request) -> HttpResponse:
    wish = search.wanted(request.GET)
    page = search.page(wish)
    context = {
        "wish": wish,
        "page": page,
        "days": days(page.entries),
        "people": [
            *User.objects.order_by("username").values_list("username", flat=True)[:200],
            "engine",
            "command line",
        ],
        "actions": sorted(sentences.SAID),
        "today": timezone.localdate(),
    }
    if request.htmx and not request.htmx.history_restore_request:
        return render(request, "audit/_entries.html", context)
    return render(request, "audit/trail.html", context | chain_now())


def chain_now() -> dict[str, Any]:
    first = Entry.objects.order_by("seq").first()
    return {"head": head_now(), "walk": verify.last(), "began": first.at if first else None}


@require_POST
@who_may(May.READ)
def verify_trail(request: Request) -> HttpResponse:
    """One step of a walk along the trail; the fragment asks for the next by itself, the page has a button for it."""
    verify.step(by=actor(request))
    if request.htmx:
        return render(request, "audit/_chain.html", chain_now())
    return redirect("trail")
