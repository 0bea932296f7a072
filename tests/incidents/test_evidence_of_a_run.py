"""What an engine did stands in the timeline, once, at its instant, and is said in the reader's language."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.utils import translation

from incidents import actions, evidence, page
from incidents.models import TimelineEntry
from people.actors import ENGINE

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 6, 1, 35, 7, 250_000, tzinfo=UTC)


@pytest.fixture
def spoken(monkeypatch):
    def say(facts):
        return {"en": "Snapshot kept", "fr": "Instantané gardé"}[translation.get_language()] + f" {facts['n']}"

    monkeypatch.setitem(evidence.TONGUES, "test", say)


def note(incident, ref="test:1/1", **facts):
    return actions.note_evidence(incident, ref=ref, at=AT, facts={"code": "snapshot", "n": 1, **facts}, by=ENGINE)


def test_said_twice_it_is_there_once(incident):
    assert note(incident).pk == note(incident, n=2).pk
    assert TimelineEntry.objects.count() == 1


def test_the_same_reference_may_stand_in_another_incident(incident, by):
    other = actions.open_incident("another", by=by)
    assert note(incident).pk != note(other).pk


def test_it_is_written_in_the_incidents_zone_and_is_the_same_instant(incident):
    entry = note(incident)
    assert (entry.start, entry.zone, entry.zone_source) == ("2026-11-06T02:35:07", "Europe/Paris", "stated")
    assert entry.at == AT.replace(microsecond=0)


@pytest.mark.parametrize("zone", ["", "IST", "nowhere"])
def test_it_is_written_in_utc_where_the_incidents_zone_says_nothing(by, zone):
    entry = note(actions.open_incident("x", by=by, zone=zone))
    assert (entry.start, entry.zone, entry.zone_source) == ("2026-11-06T01:35:07", "UTC", "row")
    assert entry.token == "2026-11-06 01:35:07 UTC"


def test_in_the_hour_that_comes_twice_it_is_written_in_utc(incident):
    twice = datetime(2026, 10, 25, 0, 30, tzinfo=UTC)  # 02:30 in Paris, for the first time
    entry = actions.note_evidence(incident, ref="test:2/1", at=twice, facts={"code": "x"}, by=ENGINE)
    assert (entry.start, entry.zone) == ("2026-10-25T00:30:00", "UTC")


def test_it_stands_between_what_was_before_and_after(incident, by):
    for start in ("2026-11-05T20:46", "2026-11-06T05:18"):
        actions.add_entry(incident, by=by, token=start[11:], start=start, precision="exact", text=start)
    note(incident)
    assert [bool(entry.evidence) for entry in TimelineEntry.objects.all()] == [False, True, False]


def test_it_is_said_in_the_language_of_whoever_reads(incident, spoken):
    entry = note(incident)
    assert entry.text == ""
    with translation.override("fr"):
        assert page.said(entry) == "Instantané gardé 1"
    with translation.override("en"):
        assert page.said(entry) == "Snapshot kept 1"


def test_facts_that_nobody_can_say_are_still_readable(incident):
    assert page.said(note(incident, ref="other:1")) == "snapshot n: 1"


def test_evidence_is_neither_edited_nor_taken_out(incident, by):
    entry = note(incident)
    with pytest.raises(actions.Refused):
        actions.edit(entry, {"text": "it was otherwise"}, seen=entry.version, by=by)
    with pytest.raises(actions.Refused):
        actions.remove(entry, by=by)


def test_a_secret_in_the_facts_is_taken_out(incident):
    entry = note(incident, error="https://bob:s3cret@host refused")
    assert entry.facts["error"] == "https://bob:[redacted]@host refused"
