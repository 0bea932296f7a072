"""An incident as a file: in the document's language, whatever the reader's. Every one is made from the same report."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from incidents.models import Incident
from incidents.report import Report
from incidents.rows import report_from
from incidents.views import download
from incidents.writing.html import html
from incidents.writing.json import to_json
from incidents.writing.markdown import markdown
from incidents.writing.pdf import Unprintable, pdf
from people.access import Request, who_may
from people.roles import May

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Form:
    """What a file of this form is called to browsers, and how it is written."""

    kind: str
    write: Callable[[Report], bytes]


FORMS: dict[str, Form] = {
    "md": Form("text/markdown; charset=utf-8", lambda report: markdown(report).encode()),
    "html": Form("text/html; charset=utf-8", lambda report: html(report).encode()),
    "pdf": Form("application/pdf", pdf),
    "json": Form("application/json", lambda report: to_json(report).encode()),
}


@require_GET
@who_may(May.READ)
def incident_export(request: Request, pk: int, form: str) -> HttpResponse:
    incident = get_object_or_404(Incident, pk=pk)
    if form not in FORMS:
        raise Http404
    try:
        data = FORMS[form].write(report_from(incident))
    except Unprintable as e:
        log.warning("INC-%s cannot be printed: %s", pk, e)
        messages.error(
            request, _("This cannot be set as %(form)s. The other forms have all of it.") % {"form": form.upper()}
        )
        return redirect("incident", pk)
    return download(data, f"{name_of(incident)}.{form}", FORMS[form].kind)


def name_of(incident: Incident) -> str:
    """The day and the title, as the names of such files usually are."""
    day = incident.occurred_start or incident.opened.date()
    return f"{day.isoformat()}-{slugify(incident.title)[:80].strip('-') or f'inc-{incident.pk}'}"
