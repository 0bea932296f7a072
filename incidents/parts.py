"""
The parts of an incident's page, each a list of records of one kind, with at most one form open in it.

A part is what htmx swaps, and what the whole page is made of: without JavaScript too, a form opens in its place.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice
from typing import Any

from django.db import models
from django.utils.translation import gettext_lazy

from incidents import forms, page
from incidents.models import Action, Appendix, Cause, Incident, Lesson, Record, Reference, TimelineEntry

ENTRIES_A_PAGE = 300


@dataclass(frozen=True)
class Kind:
    """A kind of record: its model and form, and what its part is called."""

    name: str
    model: type[Record]
    form: type[forms.RecordForm]
    title: Any
    add: Any


KINDS = {
    kind.name: kind
    for kind in (
        Kind("entry", TimelineEntry, forms.EntryForm, gettext_lazy("Timeline"), gettext_lazy("Add to the timeline")),
        Kind("cause", Cause, forms.CauseForm, gettext_lazy("Causes"), gettext_lazy("Add a cause")),
        Kind("action", Action, forms.ActionForm, gettext_lazy("Actions"), gettext_lazy("Add an action")),
        Kind("lesson", Lesson, forms.LessonForm, gettext_lazy("Lessons"), gettext_lazy("Add a lesson")),
        Kind("reference", Reference, forms.ReferenceForm, gettext_lazy("References"), gettext_lazy("Add a reference")),
        Kind("appendix", Appendix, forms.AppendixForm, gettext_lazy("Appendix"), gettext_lazy("Add to the appendix")),
    )
}
SINGLES: dict[str, type[forms.RecordForm]] = {
    "header": forms.HeaderForm,
    "summary": forms.SummaryForm,
    "metadata": forms.MetadataForm,
}


@dataclass
class Open:
    """A form that is open: on a record (`pk`), on a new one (`pk` None), and what stands where somebody was faster."""

    form: forms.RecordForm
    seen: int = 0
    pk: int | None = None
    standing: list[tuple[str, Any]] = field(default_factory=list)


@dataclass
class Part:
    kind: Kind
    incident: Incident
    may_write: bool
    open: Open | None = None
    show: str = ""
    begin: int = 0

    @property
    def id(self) -> str:
        return f"part-{self.kind.name}"

    @property
    def template(self) -> str:
        return f"incidents/_{self.kind.name}_part.html"

    @cached_property
    def all(self) -> list[Any]:
        return list(self.kind.model._default_manager.filter(incident=self.incident))

    @cached_property
    def records(self) -> list[Any]:
        return [one for one in self.all if one.removed is None]

    @cached_property
    def gone(self) -> list[Any]:
        """What was taken out and may be put back; for those who may."""
        return [one for one in self.all if one.removed is not None] if self.may_write else []

    @property
    def adding(self) -> bool:
        return self.open is not None and self.open.pk is None

    @property
    def editing(self) -> int | None:
        return self.open.pk if self.open else None

    @property
    def is_shown(self) -> bool:
        return bool(self.records or self.gone or self.open)

    # The timeline alone:

    @cached_property
    def chosen(self) -> list[TimelineEntry]:
        evidence = TimelineEntry.Source.EVIDENCE
        if self.show == "evidence":
            return [entry for entry in self.records if entry.source == evidence]
        if self.show == "people":
            return [entry for entry in self.records if entry.source != evidence]
        return self.records

    @property
    def shown(self) -> Iterator[page.Row]:
        before = self.chosen[self.begin - 1] if self.begin else None
        rows = islice(self.chosen, self.begin, self.begin + ENTRIES_A_PAGE)
        return page.rows(rows, page.shown_day(before) if before else None)

    @property
    def later(self) -> int | None:
        return self.begin + ENTRIES_A_PAGE if self.begin + ENTRIES_A_PAGE < len(self.chosen) else None

    @property
    def earlier(self) -> int | None:
        return max(0, self.begin - ENTRIES_A_PAGE) if self.begin else None

    @cached_property
    def by_engines(self) -> int:
        return sum(entry.source == TimelineEntry.Source.EVIDENCE for entry in self.records)

    @property
    def by_people(self) -> int:
        return len(self.records) - self.by_engines

    # The actions alone:

    @cached_property
    def kept(self) -> int:
        return sum(action.state == Action.State.DONE for action in self.records)


def form_for(
    kind: Kind, incident: Incident, record: models.Model | None, data: Any = None, previous: str = ""
) -> forms.RecordForm:
    """The form of one kind of record, filled with what stands."""
    initial = {name: getattr(record, name) for name in kind.form.base_fields} if record else None
    auto_id = f"{kind.name}-{record.pk if record else 'new'}-%s"
    if kind.name != "entry":
        return kind.form(data, initial=initial, auto_id=auto_id)
    if initial and getattr(record, "zone_source", "") != "row":
        initial["zone"] = ""
    days, language = (incident.occurred_start, incident.occurred_end), incident.language
    return forms.EntryForm(data, initial=initial, auto_id=auto_id, language=language, days=days, previous=previous)
