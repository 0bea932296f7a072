"""
What people write into an incident, and what the engine saw of it. Each change and its trail entry are one transaction.

Texts lose their secrets on the way in (see `redaction`). Nothing that a person wrote is deleted: a record that is
taken out keeps its row, its words are in the trail, and it can be put back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any, TypeVar

from django.db import IntegrityError, models, transaction
from django.db.models import F, Max
from django.utils.timezone import now

from audit.models import record
from audit.moves import move
from incidents import closing, redaction, rows, timeline
from incidents.models import Action, Appendix, Cause, Incident, Lesson, Record, Reference, TimelineEntry
from incidents.records import head_of
from incidents.report import Report
from incidents.rows import began, ended
from incidents.uploads import safe_name
from people.actors import Actor

R = TypeVar("R", bound=Record)
Written = Incident | Record

# Which fields people may change, and so which there are to give when a record is added.
FIELDS: dict[type[models.Model], tuple[str, ...]] = {
    Incident: (
        "title",
        "summary",
        "severity",
        "severity_raw",
        "occurred_start",
        "occurred_end",
        "zone",
        "zone_source",
        "language",
        "metadata",
    ),
    TimelineEntry: ("token", "start", "end", "precision", "day_offset", "zone", "zone_source", "text"),
    Cause: ("kind", "title", "text", "trigger"),
    Action: ("text", "kind", "owner", "due", "due_raw", "priority", "horizon", "references", "fields"),
    Lesson: ("text",),
    Reference: ("kind", "ref"),
    Appendix: ("heading", "text"),
}
NAMES: dict[type[models.Model], str] = {
    TimelineEntry: "entry",
    Cause: "cause",
    Action: "action",
    Lesson: "lesson",
    Reference: "reference",
    Appendix: "appendix",
}


class Overtaken(Exception):
    """Somebody else saved first, or took the record out. `now` is what stands; nothing was written."""

    def __init__(self, standing: Written) -> None:
        super().__init__(f"{standing} was changed by somebody else.")
        self.now = standing


class Refused(Exception):
    """It may not be done; `code` is one of `incidents.sentences.REFUSALS`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class NotClosable(Exception):
    """All reasons why the incident cannot be closed."""

    def __init__(self, reasons: list[closing.Reason]) -> None:
        super().__init__(", ".join(reason.code for reason in reasons))
        self.reasons = reasons


def open_incident(title: str, *, by: Actor, **fields: Any) -> Incident:
    """A new incident, ongoing. `fields` are those of `FIELDS[Incident]`."""
    values = clean(Incident, {"title": title, **fields})
    with transaction.atomic():
        incident = Incident.objects.create(**values)
        record("incident.opened", incident, by=by, title=incident.title)
    return incident


def import_report(
    report: Report,
    *,
    document_bytes: bytes,
    name: str,
    by: Actor,
    sample: bool = False,
    again: bool = False,
    state: str = "",
    redacted: Sequence[Any] = (),
) -> Incident:
    """
    An incident of a report that was read from a document, which is kept beside it.

    The same bytes are imported once: asked for them twice it returns the incident that there is, unless `again`.
    `state` is ours, where a person says it; else it is the report's, and one that says none is ongoing. `redacted`
    says what was taken out of the bytes before they came here; what is left of secrets in them goes now.
    """
    data, found = redaction.redacted(document_bytes)
    digest = hashlib.sha256(data).hexdigest()
    known = Incident.objects.filter(documents__sha256=digest).order_by("pk").first()
    if known and not again:
        return known
    head = redaction.of_values(head_of(report)) | ({"state": state} if state else {})
    kept = [*redacted, *(asdict(one) for one in found)]
    with transaction.atomic():
        resolved = None if head["state"] == Incident.State.ONGOING else ended(report)
        incident = Incident.objects.create(**head, opened=began(report), resolved=resolved, sample=sample)
        rows.write(report, incident, clean=redaction.of_values if found else None)
        incident.documents.create(name=safe_name(name), data=data, sha256=digest, redacted=kept, added_by=by.name)
        counts = {name: len(getattr(report, name)) for name in rows.MODELS}
        record("incident.imported", incident, by=by, title=incident.title, document=name, sha256=digest, counts=counts)
    return incident


