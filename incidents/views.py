"""Incidents, one of them, a new one, and what can be taken from it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from audit.moves import IllegalMove, LostRace
from incidents import actions, closing, forms, page, sentences
from incidents.models import Action, Cause, Document, Incident, Lesson, TimelineEntry
from incidents.parts import KINDS, Open, Part
from people.access import Request, actor, who_may
from people.roles import May
from people.words import number

A_PAGE, MANY = 50, 1000


def sent(request: Request) -> Any:
    """What a form was sent with; None when nothing was sent."""
    return request.POST if request.method == "POST" else None


# --- All of them ------------------------------------------------------------------------------------------------------


@require_GET
@who_may(May.READ)
def incidents(request: Request) -> HttpResponse:
    found, filters = filtered(request.GET)
    rows, newer, older = paged(found, request.GET)
    context = {
        "rows": rows,
        "newer": newer,
        "older": older,
        "filters": filters,
        "counts": counts(),
        "severities": Incident.Severity.choices[:4],
        "may_write": request.user.may(May.WRITE_INCIDENT),
    }
    return render(request, "incidents/incidents.html", context)


def counts() -> dict[str, str]:
    """How many of each state; beyond a thousand nobody counts, neither a reader nor the database."""
    found = {state: Incident.objects.filter(state=state)[: MANY + 1].count() for state in Incident.State.values}
    found["all"] = sum(found.values())
    return {name: f"{number(MANY)}+" if count > MANY else number(count) for name, count in found.items()}


def filtered(asked: Any) -> tuple[QuerySet[Incident], dict[str, str]]:
    found = Incident.objects.all()
    filters = {name: asked.get(name, "") for name in ("state", "severity", "q")}
    if filters["state"] in Incident.State.values:
        found = found.filter(state=filters["state"])
    if filters["severity"] in Incident.Severity.values[:4]:
        found = found.filter(severity=filters["severity"])
    for word in filters["q"].replace("\0", "").split()[:8]:
        found = found.filter(holding(word))
    return found, filters


def holding(word: str) -> Q:
    """The word is in the title, the summary or a record that stands."""
    asked = Q(title__icontains=word) | Q(summary__icontains=word)
    for model in (TimelineEntry, Cause, Action, Lesson):
        records = model.objects.here().filter(incident=OuterRef("pk"), text__icontains=word)
        asked |= Q(Exists(records))
    return asked


def paged(found: QuerySet[Incident], asked: Any) -> tuple[list[Incident], str, str]:
    """A page by its keys, newest first, and the keys of the pages around it."""
    after, before = key(asked.get("after", "")), key(asked.get("before", ""))
    owed = Action.objects.here().filter(incident=OuterRef("pk"), state__in=["open", "in_progress"]).order_by()
    # Asked of the rows of the page alone: joined and grouped, every incident there is would be counted first.
    counted = found.order_by("-opened", "-pk").annotate(
        owed=Coalesce(Subquery(owed.values("incident").annotate(count=Count("pk")).values("count")), 0)
    )
    if after:
        at, pk = after
        newer = counted.filter(Q(opened__gt=at) | Q(opened=at, pk__gt=pk)).order_by("opened", "pk")
        rows: list[Incident] = list(newer[: A_PAGE + 1])
        more, rows = len(rows) > A_PAGE, rows[:A_PAGE][::-1]
        return rows, mark(rows[0]) if more and rows else "", mark(rows[-1]) if rows else ""
    if before:
        at, pk = before
        counted = counted.filter(Q(opened__lt=at) | Q(opened=at, pk__lt=pk))
    rows = list(counted[: A_PAGE + 1])
    more, rows = len(rows) > A_PAGE, rows[:A_PAGE]
    return rows, mark(rows[0]) if before and rows else "", mark(rows[-1]) if more else ""


def key(text: str) -> tuple[datetime, int] | None:
    at, _tilde, pk = text.partition("~")
    try:
        return datetime.fromisoformat(at).replace(tzinfo=timezone.get_default_timezone()), int(pk[:18])
    except ValueError:
        return None


def mark(incident: Incident) -> str:
    here = incident.opened.astimezone(timezone.get_default_timezone())
    return f"{here.replace(tzinfo=None).isoformat()}~{incident.pk}"


# --- One --------------------------------------------------------------------------------------------------------------


@require_GET
@who_may(May.READ)
def incident(request: Request, pk: int) -> HttpResponse:
    return whole(request, get_object_or_404(Incident, pk=pk))


def whole(
    request: Request,
    incident: Incident,
    *,
    opened: dict[str, Open] | None = None,
    reasons: Sequence[closing.Reason] = (),
    status: int = 200,
) -> HttpResponse:
    """The page of an incident, with the forms that are `opened`, by the name of their part."""
    opened = opened or {}
    parts = {name: part_of(request, incident, name, opened.get(name)) for name in KINDS}
    context = {
        "incident": incident,
        "parts": parts,
        "opened": opened,
        "span": page.span_of(parts["entry"].records),
        "documents": incident.documents.defer("data"),
        "reasons": [sentences.reason(reason) for reason in reasons],
        "may_write": parts["entry"].may_write,
        "steps": steps(incident),
    }
    return render(request, "incidents/incident.html", context, status=status)


def part_of(request: Request, incident: Incident, name: str, opened: Open | None = None) -> Part:
    asked = request.GET
    begin = int(asked["from"]) if asked.get("from", "").isdigit() and len(asked["from"]) < 9 else 0
    return Part(KINDS[name], incident, request.user.may(May.WRITE_INCIDENT), opened, asked.get("show", ""), begin)


def steps(incident: Incident) -> list[tuple[str, str]]:
    """The states that a person may take it to, in words."""
    words = {
        ("ongoing", "resolved"): _("Resolve"),
        ("resolved", "closed"): _("Close"),
        ("resolved", "ongoing"): _("Reopen"),
        ("closed", "ongoing"): _("Reopen"),
    }
    return [(to, words[was, to]) for was, to in words if was == incident.state]


@require_POST
@who_may(May.WRITE_INCIDENT)
def incident_move(request: Request, pk: int) -> HttpResponse:
    here = get_object_or_404(Incident, pk=pk)
    try:
        actions.move_incident(here, request.POST.get("to", ""), by=actor(request))
    except actions.NotClosable as e:
        return whole(request, here, reasons=e.reasons, status=422)
    except (IllegalMove, LostRace):
        messages.warning(request, _("Somebody else was faster. This is how it stands now."))
    return redirect("incident", pk)


@require_http_methods(["GET", "HEAD", "POST"])
@who_may(May.WRITE_INCIDENT)
def incident_new(request: Request) -> HttpResponse:
    zone = timezone.get_current_timezone_name()
    today = timezone.localdate()
    initial = {"occurred_start": today, "zone": zone, "language": request.LANGUAGE_CODE[:2]}
    form = forms.NewForm(sent(request), initial=initial)
    if form.is_valid():
        values = {**form.values(), "zone_source": "stated" if form.cleaned_data["zone"] else "assumed"}
        made = actions.open_incident(**values, by=actor(request))
        return redirect("incident", made.pk)
    return render(request, "incidents/new.html", {"form": form}, status=422 if form.is_bound else 200)


# --- What can be taken from it ----------------------------------------------------------------------------------------


@require_GET
@who_may(May.READ)
def document(request: Request, pk: int) -> HttpResponse:
    """The bytes as they are kept, for saving, never for showing: nobody knows what a file that was sent holds."""
    kept = get_object_or_404(Document, pk=pk)
    return download(bytes(kept.data), kept.name, "application/octet-stream")


def download(data: bytes, name: str, kind: str) -> HttpResponse:
    response = HttpResponse(data, content_type=kind)
    response.headers["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    response.headers["Cache-Control"] = "private, no-store"
    return response


def back_to(incident: Incident, anchor: str = "") -> HttpResponseRedirect:
    response = redirect("incident", incident.pk)
    return HttpResponseRedirect(f"{response.url}#{anchor}") if anchor else response
