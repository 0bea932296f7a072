"""What can be done, and what is being done now."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from itertools import groupby
from typing import Any

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from audit.moves import IllegalMove, LostRace
from backups.models import Volume
from incidents.models import Incident
from people.access import Request, actor, who_may
from people.models import User
from people.roles import May
from runbooks import actions, may, spine
from runbooks.base import Need, decoded, shelf
from runbooks.forms import form_for
from runbooks.models import LIVE, Pause, Run, State

PAGE = 50


@require_GET
@who_may(May.READ)
def library(request: Request) -> HttpResponse:
    context = {
        "shelf": by_need(shelf().values()),
        "may_draft": allowed(request, May.DRAFT_RUN),
        "recent": seen_by(request).select_related("volume")[:10],
        "volume": request.GET.get("volume", ""),  # which a person came from
    }
    return render(request, "runbooks/runbooks.html", context)


def by_need(kinds: Iterable[Any]) -> list[tuple[Need, list[Any]]]:
    """What they are needed for, in the order of an outage, and under each its runbooks."""
    ordered = sorted(kinds, key=lambda kind: (kind.need, kind.nth, kind.slug))
    return [(need, list(here)) for need, here in groupby(ordered, key=lambda kind: kind.need)]


def seen_by(request: Request) -> QuerySet[Run]:
    """Every run that this person may see."""
    return Run.objects.all() if request.user.may(May.READ) else Run.objects.none()


def run_of(request: Request, pk: int) -> Run:
    return get_object_or_404(seen_by(request).select_related("volume", "incident").prefetch_related("records"), pk=pk)


@require_http_methods(["GET", "HEAD", "POST"])
@who_may(May.DRAFT_RUN)
def launch(request: Request, slug: str) -> HttpResponse:
    """Choose what and to when; a worker then looks, and the plan is shown before anything happens."""
    kind = shelf().get(slug)
    if kind is None:
        raise Http404
    given = request.POST if request.method == "POST" else request.GET
    volume = int(given["volume"]) if given.get("volume", "").isdecimal() and len(given["volume"]) < 10 else None
    form = form_for(kind, volume)(request.POST or None, initial=request.GET.dict())
    off = off_in(kind, volume)
    if request.method == "POST" and form.is_valid():
        incident = form.cleaned_data.pop("incident")
        try:
            run = actions.draft(decoded(kind, form.cleaned_data), by=actor(request), incident=incident)
        except actions.TurnedOff as e:
            off = [e.standing]
        else:
            return went_to(request, run)
    status = 422 if form.is_bound else 200
    template = "runbooks/_asks.html" if request.htmx and not form.is_bound else "runbooks/runbook.html"
    return render(request, template, {"kind": kind, "form": form, "volume": volume, "off": off}, status=status)


def off_in(kind: Any, volume: int | None) -> list[may.Standing]:
    """Where a runbook is off: in the volume's namespace, or before one is chosen in all that have volumes."""
    known = may.answer()
    here = Volume.objects.filter(pk=volume) if volume else Volume.objects.all()
    return [] if known.old else known.off(kind, here.values_list("namespace", "claim"))


@require_GET
@who_may(May.READ)
def runs(request: Request) -> HttpResponse:
    """Every run, or those of one incident, newest first, a page at a time by the number of the last one shown."""
    here = seen_by(request).select_related("volume", "incident")
    before, incident = request.GET.get("before", ""), request.GET.get("incident", "")
    if before.isdecimal() and len(before) < 19:
        here = here.filter(pk__lt=int(before))
    if incident.isdecimal() and len(incident) < 19:
        here = here.filter(incident=int(incident))
    shown = list(here.order_by("-pk")[: PAGE + 1])
    more = shown[PAGE - 1].pk if len(shown) > PAGE else None
    return render(request, "runbooks/runs.html", {"runs": shown[:PAGE], "more": more})


@require_GET
@who_may(May.READ)
def run(request: Request, pk: int) -> HttpResponse:
    """A page, or the part of it that moves."""
    return shown(request, run_of(request, pk))


