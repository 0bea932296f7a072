"""
Import: an upload becomes a draft, the draft is read beside its source and corrected, and a person agrees.

Nothing is an incident before that, and nothing of the document is lost by it.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods, require_POST

from incidents import drafts, forms, sentences
from incidents.models import Draft
from incidents.parts import KINDS, SINGLES, Open
from incidents.proposals import Proposal
from incidents.reading.values import Unreadable
from incidents.records import KIND_OF
from incidents.review import Review
from incidents.uploads import Limited
from incidents.views import sent
from people.access import Request, actor, who_may
from people.roles import May


@require_http_methods(["GET", "HEAD", "POST"])
@who_may(May.WRITE_INCIDENT)
@csrf_exempt
def incident_import(request: Request) -> HttpResponse:
    """The limit must stand before anything of the request is read, and so before its token is: that comes next."""
    request.upload_handlers = [Limited(request)]
    try:
        _read = request.POST
    except RequestDataTooBig:
        while request.read(1 << 16):  # what is on its way must come in, or the browser never hears the answer
            pass
        form = forms.UploadForm({})
        form.add_error("text", forms.too_big(int(request.META.get("CONTENT_LENGTH") or 0)))
        return asked(request, form)
    return protected(request)


@csrf_protect
def protected(request: Request) -> HttpResponse:
    form = forms.UploadForm(request.POST, request.FILES) if request.method == "POST" else forms.UploadForm()
    if not form.is_valid():
        return asked(request, form)
    upload = form.cleaned_data["file"]
    data = upload.read() if upload else form.cleaned_data["text"].encode("utf-8", "surrogateescape")
    try:
        draft = drafts.keep(data, upload.name if upload else _("pasted.md"), person=request.user)
    except Unreadable as e:
        form.add_error("file" if upload else "text", sentences.unreadable(e))
        return asked(request, form)
    return redirect("incident-review", draft.pk)


def asked(request: Request, form: forms.UploadForm) -> HttpResponse:
    waiting = drafts.of(request.user).defer("data")[:10]
    context = {"form": form, "drafts": waiting}
    return render(request, "incidents/import.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@who_may(May.WRITE_INCIDENT)
def incident_review(request: Request, pk: int) -> HttpResponse:
    """Read it with its source beside it; agree, and it is saved."""
    draft = draft_of(request, pk)
    proposal = drafts.proposed(draft)
    before = drafts.imported_before(draft)
    form = forms.AgreeForm(sent(request), state=proposal.state, before=before)
    if not form.is_valid():
        place = request.GET.get("edit", "")
        opened = {place: Open(form_at(proposal, place))} if proposal.has(place) else {}
        return review(request, draft, proposal, form, opened, status=422 if form.is_bound else 200)
    try:
        made = drafts.agree(draft, state=form.cleaned_data["state"], by=actor(request))
    except drafts.Gone:  # a second click: the first one saved it
        return redirect("incident", before.pk) if before else redirect("incidents")
    messages.success(request, _("Saved. Nothing of the document was lost."))
    return redirect("incident", made.pk)


@require_POST
@who_may(May.WRITE_INCIDENT)
def draft_correct(request: Request, pk: int) -> HttpResponse:
    """One record of a draft: corrected, left out, or again as it was read."""
    draft, place = draft_of(request, pk), request.POST.get("place", "")
    proposal = drafts.proposed(draft)
    if not proposal.has(place):
        raise Http404
    if "leave-out" in request.POST:
        drafts.leave_out(draft, place)
    elif "as-read" in request.POST:
        drafts.as_read(draft, place)
    else:
        form = form_at(proposal, place, request.POST)
        if not form.is_valid():
            agree = forms.AgreeForm(None, state=proposal.state, before=drafts.imported_before(draft))
            return review(request, draft, proposal, agree, {place: Open(form)}, status=422)
        drafts.correct(draft, place, form.values(), proposal.fields(place))
    response = redirect("incident-review", pk)
    begin = request.GET.get("from", "")
    anchor = "p-" + place.replace("/", "-")
    response.headers["Location"] += (f"?from={begin}" if begin.isdigit() else "") + f"#{anchor}"
    return response


@require_POST
@who_may(May.WRITE_INCIDENT)
def draft_forget(request: Request, pk: int) -> HttpResponse:
    draft_of(request, pk).delete()
    messages.info(request, _("Forgotten. Nothing of it was saved."))
    return redirect("incident-import")


@require_POST
@who_may(May.WRITE_INCIDENT)
def draft_keep(request: Request, pk: int) -> HttpResponse:
    """A document that is no post-mortem, kept whole beside a new incident."""
    draft = draft_of(request, pk)
    title = request.POST.get("title", "").strip() or draft.name
    made = drafts.keep_as_appendix(draft, title, by=actor(request))
    messages.success(request, _("Kept as an appendix. Now write what happened."))
    return redirect("incident", made.pk)


# --- How it is done ---------------------------------------------------------------------------------------------------


def draft_of(request: Request, pk: int) -> Draft:
    return get_object_or_404(drafts.of(request.user), pk=pk)


def form_at(proposal: Proposal, place: str, data: Any = None) -> forms.RecordForm:
    initial, auto_id = proposal.fields(place), f"{place.replace('/', '-')}-%s"
    if place in SINGLES:
        return SINGLES[place](data, initial=initial, auto_id=auto_id)
    kind = KINDS[KIND_OF[place.partition("/")[0]]]
    if kind.name != "entry":
        return kind.form(data, initial=initial, auto_id=auto_id)
    return forms.EntryForm(
        data,
        initial=initial,
        language=proposal.read.language,
        days=proposal.days,
        previous=proposal.start_before(place),
    )


def review(
    request: Request,
    draft: Draft,
    proposal: Proposal,
    form: forms.AgreeForm,
    opened: dict[str, Open],
    status: int = 200,
) -> HttpResponse:
    begin = request.GET.get("from", "")
    page = Review(draft, proposal, opened, int(begin[:9]) if begin.isdigit() else 0)
    context = {"draft": draft, "review": page, "form": form, "opened": opened}
    return render(request, "incidents/review.html", context, status=status)
