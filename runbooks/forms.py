"""A runbook's typed parameters as a form."""

from __future__ import annotations

from dataclasses import MISSING, Field, fields
from typing import Any, Literal, get_args, get_origin, get_type_hints

from django import forms
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from backups.models import RecoveryPoint, Volume
from health.models import Reading
from incidents.models import Incident
from people import words
from runbooks.base import Runbook
from runbooks.models import Run
from runbooks.syncing import named

PLAIN: dict[Any, type[forms.Field]] = {str: forms.CharField, bool: forms.BooleanField}
POINTS = 200  # recovery points offered, newest first
INCIDENTS = 100  # that are not closed, newest first


def form_for(runbook: type[Runbook[Any]], volume: int | None = None) -> type[forms.Form]:
    """The form of a runbook's parameters, and the incident that it is for. Recovery points are those of `volume`."""
    hints = get_type_hints(runbook)
    made: dict[str, Any] = {f.name: form_field(hints[f.name], f, volume) for f in fields(runbook)}  # type: ignore[arg-type]
    open_ = Incident.objects.exclude(state=Incident.State.CLOSED).values_list("pk", flat=True)
    made["incident"] = forms.ModelChoiceField(
        Incident.objects.filter(pk__in=list(open_[:INCIDENTS])),
        required=False,
        label=_("For incident"),
        help_text=_("Its timeline gets the evidence"),
        empty_label=_("None"),
    )
    made["incident"].label_from_instance = lambda incident: f"{incident} {incident.title}"[:100]
    return type(f"{runbook.__name__}Form", (forms.Form,), made)


def form_field(hint: Any, f: Field[Any], volume: int | None) -> forms.Field:
    options: dict[str, Any] = {"label": f.metadata["label"], "help_text": f.metadata["hint"]}
    if f.default is not MISSING:
        options["initial"] = f.default
    if f.metadata["kind"] == "volume":
        choices = [("", gettext("Choose a volume")), *((v.pk, str(v)) for v in Volume.objects.all())]
        return forms.TypedChoiceField(coerce=int, choices=choices, **options)
    if f.metadata["kind"] in PICKED:
        return forms.TypedChoiceField(coerce=int, choices=PICKED[f.metadata["kind"]](volume), **options)
    if f.metadata["kind"] in NAMED:
        required = f.default is MISSING
        return forms.ChoiceField(required=required, choices=NAMED[f.metadata["kind"]](volume), **options)
    if hint is int:
        return forms.IntegerField(min_value=f.metadata["least"], max_value=f.metadata["most"], **options)
    if get_origin(hint) is Literal:
        return forms.ChoiceField(choices=[(v, v) for v in get_args(hint)], **options)
    return PLAIN[hint](required=hint is not bool and f.default is MISSING, **options)


def point_choices(volume: int | None) -> list[Any]:
    """Recovery points, newest first: of one volume, or of all, each under its volume."""
    points = RecoveryPoint.objects.filter(gone=None).select_related("volume").order_by("-taken")
    if volume is not None:
        mine = list(points.filter(volume=volume)[:POINTS])
        first = gettext("Choose a recovery point") if mine else gettext("No copy of it is known")
        return [("", first), *((p.pk, point_label(p)) for p in mine)]
    groups: dict[str, list[tuple[int, str]]] = {}
    for point in points[:POINTS]:
        groups.setdefault(str(point.volume), []).append((point.pk, point_label(point)))
    return [("", gettext("Choose a recovery point")), *sorted(groups.items())]


def point_label(point: RecoveryPoint) -> str:
    """When, what, how much, and whether it was proven: `17 Nov, 06:00, archive, 3.2 GB, verified`."""
    verified = gettext("verified") if point.verified else gettext("not verified")
    size = [words.size(point.bytes)] if point.bytes is not None else []
    return ", ".join([words.moment(localtime(point.taken)), str(point.get_kind_display()), *size, verified])


def kept_choices(volume: int | None) -> list[Any]:
    """Restores that put something aside which nobody removed yet, newest first."""
    restores = Run.objects.filter(slug="restore-volume", state="done").select_related("volume").order_by("-started")
    purged = set(Run.objects.filter(slug="purge-kept", state="done").values_list("params__run", flat=True))
    mine = [r for r in (restores.filter(volume=volume) if volume else restores)[:POINTS] if r.pk not in purged]
    first = gettext("Choose a restore") if mine else gettext("No restore put anything aside")
    return [("", first), *((r.pk, kept_label(r)) for r in mine)]


def kept_label(run: Run) -> str:
    """Which, of what, when: `Run 12, home/config, 17 Nov, 10:42`."""
    at = words.moment(localtime(run.ended or run.started or run.drafted))
    return ", ".join([gettext("Run %(number)s") % {"number": run.pk}, str(run.volume), at])


def sync_choices(volume: int | None) -> list[Any]:
    """The syncs of the last sweep: of one volume, or of all of ours, each under its volume."""
    groups: dict[str, list[tuple[str, str]]] = {}
    volumes = Volume.objects.filter(pk=volume) if volume else Volume.objects.all()
    mine = {(v.namespace, v.claim): str(v) for v in volumes}
    for sync in told("syncs"):
        here = sync["workload"]
        if name := mine.get((here["namespace"], sync["claim"])):
            value = named(here["kind"], here["name"], sync["container"])
            groups.setdefault(name, []).append((value, f"{value} ({sync['kind']})"))
    flat = next(iter(groups.values()), []) if volume else sorted(groups.items())
    return [("", gettext("The only one there is")), *flat]


def released_choices(volume: int | None) -> list[Any]:
    """The released volumes of the last sweep, each with the claim that it had and how large it is."""
    found = told("released")
    labels = [
        (each["volume"], f"{each['volume']}, {each['was']['namespace']}/{each['was']['name']}, "
                         f"{words.size(each['capacity'])}")
        for each in found
    ]  # fmt: skip
    first = gettext("Choose a released volume") if labels else gettext("No volume is released")
    return [("", first), *labels]


def told(what: str) -> list[Any]:
    """What the last sweep saw of a sort."""
    reading = Reading.objects.filter(what=what).first()
    return list(reading.told.get(what, ())) if reading else []


PICKED: dict[str, Any] = {"point": point_choices, "kept": kept_choices}
NAMED: dict[str, Any] = {"sync": sync_choices, "released": released_choices}
