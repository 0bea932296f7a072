"""The overview: what is wrong now, what is not proven, what could not be got back."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from people.access import Request, who_may
from people.roles import May


@require_GET
@who_may(May.READ)
def overview(request: Request) -> HttpResponse:
    return render(request, "overview.html", {})
