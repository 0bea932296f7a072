"""The page Access: which runbook may be run where, before anyone needs it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from itertools import groupby

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
    """
    A namespace, and how each runbook stands there: what is off first, also what is for one volume only; what may run
    together at the end.
    """

    name: str
    rows: list[Standing]
    well: list[Standing]
    told: list[tuple[str, str]]  # of a volume, what turns nothing off


@require_safe
@who_may(May.READ)
def access(request: Request) -> HttpResponse:
    return shown(request)


def shown(request: Request) -> HttpResponse:
    """The page, or the part of it that a new answer changes."""
    answer, volumes = may.answer(), may.volumes()
    found = [place(answer, name, list(here)) for name, here in groupby(volumes, key=lambda volume: volume[0])]
    lacks = [(may.PARTS.get(part, part), why) for part, why in answer.lacks.items()]
    context = {"answer": answer, "lacks": lacks, "namespaces": found, "may_ask": request.user.may(May.DRAFT_RUN)}
    return render(request, "runbooks/_access.html" if request.htmx else "runbooks/access.html", context)


def place(answer: may.Answer, name: str, volumes: list[tuple[str, str]]) -> Place:
    kinds = sorted(shelf().values(), key=lambda kind: str(kind.title))
    some = [row for kind in kinds for row in answer.off(kind, volumes) if row.claim]
    nowhere = {row.kind for row in some if all(answer.of(row.kind, *volume).off for volume in volumes)}
    rows = sorted([*(answer.of(kind, name) for kind in kinds), *some], key=lambda row: ORDER.index(row.state))
    well = [row for row in rows if row.state == "ok" and row.kind not in nowhere]
    parts = {part for kind in kinds for part in kind.parts}
    lacks = [(claim, answer.volumes.get(f"{name}/{claim}", {})) for _, claim in volumes]
    told = [(claim, why) for claim, each in lacks for part, why in each.items() if part not in parts]
    return Place(name, [row for row in rows if row.state != "ok"], well, told)


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
