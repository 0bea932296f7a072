"""
Uploads that wait for a person's yes. They belong to whoever sent them; nothing of them is an incident yet.

Secrets are gone before the row is written. What is read is read again from the bytes each time: a draft keeps only
what its person said otherwise.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import F, QuerySet
from django.utils.timezone import now

from incidents import redaction
from incidents.actions import import_report
from incidents.models import Draft, Incident
from incidents.proposals import Corrections, Proposal, proposal
from incidents.reading.read import read
from incidents.reading.values import Appendix
from incidents.report import Report
from incidents.uploads import safe_name
from people.actors import Actor
from people.models import User


class Gone(Exception):
    """Somebody has agreed to this draft already, or forgotten it."""


def keep(data: bytes, name: str, *, person: User) -> Draft:
    """Take in an upload. Raises Unreadable for what is no document; then nothing is kept."""
    clean, found = redaction.redacted(data)
    proposal(clean, name)
    Draft.objects.filter(made__lt=now() - Draft.KEPT_FOR).delete()
    return Draft.objects.create(
        person=person,
        name=safe_name(name),
        data=clean,
        sha256=hashlib.sha256(clean).hexdigest(),
        redacted=[asdict(one) for one in found],
    )


def of(person: User) -> QuerySet[Draft]:
    return Draft.objects.filter(person=person, made__gte=now() - Draft.KEPT_FOR)


def proposed(draft: Draft) -> Proposal:
    return proposal(bytes(draft.data), draft.name, Corrections.of(draft.report))


def imported_before(draft: Draft) -> Incident | None:
    """The incident that has the same bytes."""
    return Incident.objects.filter(documents__sha256=draft.sha256).order_by("pk").first()


def correct(draft: Draft, place: str, values: Mapping[str, Any], was: Mapping[str, Any]) -> None:
    """Only what differs from what was there is a correction."""
    told = {name: plain(value) for name, value in values.items() if plain(value) != plain(was.get(name))}
    if told:
        save(draft, Corrections.of(draft.report).corrected(place, redaction.of_values(told)))


def plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


def leave_out(draft: Draft, place: str) -> None:
    """Its words go to the appendix: nothing of a document is lost."""
    save(draft, Corrections.of(draft.report).without(place))


def as_read(draft: Draft, place: str) -> None:
    save(draft, Corrections.of(draft.report).as_read(place))


def save(draft: Draft, corrections: Corrections) -> None:
    draft.report = corrections.as_json()
    Draft.objects.filter(pk=draft.pk).update(report=draft.report, version=F("version") + 1)


def agree(draft: Draft, *, state: str, by: Actor) -> Incident:
    """The draft becomes an incident, once. Raises Gone for whoever comes second."""
    report = proposed(draft).report()
    with transaction.atomic():
        take(draft)
        data, found = bytes(draft.data), draft.redacted
        return import_report(
            report, document_bytes=data, name=draft.name, by=by, again=True, state=state, redacted=found
        )


def keep_as_appendix(draft: Draft, title: str, *, by: Actor) -> Incident:
    """A document that is no post-mortem, whole in the appendix of a new incident, and its bytes beside it."""
    document = read(bytes(draft.data), draft.name)
    text = "\n".join(document.lines).strip("\n")
    report = Report(title, document.language, appendix=(Appendix(draft.name, 0, 0, text),))
    with transaction.atomic():
        take(draft)
        data = bytes(draft.data)
        return import_report(report, document_bytes=data, name=draft.name, by=by, again=True, redacted=draft.redacted)


def take(draft: Draft) -> None:
    if not Draft.objects.filter(pk=draft.pk).delete()[0]:
        raise Gone
