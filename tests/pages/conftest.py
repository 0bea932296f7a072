"""One of each thing that has a page."""

from __future__ import annotations

from datetime import date

import pytest
from django.utils.timezone import now

from audit.models import record
from backups.models import RecoveryPoint, Source, Volume
from health.models import Finding
from incidents.models import Action, Cause, Incident, Lesson, TimelineEntry
from people.actors import COMMAND, ENGINE
from people.models import User
from runbooks.models import Run

ROLES = ("viewer", "responder", "operator", "admin")


@pytest.fixture
def people(db):
    return {role: User.objects.create_user(f"one {role}"[:30], role=role) for role in ROLES}


@pytest.fixture
def objects(people):
    """By layer and gap, as `addresses.Address` asks for them."""
    incident = Incident.objects.create(
        title="L’appartement a tout oublié", language="fr", severity="S2", summary="Vide."
    )
    entry = TimelineEntry.objects.create(incident=incident, text="La maison est vide.", token="~20:30")
    Cause.objects.create(incident=incident, text="Formaté au montage.")
    action = Action.objects.create(
        incident=incident, text="Copier au lieu de synchroniser", due=date(2020, 1, 1), owner="Bob"
    )
    Action.objects.create(incident=incident, text="Déclaré", state="done")
    Lesson.objects.create(incident=incident, text="Garder une copie froide.")
    volume = Volume.objects.create(namespace="home", claim="config", sentinels=[".storage/auth"])
    source = Source.objects.create(volume=volume, kind="archives", bucket="copies", prefix="home/")
    point = RecoveryPoint.objects.create(
        volume=volume, source=source, kind="archive", ref="home/1", taken=now(), bytes=19, files=2
    )
    finding = Finding.objects.create(
        check_name="crash-loop",
        subject="workload:home/Deployment/app",
        state="open",
        facts={"code": "something-of-a-later-version", "n": 3},
        volume=volume,
    )
    run = Run.objects.create(slug="snapshot-volume", params={"volume": volume.pk}, volume=volume, drafted_by="bob")
    record("person.added", people["viewer"], by=COMMAND, role="viewer")
    record("finding.open", finding, by=ENGINE)
    return {
        "incidents.pk": incident.pk,
        "incidents.kind": "entries",
        "incidents.what": "title",
        "incidents.record": entry.pk,
        "action-mark.record": action.pk,
        "backups.pk": volume.pk,
        "source-retire.pk": source.pk,
        "point-accept.pk": point.pk,
        "health.pk": finding.pk,
        "volume-findings.pk": volume.pk,
        "runbooks.pk": run.pk,
        "runbooks.slug": "snapshot-volume",
        "incident-runs.pk": incident.pk,
        "people.pk": people["viewer"].pk,
    }
