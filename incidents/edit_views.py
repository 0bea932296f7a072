"""
Editing in place: a form opens where the record stands, and what somebody else did meanwhile is shown beside it.

Each view answers with one part for htmx, and with the whole page, that part in the same state, for a browser alone.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from audit.moves import IllegalMove, LostRace
from incidents import actions, redaction, sentences
from incidents.models import Action, Incident, Record, TimelineEntry
from incidents.parts import KINDS, SINGLES, Kind, Open, form_for
from incidents.views import back_to, part_of, sent, whole
from people.access import Request, actor, who_may
from people.roles import May


@require_http_methods(["GET", "HEAD", "POST"])
@who_may(May.WRITE_INCIDENT)
def record_add(request: Request, pk: int, kind: str) -> HttpResponse:
    incident, what = get_object_or_404(Incident, pk=pk), kind_of(kind)
    form = form_for(what, incident, None, sent(request), previous=last_start(incident))
    if form.is_valid():
        made = actions.add(what.model, incident, by=actor(request), **form.values())
        told(request, form)
        return shown(request, incident, what, anchor=f"{kind}-{made.pk}")
    return shown(request, incident, what, Open(form), status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@who_may(May.WRITE_INCIDENT)
def record_edit(request: Request, pk: int, kind: str, record: int) -> HttpResponse:
    what = kind_of(kind)
    found = record_of(what, pk, record)
    form = form_for(what, found.incident, found, sent(request), previous=start_before(found))
    if not form.is_valid():
        status = 422 if form.is_bound else 200
        return shown(request, found.incident, what, Open(form, seen(request, found), found.pk), status=status)
    try:
        actions.edit(found, form.values(), seen=seen(request, found), by=actor(request))
    except actions.Overtaken as e:
        return shown(request, found.incident, what, overtaken(request, form, e.now), status=422)
    except actions.Refused as e:
        messages.warning(request, sentences.refusal(e.code))
    told(request, form)
    return shown(request, found.incident, what, anchor=f"{kind}-{found.pk}")


@require_POST
@who_may(May.WRITE_INCIDENT)
def record_remove(request: Request, pk: int, kind: str, record: int) -> HttpResponse:
    what = kind_of(kind)
    found = record_of(what, pk, record)
    try:
        actions.remove(found, by=actor(request))
    except actions.Overtaken:
        messages.info(request, _("It was taken out already."))
    except actions.Refused as e:
        messages.warning(request, sentences.refusal(e.code))
    return shown(request, found.incident, what, anchor=f"part-{kind}")


@require_POST
@who_may(May.WRITE_INCIDENT)
def record_put_back(request: Request, pk: int, kind: str, record: int) -> HttpResponse:
    what = kind_of(kind)
    found = record_of(what, pk, record)
    try:
        actions.put_back(found, by=actor(request))
    except actions.Overtaken:
        messages.info(request, _("It is back already."))
    return shown(request, found.incident, what, anchor=f"{kind}-{found.pk}")


@require_POST
@who_may(May.WRITE_INCIDENT)
def action_mark(request: Request, pk: int, record: int) -> HttpResponse:
    found = get_object_or_404(Action.objects.select_related("incident"), incident=pk, pk=record)
    try:
        actions.mark_action(found, request.POST.get("to", ""), by=actor(request))
    except (IllegalMove, LostRace):
        messages.warning(request, _("Somebody else was faster. This is how it stands now."))
    return shown(request, found.incident, KINDS["action"], anchor=f"action-{found.pk}")


@require_http_methods(["GET", "HEAD", "POST"])
@who_may(May.WRITE_INCIDENT)
def incident_edit(request: Request, pk: int, what: str) -> HttpResponse:
    """The head of the report, its summary, or its other header lines."""
    if what not in SINGLES:
        raise Http404
    incident = get_object_or_404(Incident, pk=pk)
    initial = {name: getattr(incident, name) for name in SINGLES[what].base_fields}
    form = SINGLES[what](sent(request), initial=initial, auto_id=f"{what}-%s")
    if not form.is_valid():
        open_ = Open(form, seen(request, incident), incident.pk)
        return whole(request, incident, opened={what: open_}, status=422 if form.is_bound else 200)
    try:
        actions.edit(incident, form.values(), seen=seen(request, incident), by=actor(request))
    except actions.Overtaken as e:
        return whole(request, incident, opened={what: overtaken(request, form, e.now)}, status=422)
    told(request, form)
    return back_to(incident, f"part-{what}")


# --- How it is done ---------------------------------------------------------------------------------------------------


def kind_of(name: str) -> Kind:
    try:
        return KINDS[name]
    except KeyError:
        raise Http404 from None


def record_of(kind: Kind, incident: int, pk: int) -> Record:
    found: Record = get_object_or_404(kind.model._default_manager.select_related("incident"), incident=incident, pk=pk)
    return found


def shown(
    request: Request,
    incident: Incident,
    kind: Kind,
    open_: Open | None = None,
    *,
    anchor: str = "",
    status: int = 200,
) -> HttpResponse:
    """The part for htmx; the whole page for a browser alone, or the way back to it after something was written."""
    if request.htmx:
        part = part_of(request, incident, kind.name, open_)
        context = {"part": part, "incident": incident, "may_write": part.may_write}
        return render(request, "incidents/_part.html", context, status=status)
    if open_ is None:
        return back_to(incident, anchor)
    return whole(request, incident, opened={kind.name: open_}, status=status)


def seen(request: Request, written: actions.Written) -> int:
    """The version that the person looked at."""
    told = request.POST.get("seen", "")
    return int(told) if told.isdigit() and len(told) < 10 else written.version


def overtaken(request: Request, form: Any, now: actions.Written) -> Open:
    """The form with what the person wrote: beside what stands now, or as a new record where nothing stands any more."""
    if isinstance(now, Record) and now.removed:
        messages.warning(request, _("Somebody took this out meanwhile. Saved now, it is added anew."))
        return Open(form)
    return Open(form, now.version, now.pk, standing(form, now))


def standing(form: Any, now: actions.Written) -> list[tuple[str, Any]]:
    """What stands in the fields that the person wants otherwise: label and value."""
    return [
        (form.fields[name].label, getattr(now, name))
        for name, value in form.values().items()
        if name in form.fields and getattr(now, name) != value
    ]


def told(request: Request, form: Any) -> None:
    """Say it when a secret was taken out of what somebody typed."""
    for name in form.changed_data:
        value = form.cleaned_data.get(name)
        for found in redaction.of_text(value)[1] if isinstance(value, str) else ():
            messages.warning(
                request,
                _("%(what)s was taken out of “%(field)s”, line %(line)s, before it was saved.")
                % {"what": sentences.taken(found.kind), "field": form.fields[name].label, "line": found.line},
            )


def last_start(incident: Incident) -> str:
    here = TimelineEntry.objects.here().filter(incident=incident).exclude(start="")
    return here.values_list("start", flat=True).last() or ""


def start_before(record: Record) -> str:
    """The local start of the entry before this one, from which a clock without a day takes its day."""
    if not isinstance(record, TimelineEntry):
        return ""
    here = TimelineEntry.objects.here().filter(incident=record.incident_id, position__lt=record.position)
    return here.exclude(start="").values_list("start", flat=True).last() or ""
