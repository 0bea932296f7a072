"""An import as it is shown: the source line by line, and beside each stretch of it the record that it became."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from incidents import page, sentences, timeline
from incidents.models import Action, Cause, Draft, TimelineEntry
from incidents.parts import Open
from incidents.proposals import SINGLE, Band, Proposal, bands
from incidents.records import KIND_OF

BANDS_A_PAGE = 250


@dataclass(frozen=True)
class Shown:
    """A band with its record as rows show it: `kind` is the page's name for it, `record` an unsaved row."""

    band: Band
    kind: str
    record: Any
    row: page.Row | None
    open: Open | None
    out: bool
    corrected: bool
    warnings: list[str]

    @property
    def id(self) -> str:
        return self.band.id

    @property
    def place(self) -> str:
        return self.band.place

    @property
    def edit(self) -> str:
        """The query that opens its form."""
        return urlencode({"edit": self.place})


@dataclass(frozen=True)
class Review:
    draft: Draft
    proposal: Proposal
    opened: dict[str, Open]
    begin: int = 0

    @property
    def here(self) -> str:
        """This page of the review, with nothing open in it."""
        return reverse("incident-review", args=[self.draft.pk]) + self.page

    @property
    def correct(self) -> str:
        """Where a correction goes, so that one comes back here."""
        return reverse("draft-correct", args=[self.draft.pk]) + self.page

    @property
    def page(self) -> str:
        return f"?from={self.begin}"

    @cached_property
    def bands(self) -> list[Band]:
        if self.proposal.document:
            return list(bands(self.proposal.document))
        return list(self.of_our_own())

    def of_our_own(self) -> Iterator[Band]:
        """A file of our own has no lines to show beside its records."""
        for name in KIND_OF:
            for index in range(len(getattr(self.proposal.read, name))):
                yield Band("record", (), f"{name}/{index}", True)

    @property
    def shown(self) -> Iterator[Shown]:
        for band in islice(self.bands, self.begin, self.begin + BANDS_A_PAGE):
            yield self.one(band)

    def one(self, band: Band) -> Shown:
        name = band.place.partition("/")[0]
        kind = KIND_OF.get(name, name if name in SINGLE else "")
        record = self.record(kind, band.place) if band.first and kind else None
        return Shown(
            band=band,
            kind=kind,
            record=record,
            row=page.row(record) if isinstance(record, TimelineEntry) else None,
            open=self.opened.get(band.place) if band.first else None,
            out=band.place in self.proposal.corrections.out,
            corrected=band.place in self.proposal.corrections.fields,
            warnings=[sentences.warning(notice) for notice in band.notices],
        )

    def record(self, kind: str, place: str) -> Any:
        fields = self.proposal.fields(place)
        if kind in SINGLE:
            return {"text": fields["summary"], "pairs": fields["metadata"]}
        if kind == "entry":
            zone = fields["zone"] or self.head["zone"]
            at = timeline.instant(fields["start"], zone)
            return TimelineEntry(**{**fields, "zone": zone, "at": at, "source": TimelineEntry.Source.IMPORTED})
        if kind == "action":
            return Action(**fields)
        return Cause(**fields) if kind == "cause" else fields

    @cached_property
    def head(self) -> dict[str, Any]:
        """What was understood of the header, with what was corrected of it."""
        found: dict[str, Any] = {}
        for place in ("header", "summary", "metadata"):
            found |= self.proposal.fields(place)
        return found

    @property
    def warnings(self) -> list[str]:
        """What is to be said of the whole document, not of one line."""
        document = self.proposal.document
        if document is None:
            return []
        return [sentences.warning(notice) for notice in document.warnings if notice.line is None]

    @property
    def is_none(self) -> bool:
        document = self.proposal.document
        return bool(document and any(notice.code == "not-a-postmortem" for notice in document.warnings))

    @property
    def taken(self) -> list[tuple[int, str]]:
        return [(one["line"], sentences.taken(one["kind"])) for one in self.draft.redacted]

    @property
    def counts(self) -> dict[str, int]:
        return {kind: len(getattr(self.proposal.read, name)) for name, kind in KIND_OF.items()}

    @property
    def later(self) -> int | None:
        return self.begin + BANDS_A_PAGE if self.begin + BANDS_A_PAGE < len(self.bands) else None

    @property
    def earlier(self) -> int | None:
        return max(0, self.begin - BANDS_A_PAGE) if self.begin else None
