"""Bringing a file as a copy of a volume: a plain form, the file read as it comes, and the page of what became of it."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from audit.moves import IllegalMove, LostRace
from backups import actions, sentences, stores, tasks, uploads
from backups.arriving import Arrival
from backups.errors import BackupsError
from backups.forms import RootForm, UploadForm
from backups.models import RecoveryPoint, Source, Upload, Volume
from people.access import Request, actor, who_may
from people.roles import May


@require_http_methods(["GET", "HEAD", "POST"])
@who_may(May.START_RUN)
@csrf_exempt
def upload_new(request: Request, pk: int) -> HttpResponse:
    """The form's token is looked at by `receive`, which reads the form: before that it is said where the file goes."""
    volume = get_object_or_404(Volume, pk=pk)
    archives = uploads.place(volume)
    if request.method != "POST" or archives is None:
        return shown(request, volume, archives, UploadForm())
    if too_long(request):
        form = UploadForm({"end": "1"})
        form.refuse({"code": "too-large", "bytes": uploads.limit()})
        return shown(request, volume, archives, form, status=422)
    arrival, rows = uploads.arrival(volume, archives, of=length(request), by=actor(request))
    request.upload_handlers = [arrival]
    try:
        with arrival:
            return receive(request, volume, archives, arrival, rows)
    finally:
        for row in rows if not arrival.kept else ():
            uploads.forget(row)


@csrf_protect
def receive(request: Request, volume: Volume, archives: Source, arrival: Arrival, rows: list[Upload]) -> HttpResponse:
    form = UploadForm(request.POST, arrived=bool(rows))
    form.refuse(arrival.refused)
    if form.is_valid():
        try:
            arrival.keep()
            actions.keep_upload(rows[0], size=arrival.size, by=actor(request))
        except BackupsError as error:
            form.add_error("file", sentences.say({"code": "store", "error": str(error)}))
        except LostRace:  # so long in silence that a worker has taken it back
            uploads.remove(stores.store(rows[0].source.bucket), rows[0].key)
            form.add_error("file", sentences.say({"code": "broken-off"}))
        else:
            tasks.knock()
            return redirect("upload", rows[0].pk)
    return shown(request, volume, archives, form, status=422)


def shown(
    request: Request, volume: Volume, archives: Source | None, form: UploadForm, *, status: int = 200
) -> HttpResponse:
    context = {"volume": volume, "archives": archives, "form": form, "limit": uploads.limit()}
    return render(request, "backups/upload_form.html", context, status=status)


def length(request: Request) -> int:
    """How many bytes the browser says that it sends, the form around the file among them."""
    said = request.META.get("CONTENT_LENGTH") or ""
    return int(said) if said.isdigit() else 0


def too_long(request: Request) -> bool:
    return length(request) > uploads.limit() + uploads.AROUND


@require_GET
@who_may(May.READ)
def upload(request: Request, pk: int) -> HttpResponse:
    """What became of a file that was brought."""
    here = get_object_or_404(Upload.objects.select_related("source__volume"), pk=pk)
    context = {
        "upload": here,
        "volume": here.source.volume,
        "point": RecoveryPoint.objects.filter(source=here.source_id, ref=here.key).first(),
        "form": RootForm(roots=here.told.get("roots", [])),
        "why": sentences.say(here.why),
        "live": here.state in {Upload.State.ARRIVING, Upload.State.READING},
        "may_start": request.user.may(May.START_RUN),
        "may_draft": request.user.may(May.DRAFT_RUN),
    }
    return render(request, "backups/_upload.html" if request.htmx else "backups/upload.html", context)


@require_POST
@who_may(May.START_RUN)
def upload_root(request: Request, pk: int) -> HttpResponse:
    here = get_object_or_404(Upload, pk=pk)
    form = RootForm(request.POST, roots=here.told.get("roots", []))
    if not form.is_valid():
        messages.error(request, _("Choose one of the folders."))
        return redirect("upload", pk)
    try:
        actions.choose_root(here, root=form.cleaned_data["root"], by=actor(request))
    except (IllegalMove, LostRace):
        messages.error(request, _("Somebody has chosen already."))
    else:
        tasks.knock()
    return redirect("upload", pk)
