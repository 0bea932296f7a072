"""What the frame of every page needs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from health.models import Finding
from incidents.models import Incident
from people.models import User
from people.roles import May


@dataclass(frozen=True)
class Place:
    """A link of the navigation. `app` is the layer whose views are at this place; `said` is the count in words."""

    name: str
    app: str
    label: Any
    short: Any
    picture: str
    count: int = 0
    said: str = ""
    here: str = ""  # what aria-current says

    @property
    def href(self) -> str:
        return reverse(self.name)


@dataclass(frozen=True)
class Kind:
    name: str
    app: str
    label: Any
    short: Any
    picture: str
    count: Callable[[], tuple[int, str]] = lambda: (0, "")


def ongoing() -> tuple[int, str]:
    count = Incident.objects.filter(state="ongoing").count()
    return count, ngettext("ongoing", "ongoing", count)


def failing() -> tuple[int, str]:
    count = Finding.objects.filter(state="open", level="fail").count()
    return count, ngettext("failing", "failing", count)


PLACES = [
    Kind("overview", "config", _("Overview"), _("Overview"), "t-overview"),
    Kind("incidents", "incidents", _("Incidents"), _("Incidents"), "t-incidents", ongoing),
    Kind("recoverability", "backups", _("Recoverability"), _("Recover"), "t-recover"),
    Kind("health", "health", _("Health"), _("Health"), "t-health", failing),
    Kind("runbooks", "runbooks", _("Runbooks"), _("Runbooks"), "t-runbooks"),
    Kind("trail", "audit", _("Trail"), _("Trail"), "t-trail"),
]


def places(request: HttpRequest) -> list[Place]:
    """Where one can go; `here` is "page" at the place itself and "true" below it."""
    match = request.resolver_match
    app = match.func.__module__.split(".")[0] if match else ""
    found = []
    for kind in PLACES:
        count, said = kind.count()
        here = "" if app != kind.app else "page" if match and match.url_name == kind.name else "true"
        found.append(Place(kind.name, kind.app, kind.label, kind.short, kind.picture, count, said, here))
    return found


def frame(request: HttpRequest) -> dict[str, Any]:
    user = getattr(request, "user", None)
    reader = user if isinstance(user, User) else None
    return {
        "cluster_name": settings.CLUSTER,
        "practice": settings.CLUSTER == "range",
        "languages": settings.LANGUAGES,
        "reader": reader,
        "theme": reader.theme if reader else "",
        "manages_people": bool(reader and reader.may(May.MANAGE)),
        # A fragment never asks for these, so it never pays for the counts.
        "places": SimpleLazyObject(lambda: places(request)) if reader else [],
    }
