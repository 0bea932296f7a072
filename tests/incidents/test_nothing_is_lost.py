"""A report that became rows is the same report again, whatever it says."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.db import transaction
from django.utils import timezone, translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from incidents import actions, evidence
from incidents.holding import refuse_unholdable
from incidents.models import Incident
from incidents.reading.read import read
from incidents.reading.values import Appendix, Occurred, Severity, Status, Unreadable
from incidents.report import Report, Told, report_of
from incidents.rows import report_from
from people.actors import COMMAND, ENGINE
from tests.incidents.conftest import REAL, real_reports
from tests.incidents.reports import reports

pytestmark = pytest.mark.django_db
MANY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


class Undo(Exception):
    pass


def through_the_database(report: Report, data: bytes = b"x") -> Report:
    """Imported and read back; the database is as it was afterwards."""
    found: list[Report] = []
    try:
        with transaction.atomic():
            made = actions.import_report(report, document_bytes=data, name="x.md", by=COMMAND, again=True)
            found.append(report_from(Incident.objects.get(pk=made.pk)))
            raise Undo
    except Undo:
        return found[0]


@MANY
@given(reports)
def test_any_report_comes_back_from_the_database_as_it_went(report):
    refuse_unholdable(report)
    assert through_the_database(report) == report


@pytest.mark.skipif(not real_reports(), reason=f"needs the real reports in {REAL}")
@pytest.mark.parametrize("path", real_reports(), ids=lambda path: path.stem)
def test_every_real_report_comes_back_as_it_was_read(path):
    data = path.read_bytes()
    report = report_of(read(data, path.name))
    refuse_unholdable(report)
    assert through_the_database(report, data) == report


def test_a_state_that_people_moved_is_the_one_that_is_told(by):
    report = Report("x", "fr", status=Status("enquête en cours", "investigating"))
    made = actions.import_report(report, document_bytes=b"x", name="x.md", by=by)
    assert report_from(made).status == report.status
    actions.move_incident(made, "resolved", by=by)
    assert report_from(made).status == Status(None, "resolved")
    actions.move_incident(made, "ongoing", by=by)
    assert report_from(made).status == Status(None, "ongoing")


def test_what_a_person_says_at_the_import_counts_more_than_the_document(by):
    report = Report("x", "en", status=Status(None, "unknown"))
    made = actions.import_report(report, document_bytes=b"x", name="x.md", by=by, state="resolved")
    assert report_from(made).status == Status(None, "resolved")


def test_what_was_taken_out_is_not_told(by):
    report = Report("x", "en", appendix=(Appendix("a", 0, 0, "b"), Appendix("c", 0, 0, "d")))
    made = actions.import_report(report, document_bytes=b"x", name="x.md", by=by)
    actions.remove(made.appendix_set.first(), by=by)
    assert report_from(made).appendix == report.appendix[1:]


def test_evidence_is_told_in_the_language_of_the_document(by, monkeypatch):
    monkeypatch.setitem(evidence.TONGUES, "test", lambda facts: f"dit en {translation.get_language()}")
    made = actions.import_report(Report("x", "fr"), document_bytes=b"x", name="x.md", by=by)
    actions.note_evidence(made, ref="test:1/1", at=timezone.now(), facts={"code": "x"}, by=ENGINE)
    with translation.override("en"):
        told = report_from(made).timeline[0]
    assert (told.text, told.source, told.evidence, told.facts) == ("dit en fr", "evidence", "test:1/1", {"code": "x"})
    again = actions.import_report(report_from(made), document_bytes=b"y", name="y.md", by=by)
    assert report_from(again).timeline == report_from(made).timeline


def test_the_same_bytes_are_imported_once_unless_asked(by):
    report = Report("x", "en")
    first = actions.import_report(report, document_bytes=b"same", name="x.md", by=by)
    assert actions.import_report(report, document_bytes=b"same", name="y.md", by=by) == first
    assert actions.import_report(report, document_bytes=b"same", name="y.md", by=by, again=True) != first


def test_secrets_in_bytes_that_a_command_brings_go_from_the_records_too(by):
    report = Report("x", "en", summary="password=hunter2")
    made = actions.import_report(report, document_bytes=b"password=hunter2", name="x.md", by=by)
    assert made.summary == "password=[redacted]"
    assert bytes(made.documents.get().data) == b"password=[redacted]"
    assert made.documents.get().redacted == [{"kind": "password", "line": 1}]


BAD = {
    "a day that is none": Report("x", "en", occurred=Occurred("soon")),
    "an end without a start": Report("x", "en", occurred=Occurred(None, "2026-01-01")),
    "a level that is none": Report("x", "en", severity=Severity("x", "S9")),
    "a state that is none": Report("x", "en", status=Status("x", "lost")),
    "a character that is none": Report("x\0", "en"),
    "half a character": Report("\ud800", "en"),
    "a time with an offset": Report(
        "x", "en", timeline=(Told("x", "2026-01-01T10:00+01:00", None, "exact", None, "x", 0),)
    ),
}


@pytest.mark.parametrize("what", BAD)
def test_what_no_row_can_hold_is_refused_with_its_place(what):
    with pytest.raises(Unreadable) as told:
        refuse_unholdable(BAD[what])
    assert told.value.params["where"]


@given(reports, st.sampled_from(["title", "summary"]))
@settings(max_examples=20, deadline=None)
def test_a_bad_character_is_found_wherever_it_stands(report, name):
    with pytest.raises(Unreadable):
        refuse_unholdable(replace(report, **{name: "a\0b"}))