def edit(written: Written, changes: Mapping[str, Any], *, seen: int, by: Actor) -> list[str]:
    """
    Change fields of a record, or of the incident itself, and return the names of those that are new.

    `seen` is the version that the person looked at. Raises Overtaken when it is no longer the one that stands.
    """
    if isinstance(written, TimelineEntry) and written.source == TimelineEntry.Source.EVIDENCE:
        raise Refused("evidence-stays")
    kind = type(written)
    if isinstance(written, TimelineEntry):
        changes = with_zone(changes, written.incident)
    told = {name: value for name, value in clean(kind, changes).items() if getattr(written, name) != value}
    if not told:
        return []
    was = {name: getattr(written, name) for name in told}
    derived = instants(written, told) if isinstance(written, TimelineEntry) else {}
    with transaction.atomic():
        here: models.QuerySet[Any] = kind._default_manager.filter(pk=written.pk, version=seen)
        if isinstance(written, Record):
            here = here.filter(removed=None)
        if here.update(version=F("version") + 1, **told, **derived) != 1:
            raise Overtaken(kind._default_manager.get(pk=written.pk))
        if isinstance(written, Incident) and "zone" in told:
            rezone(written.pk, told["zone"], changes.get("zone_source", "stated"))
        record(f"{name_of(written)}.edited", incident_of(written), by=by, was=was, now=told, **pointer(written))
    written.version = seen + 1
    for name, value in {**told, **derived}.items():
        setattr(written, name, value)
    return list(told)


def add(kind: type[R], incident: Incident, /, *, by: Actor, **fields: Any) -> R:
    """A new record. A timeline entry stands where its time belongs, everything else at the end."""
    values = clean(kind, with_zone(fields, incident) if kind is TimelineEntry else fields)
    with transaction.atomic():
        if kind is TimelineEntry:
            made: Any = new_entry(incident, by, values)
        else:
            made = kind(incident=incident, position=end_of(kind, incident), **values)
        made.save(force_insert=True)
        record(f"{NAMES[kind]}.added", incident, by=by, now=values, **pointer(made))
    return made  # type: ignore[no-any-return]


def add_entry(incident: Incident, *, by: Actor, **fields: Any) -> TimelineEntry:
    return add(TimelineEntry, incident, by=by, **fields)


def add_cause(incident: Incident, *, by: Actor, **fields: Any) -> Cause:
    return add(Cause, incident, by=by, **fields)


def add_action(incident: Incident, *, by: Actor, **fields: Any) -> Action:
    return add(Action, incident, by=by, **fields)


def add_lesson(incident: Incident, *, by: Actor, **fields: Any) -> Lesson:
    return add(Lesson, incident, by=by, **fields)


def remove(written: Record, *, by: Actor) -> None:
    """Take a record out of its incident. Its row stays, and the trail holds its words. Raises Overtaken when gone."""
    if isinstance(written, TimelineEntry) and written.source == TimelineEntry.Source.EVIDENCE:
        raise Refused("evidence-stays")
    at, kind = now(), type(written)
    with transaction.atomic():
        here = kind._default_manager.filter(pk=written.pk, removed=None)
        if here.update(removed=at, removed_by=by.name, version=F("version") + 1) != 1:
            raise Overtaken(kind._default_manager.get(pk=written.pk))
        was = {name: getattr(written, name) for name in FIELDS[kind]}
        record(f"{name_of(written)}.removed", written.incident, by=by, was=was, **pointer(written))
    written.removed, written.removed_by, written.version = at, by.name, written.version + 1


def put_back(written: Record, *, by: Actor) -> None:
    """The other way: the record stands again where it stood."""
    kind = type(written)
    with transaction.atomic():
        here = kind._default_manager.filter(pk=written.pk).exclude(removed=None)
        if here.update(removed=None, removed_by="", version=F("version") + 1) != 1:
            raise Overtaken(kind._default_manager.get(pk=written.pk))
        record(f"{name_of(written)}.put-back", written.incident, by=by, **pointer(written))
    written.removed, written.removed_by, written.version = None, "", written.version + 1


def mark_action(action: Action, to: str, *, by: Actor) -> None:
    """
    What people declare of an action. The word that the document had for its state no longer stands then; the trail
    keeps it. Raises IllegalMove or LostRace.
    """
    facts = {"text": action.text, **pointer(action)}
    if action.status_raw:
        facts["status_raw"] = action.status_raw
    move(action, to, by=by, where={"removed": None}, facts=facts, under=action.incident, status_raw="")


def move_incident(incident: Incident, to: str, *, by: Actor) -> None:
    """Resolve, close or reopen. Raises NotClosable with every reason, IllegalMove or LostRace."""
    if to == Incident.State.CLOSED and (found := list(closing.reasons(standing(incident)))):
        raise NotClosable(found)
    resolved = {"ongoing": None, "resolved": now(), "closed": incident.resolved}.get(to)
    facts = {"status_raw": incident.status_raw} if incident.status_raw else {}
    move(incident, to, by=by, facts=facts, resolved=resolved, status_raw="", status_read="")


def standing(incident: Incident) -> closing.Standing:
    return closing.Standing(
        state=incident.state,
        severity=incident.severity,
        summary=incident.summary,
        entries=TimelineEntry.objects.here().filter(incident=incident).count(),
        causes=Cause.objects.here().filter(incident=incident).count(),
        owed=Action.objects.here().filter(incident=incident, state__in=["open", "in_progress"]).count(),
    )


