"""The overview, its part that moves, and breaking the practice cluster."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from cluster.errors import ClusterError
from config import breaking
from config.overview import overview as answers
from people.access import Request, actor, who_may
from people.roles import May
from runbooks.models import Run


@require_safe
@who_may(May.READ)
def overview(request: Request) -> HttpResponse:
    context = answers() | {
        "ways": breaking.WAYS,
        "may_break": request.user.may(May.BREAK_RANGE),
        "may_write": request.user.may(May.WRITE_INCIDENT),
        "first_visit": not Run.objects.exists(),
    }
    return render(request, "overview.html", context)


@require_safe
@who_may(May.READ)
def overview_now(request: Request) -> HttpResponse:
    """The part of the overview that moves."""
    return render(request, "_now.html", answers() | {"moving": True})


@require_POST
@who_may(May.BREAK_RANGE)
def range_break(request: Request) -> HttpResponse:
    breaking.practice_range()
    way = next((way for way in breaking.WAYS if way.kind == request.POST.get("kind")), None)
    if way is None:
        raise Http404
    try:
        breaking.break_it(way.kind, by=actor(request))
    except ClusterError as e:
        messages.error(request, _("It could not be broken just now. %(why)s") % {"why": e})
    else:
        messages.warning(request, _("Broken: %(happens)s It shows here within seconds.") % {"happens": way.happens})
    return redirect("overview")


@require_POST
@who_may(May.BREAK_RANGE)
def range_mend(request: Request) -> HttpResponse:
    breaking.practice_range()
    try:
        breaking.mend_it(by=actor(request))
    except ClusterError as e:
        messages.error(request, _("It could not be mended just now. %(why)s") % {"why": e})
    else:
        messages.success(request, _("The practice cluster is as it was at first."))
    return redirect("overview")
