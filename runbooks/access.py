"""The page Access: which runbook may be run where, before anyone needs it."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe
from kombu.exceptions import OperationalError

from people.access import Request, who_may
from people.roles import May
from runbooks import may
from runbooks.base import shelf
from runbooks.may import Standing
from runbooks.tasks import ask_access

log = logging.getLogger(__name__)
ORDER = ("fail", "unknown", "warn", "ok")


@dataclass(frozen=True)
class Place:
    """A namespace, and how each runbook stands there: what is off first, what may run together at the end."""

    name: str
    rows: list[Standing]
    well: list[Standing]


@require_safe
@who_may(May.READ)
def access(request: Request) -> HttpResponse:
    return shown(request)


def shown(request: Request) -> HttpResponse:
    """The page, or the part of it that a new answer changes."""
    answer = may.answer()
    kinds = sorted(shelf().values(), key=lambda kind: str(kind.title))
    found = []
    for name in may.namespaces():
        rows = sorted((answer.of(kind, name) for kind in kinds), key=lambda row: ORDER.index(row.state))
        found.append(Place(name, [r for r in rows if r.state != "ok"], [r for r in rows if r.state == "ok"]))
    lacks = [(may.PARTS.get(part, part), why) for part, why in answer.lacks.items()]
    context = {"answer": answer, "lacks": lacks, "namespaces": found, "may_ask": request.user.may(May.DRAFT_RUN)}
    return render(request, "runbooks/_access.html" if request.htmx else "runbooks/access.html", context)


@require_POST
@who_may(May.DRAFT_RUN)
def ask(request: Request) -> HttpResponse:
    """A worker asks at its next knock, which is now where the broker takes it."""
    may.want()
    try:
        ask_access.apply_async(retry=False)
    except (OperationalError, OSError):
        log.warning("The broker did not take the knock for an answer about our rights")
    return shown(request) if request.htmx else redirect("access")
