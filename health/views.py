"""What fails now, since when and on what evidence; what is unknown, and why."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_GET

from backups.models import Volume
from health import queries
from health.models import Finding
from health.queries import FindingRow
from people.access import Request, who_may
from people.roles import May

PAGE = 100
STATES = ("fail", "warn", "unknown", "ok", "resolved")


@require_GET
@who_may(May.READ)
def health(request: Request) -> HttpResponse:
    """The page, or the part of it that moves."""
    state = request.GET.get("state", "")
    text = request.GET.get("q", "").strip()[:100]
    context = shown(state if state in STATES else "", text, request.GET.get("before", ""))
    return render(request, "health/_findings.html" if request.htmx else "health/health.html", context)


def shown(state: str, text: str, before: str) -> dict[str, Any]:
    """What the page needs: live findings, what is unknown, how each check stands, what ended lately."""
    now = queries.health()
    open_ = queries.findings().filter(state=Finding.State.OPEN)
    by_level = Counted(open_.filter(about(text)).aggregate(fail=of("fail"), warn=of("warn")))
    unknown = [row for row in now.unknown if matches(row, text)]
    groups = []
    for level in queries.LEVELS:
        if state in ("", level):
            rows = open_.filter(about(text), level=level)
            groups.append((level, by_level[level], page(rows, before if state == level else "")))
    ended = queries.findings().filter(about(text), state=Finding.State.RESOLVED)
    return {
        "health": now,
        "state": state,
        "q": text,
        "groups": [group for group in groups if group[1] or group[0] == state],
        "counts": {**by_level, "unknown": len(unknown), "ok": now.counts.get("ok", 0)},
        "unknown": unknown if state in ("", "unknown") else [],
        "checks": now.checks if state in ("", "ok") and not text else [],
        "ended": page(ended, before if state == "resolved" else "", PAGE if state == "resolved" else 5)
        if state in ("", "resolved")
        else None,
        "calm": not now.old and not by_level["fail"] and not by_level["warn"] and not unknown,
    }


class Counted(dict[str, int]):
    def __missing__(self, key: str) -> int:
        return 0


def of(level: str) -> Count:
    return Count("pk", filter=Q(level=level))


def about(text: str) -> Q:
    return Q(subject__icontains=text) | Q(check_name__icontains=text) if text else Q()


def matches(row: queries.UnknownRow, text: str) -> bool:
    return not text or text.lower() in f"{row.check} {row.subject}".lower()


def page(rows: Any, before: str, size: int = PAGE) -> dict[str, Any]:
    """A page of findings by their number, the newest first; `more` is where the next page begins."""
    if before.isdecimal() and len(before) < 19:
        rows = rows.filter(pk__lt=int(before))
    found = list(rows.order_by("-pk")[: size + 1])
    return {
        "rows": [FindingRow(each) for each in found[:size]],
        "more": found[size - 1].pk if len(found) > size else None,
    }


@require_GET
@who_may(May.READ)
def finding(request: Request, pk: int) -> HttpResponse:
    """One finding: what is so, why we say so, since when, and what happened to it before."""
    found = get_object_or_404(queries.findings(), pk=pk)
    earlier = queries.findings().filter(check_name=found.check_name, subject=found.subject, pk__lt=pk)
    context = {"row": FindingRow(found), "earlier": [FindingRow(each) for each in earlier.order_by("-pk")[:10]]}
    return render(request, "health/_finding.html" if request.htmx else "health/finding.html", context)


@require_GET
@who_may(May.READ)
def volume_findings(request: Request, pk: int) -> HttpResponse:
    """The live findings about a volume, as lines; a fragment that other pages fetch, and a page of its own."""
    volume = get_object_or_404(Volume, pk=pk)
    context = {"volume": volume, "rows": queries.of_volume(volume.pk, str(volume.ref)), "old": queries.health().old}
    return render(request, "health/_of_volume.html" if request.htmx else "health/of_volume.html", context)


@require_GET
@who_may(May.READ)
def live_findings(request: Request) -> HttpResponse:
    """Everything that is open now, as lines: for an incident's page and the overview."""
    context = {"rows": queries.live(50), "old": queries.health().old}
    return render(request, "health/_live.html" if request.htmx else "health/live.html", context)


@require_GET
@who_may(May.MANAGE)
def claims(request: Request) -> HttpResponse:
    """The claims of the last sweep, to pick the one that a volume is made of."""
    ours = {(v.namespace, v.claim): v.pk for v in Volume.objects.only("namespace", "claim")}
    context = {"claims": queries.claims(ours), "health": queries.health()}
    return render(request, "health/_claims.html" if request.htmx else "health/claims.html", context)
