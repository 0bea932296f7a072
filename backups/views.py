"""If a volume died now: how much would be lost, and how long until it is back."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from backups import actions, queries
from backups.forms import SourceForm, VolumeForm
from backups.models import RecoveryPoint, Source, Volume
from backups.queries import VolumeRow
from people.access import Request, actor, who_may
from people.roles import May

MOST_POINTS = 100


@require_GET
@who_may(May.READ)
def recoverability(request: Request) -> HttpResponse:
    """Every volume, the worst first."""
    rows = queries.volumes()
    scanned = [scan.at for row in rows for each in row.sources if (scan := each.newest)]
    context = {"rows": rows, "oldest": min(scanned, default=None), **allowed(request)}
    return render(request, "backups/_volumes.html" if request.htmx else "backups/recoverability.html", context)


@require_GET
@who_may(May.READ)
def volume(request: Request, pk: int) -> HttpResponse:
    """One volume: what would be lost, where its copies are, and each that there is."""
    row = of(pk)
    points = row.rows(MOST_POINTS)
    context = {
        "row": row,
        "volume": row.volume,
        "points": points,
        "more": len(row.graded) - len(points),
        "uploads": queries.uploads(row.volume),
    }
    template = "backups/_volume.html" if request.htmx else "backups/volume.html"
    return render(request, template, {**context, **allowed(request)})


def of(pk: int) -> VolumeRow:
    try:
        return queries.volume(pk)
    except Volume.DoesNotExist as e:
        raise Http404 from e


def allowed(request: Request) -> dict[str, bool]:
    return {
        "may_draft": request.user.may(May.DRAFT_RUN),
        "may_manage": request.user.may(May.MANAGE),
        "may_upload": request.user.may(May.START_RUN),
    }


@require_http_methods(["GET", "HEAD", "POST"])
@who_may(May.MANAGE)
def volume_new(request: Request) -> HttpResponse:
    form = VolumeForm(
        request.POST or None, initial={name: request.GET.get(name, "") for name in ("namespace", "claim")}
    )
    if request.method == "POST" and form.is_valid():
        made = actions.register_volume(**form.cleaned_data, by=actor(request))
        messages.success(request, _("%(volume)s is registered. Say now where its copies are.") % {"volume": made})
        return redirect("source-new", made.pk)
    return render(request, "backups/volume_form.html", {"form": form}, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@who_may(May.MANAGE)
def volume_edit(request: Request, pk: int) -> HttpResponse:
    here = get_object_or_404(Volume, pk=pk)
    form = VolumeForm(request.POST or None, instance=here)
    if request.method == "POST" and form.is_valid():
        actions.edit_volume(here, **form.cleaned_data, by=actor(request))
        return redirect("volume", pk)
    context = {"form": form, "volume": get_object_or_404(Volume, pk=pk)}
    return render(request, "backups/volume_form.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@who_may(May.MANAGE)
def source_new(request: Request, pk: int) -> HttpResponse:
    here = get_object_or_404(Volume, pk=pk)
    form = SourceForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        actions.add_source(here, **form.cleaned_data, by=actor(request))
        return redirect("volume", pk)
    return render(
        request, "backups/source_form.html", {"form": form, "volume": here}, status=422 if form.is_bound else 200
    )


@require_POST
@who_may(May.MANAGE)
def source_retire(request: Request, pk: int) -> HttpResponse:
    source = get_object_or_404(Source.objects.select_related("volume"), pk=pk)
    actions.retire_source(source, by=actor(request))
    messages.success(request, _("%(source)s no longer counts. Nothing was deleted.") % {"source": source})
    return redirect("volume", source.volume_id)


@require_POST
@who_may(May.MANAGE)
def point_accept(request: Request, pk: int) -> HttpResponse:
    point = get_object_or_404(RecoveryPoint, pk=pk)
    actions.accept_point(point, by=actor(request))
    return redirect("volume", point.volume_id)