def shown(
    request: HttpRequest, run: Run, *, error: str = "", status: int = 200, other: Run | None = None
) -> HttpResponse:
    htmx: Any = getattr(request, "htmx", None)
    template = "runbooks/_run.html" if htmx else "runbooks/run.html"
    known = run.slug in shelf()
    rows = spine.rows(run) if known and run.state != State.DRAFT else []
    context = {
        "run": run,
        "known": known,
        "rows": rows,
        "look": spine.looking(run) if run.looks_now else None,
        "planned": list(spine.planned(run)) if known and run.state == State.DRAFT else [],
        "meanings": spine.meanings(run) if run.state == State.DRAFT else [],
        "stops": any(o["stops"] and not o.get("glass") for o in run.objections),
        "glass": any(o.get("glass") for o in run.objections),
        "may_break": allowed(request, May.DESTROY),
        "done": spine.done_count(rows),
        "back": spine.to_take_back(run) if known and (run.state in LIVE or run.state == State.DONE) else [],
        "lines": list(run.lines.order_by("-pk")[:20]),
        "may_start": allowed(request, shelf()[run.slug].who if known else May.START_RUN),
        "may_draft": allowed(request, May.DRAFT_RUN),
        "must_type": known and run.runbook.typed(),
        "destroys": run.runbook.destroys(run.sight) if known and run.state == State.DRAFT else None,
        "commit": patch_of(run) if known and run.state == State.DONE else "",
        "before_undo": list(run.runbook.undoing(run.sight)) if known and run.state == State.DONE else [],
        "may_promise": allowed(request, May.WRITE_INCIDENT),
        "promised": actions.promised(run),
        "pauses": list(run.pauses.filter(ended=None)),
        "ticked": "ticked" in request.POST,
        "back_possible": known and has_way_back(run),
        "error": error,
        "typed": request.POST.get("typed", ""),
        "reason": request.POST.get("reason", ""),
        "other": other,
    }
    return render(request, template, context, status=status)


def has_way_back(run: Run) -> bool:
    """Whether a person is offered to take it back: where that would change anything, and nothing is gone for good."""
    if run.state == State.DONE and (run.runbook.ends_as_before or run.purged_by):
        return False
    return any(act.inverse() for act in run.plan) and not any(act.one_way for act in run.plan)


def patch_of(run: Run) -> str:
    """What to commit so that it lasts; empty where nothing is, or where the run was drafted by another version."""
    return run.runbook.to_commit(run.sight) if run.seen else ""


def allowed(request: HttpRequest, what: May) -> bool:
    return isinstance(request.user, User) and request.user.may(what)


def went_to(request: HttpRequest, run: Run) -> HttpResponse:
    htmx: Any = getattr(request, "htmx", None)
    response = redirect("run", run.pk)
    return HttpResponseClientRedirect(response.url) if htmx else response


@require_POST
@who_may(May.START_RUN)
def start(request: Request, pk: int) -> HttpResponse:
    """A second press of the button finds the run started, and shows it."""
    run = run_of(request, pk)
    if run.state != State.DRAFT:
        return went_to(request, run)
    if not allowed(request, type(run.runbook).who):
        raise PermissionDenied(type(run.runbook).who.value)
    if request.POST.get("looks", str(run.looks)) != str(run.looks):
        error = _("Somebody looked again meanwhile. This is the plan as it is now: read it before you start it.")
        return shown(request, run, error=error, status=422)
    try:
        typed, reason = request.POST.get("typed", ""), request.POST.get("reason", "")
        may_break = allowed(request, May.DESTROY)
        ticked = "ticked" in request.POST
        actions.start(run, typed=typed, reason=reason, ticked=ticked, break_glass=may_break, by=actor(request))
    except actions.NotConfirmed:
        error = _("Type the name exactly as it is written: %(name)s.") % {"name": run.named}
        return shown(request, run, error=error, status=422)
    except actions.NotTicked:
        return shown(request, run, error=_("Say that you know what is gone for good."), status=422)
    except actions.HasObjections:
        return shown(request, run, error=_("An objection stops this run."), status=422)
    except actions.NoReason:
        return shown(request, run, error=_("Say why it must be done all the same."), status=422)
    except actions.Busy as e:
        error = _("Another run is at work on %(name)s. One at a time.") % {"name": run.named}
        return shown(request, run, error=error, status=422, other=e.other)
    except (IllegalMove, LostRace):
        pass
    return went_to(request, run_of(request, pk))