def note_evidence(incident: Incident, *, ref: str, at: datetime, facts: Mapping[str, Any], by: Actor) -> TimelineEntry:
    """
    An entry of what was seen or done, made of facts. `ref`, such as `run:12/3`, is unique in its incident: said twice,
    it is there once. Called in the transaction of the deed, which writes the trail entry.
    """
    known: models.QuerySet[TimelineEntry] = TimelineEntry.objects.filter(incident=incident, evidence=ref, told=False)
    if found := known.first():
        return found
    start, zone, source = written_down(at, incident)
    entry = new_entry(
        incident,
        by,
        {
            "token": f"{start.replace('T', ' ')} {zone}".strip(),
            "start": start,
            "precision": "exact",
            "zone": zone or incident.zone,
            "zone_source": source,
            "facts": redaction.of_values(dict(facts)),
            "evidence": ref,
            "source": TimelineEntry.Source.EVIDENCE,
        },
        at=at.replace(microsecond=0),
    )
    try:
        with transaction.atomic():
            entry.save(force_insert=True)
    except IntegrityError:  # another worker said it at the same moment
        return known.get()
    return entry


# --- How it is done ---------------------------------------------------------------------------------------------------


def written_down(at: datetime, incident: Incident) -> tuple[str, str, str]:
    """
    An instant as local text, the zone to write beside it, and that zone's source: in the incident's own zone, which
    need not be repeated, where that says which instant it was; else in UTC.
    """
    place = timeline.place_of(incident.zone)
    if place is not None:
        start = at.astimezone(place).strftime("%Y-%m-%dT%H:%M:%S")
        if timeline.instant(start, incident.zone) == at.replace(microsecond=0):
            return start, "", incident.zone_source
    utc = timeline.place_of("UTC")
    return at.astimezone(utc).strftime("%Y-%m-%dT%H:%M:%S"), "UTC", "row"


def new_entry(incident: Incident, by: Actor, values: Mapping[str, Any], at: datetime | None = None) -> TimelineEntry:
    """Not saved yet, but with room made for it where its time belongs."""
    entry = TimelineEntry(incident=incident, written_by=by.name, **values)
    if "zone" not in values:
        entry.zone, entry.zone_source = incident.zone, incident.zone_source
    entry.at = at or timeline.instant(entry.start, entry.zone)
    stand = list(TimelineEntry.objects.filter(incident=incident).values_list("at", "start", "position"))
    index = timeline.place([(other, local) for other, local, _ in stand], entry.at, entry.start)
    entry.position = stand[index][2] if index < len(stand) else (stand[-1][2] + 1 if stand else 0)
    later = TimelineEntry.objects.filter(incident=incident, position__gte=entry.position)
    if index < len(stand):
        later.update(position=F("position") + 1)
    return entry


def rezone(incident: int, zone: str, source: str) -> None:
    """Entries that name no zone of their own go with their incident's; what instants they are may change."""
    inherited = list(TimelineEntry.objects.filter(incident=incident).exclude(zone_source="row"))
    for entry in inherited:
        entry.zone, entry.zone_source, entry.at = zone, source, timeline.instant(entry.start, zone)
    TimelineEntry.objects.bulk_update(inherited, ["zone", "zone_source", "at"], batch_size=200)


def with_zone(fields: Mapping[str, Any], incident: Incident) -> Mapping[str, Any]:
    """An entry that names a zone has it of its own; one that names none has its incident's."""
    if "zone" not in fields or "zone_source" in fields:
        return fields
    if fields["zone"]:
        return {**fields, "zone_source": "row"}
    return {**fields, "zone": incident.zone, "zone_source": incident.zone_source}


def instants(entry: TimelineEntry, changes: Mapping[str, Any]) -> dict[str, Any]:
    start, zone = changes.get("start", entry.start), changes.get("zone", entry.zone)
    return {"at": timeline.instant(start, zone)}


def end_of(kind: type[Record], incident: Incident) -> int:
    last = kind._default_manager.filter(incident=incident).aggregate(last=Max("position"))["last"]
    return 0 if last is None else last + 1


def clean(kind: type[models.Model], fields: Mapping[str, Any]) -> dict[str, Any]:
    """Without secrets. Raises TypeError for a field that is not there to be written."""
    if strange := set(fields) - set(FIELDS[kind]):
        raise TypeError(f"{kind.__name__} has no {', '.join(sorted(strange))} to write.")
    return {name: redaction.of_values(value) for name, value in fields.items()}


def name_of(written: Written) -> str:
    return "incident" if isinstance(written, Incident) else NAMES[type(written)]


def incident_of(written: Written) -> Incident:
    return written if isinstance(written, Incident) else written.incident


def pointer(written: Written) -> dict[str, Any]:
    """Which record of the incident a trail entry is about."""
    return {} if isinstance(written, Incident) else {"record": f"{name_of(written)}:{written.pk}"}