@require_POST
@who_may(May.DRAFT_RUN)
def look(request: Request, pk: int) -> HttpResponse:
    return turned(request, pk, actions.look_again)


@require_POST
@who_may(May.DRAFT_RUN)
def give_up(request: Request, pk: int) -> HttpResponse:
    return turned(request, pk, actions.give_up)


@require_POST
@who_may(May.START_RUN)
def cancel(request: Request, pk: int) -> HttpResponse:
    return turned(request, pk, actions.cancel)


@require_POST
@who_may(May.START_RUN)
def undo(request: Request, pk: int) -> HttpResponse:
    run = run_of(request, pk)
    try:
        return turned(request, pk, actions.undo)
    except actions.TooLate as e:
        told = _("Run %(number)s worked on this volume later. Take that one back first.")
        if e.later.slug in shelf() and any(act.one_way for act in e.later.plan):
            told = _("Run %(number)s removed something for good since: this one cannot be taken back.")
        error = told % {"number": e.later.pk}
        return shown(request, run, error=error, status=422, other=e.later)
    except actions.Busy as e:
        error = _("Another run is at work on %(name)s. One at a time.") % {"name": run.named}
        return shown(request, run, error=error, status=422, other=e.other)


@require_POST
@who_may(May.START_RUN)
def again(request: Request, pk: int) -> HttpResponse:
    return turned(request, pk, actions.try_again)


@require_POST
@who_may(May.START_RUN)
def leave(request: Request, pk: int) -> HttpResponse:
    run = run_of(request, pk)
    reason = request.POST.get("reason", "").strip()
    if not reason:
        return shown(request, run, error=_("Say why it is left as it is: the next person will ask."), status=422)
    with contextlib.suppress(IllegalMove, LostRace):
        actions.leave(run, reason=reason[:500], by=actor(request))
    return went_to(request, run)


def turned(request: Request, pk: int, act: Any) -> HttpResponse:
    """Move a run; where somebody was faster, show what it is now."""
    run = run_of(request, pk)
    with contextlib.suppress(IllegalMove, LostRace):
        act(run, by=actor(request))
    return went_to(request, run)


@require_POST
@who_may(May.WRITE_INCIDENT)
def promise(request: Request, pk: int) -> HttpResponse:
    """Make a corrective action of the patch that a run shows, in its incident."""
    run = run_of(request, pk)
    patch = patch_of(run) if run.slug in shelf() and run.state == State.DONE else ""
    if not patch or run.incident is None:
        raise Http404
    actions.promise(run, patch, by=actor(request))
    return went_to(request, run)


@require_GET
@who_may(May.READ)
def pauses(request: Request) -> HttpResponse:
    """The pauses that stand, of one volume or of all, as a part of a page; by itself also those that have ended."""
    here = Pause.objects.select_related("run", "run__volume")
    volume = request.GET.get("volume", "")
    if volume.isdecimal() and len(volume) < 10:
        here = here.filter(run__volume=int(volume))
    context = {
        "standing": list(here.filter(ended=None)),
        "ended": [] if request.htmx else list(here.exclude(ended=None).order_by("-ended")[:PAGE]),
        "may_draft": request.user.may(May.DRAFT_RUN),
        "volume": volume,
    }
    return render(request, "runbooks/_pauses.html" if request.htmx else "runbooks/pauses.html", context)


@require_GET
@who_may(May.READ)
def incident_runs(request: Request, pk: int) -> HttpResponse:
    """The runs of an incident, as a part of its page."""
    incident = get_object_or_404(Incident, pk=pk)
    here = seen_by(request).filter(incident=incident).select_related("volume")[:20]
    return render(request, "runbooks/_runs_of.html", {"runs": here, "live": any(r.is_live for r in here), "pk": pk})
