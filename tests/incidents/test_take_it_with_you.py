"""What is exported can be imported again through the browser, and is the same incident."""

from __future__ import annotations

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from hypothesis import HealthCheck, given, settings

from incidents import actions, page
from incidents.models import Incident
from incidents.report import Report
from incidents.rows import report_from
from people.actors import COMMAND, ENGINE
from tests.incidents.conftest import REAL, real_reports
from tests.incidents.reports import reports

pytestmark = pytest.mark.django_db
LOSSLESS = ["md", "json"]
EVERY = {
    "md": ("text/markdown; charset=utf-8", b"# "),
    "json": ("application/json", b"{"),
    "html": ("text/html; charset=utf-8", b"<!doctype html>"),
    "pdf": ("application/pdf", b"%PDF-"),
}


def bring(client, data: bytes, name: str) -> Incident:
    answer = client.post("/incidents/import/", {"file": SimpleUploadedFile(name, data)})
    assert answer.status_code == 302, answer.content.decode()[-3000:]
    review = client.get(answer.url)
    assert review.status_code == 200
    state = review.context["form"].initial["state"] or "ongoing"
    saved = client.post(answer.url, {"state": state, "again": "on"})
    assert saved.status_code == 302
    return Incident.objects.get(pk=int(saved.url.split("/")[2]))


def export(client, incident: Incident, form: str) -> bytes:
    answer = client.get(f"/incidents/{incident.pk}/export/{form}/")
    assert answer.status_code == 200
    return answer.content


@pytest.mark.skipif(not real_reports(), reason=f"needs the real reports in {REAL}")
@pytest.mark.parametrize("form", LOSSLESS)
@pytest.mark.parametrize("path", real_reports(), ids=lambda path: path.stem)
def test_every_real_report_goes_round(on_call, path, form):
    first = bring(on_call, path.read_bytes(), path.name)
    second = bring(on_call, export(on_call, first, form), f"x.{form}")
    assert report_from(second) == report_from(first)
    assert export(on_call, second, form) == export(on_call, first, form)


@pytest.mark.parametrize("form", LOSSLESS)
def test_any_report_goes_round(on_call, form):
    @settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(reports)
    def goes_round(report: Report):
        made = actions.import_report(report, document_bytes=b"x", name="x.md", by=COMMAND, again=True)
        again = bring(on_call, export(on_call, made, form), f"x.{form}")
        assert known(report_from(again)) == known(report_from(made))

    goes_round()


def known(report: Report) -> Report:
    """A status that the document does not give is what the person said at the import."""
    return (
        report
        if report.status.state != "unknown"
        else report.__class__(**{**vars(report), "status": type(report.status)(report.status.raw, "ongoing")})
    )


@pytest.mark.parametrize("form", LOSSLESS)
def test_an_incident_that_was_lived_through_goes_round(on_call, incident, by, form):
    actions.add_entry(
        incident, by=by, token="~20:30", start="2026-11-05T20:30", precision="approximate", text="**a**\n- b"
    )
    actions.add_entry(incident, by=by, token="whenever", precision="none", text="c")
    actions.note_evidence(incident, ref="run:12/3", at=timezone.now(), facts={"code": "act.done", "run": 12}, by=ENGINE)
    actions.add_cause(incident, by=by, kind="contributing", title="", text="d", trigger=True)
    done = actions.add_action(incident, by=by, text="e", references=["#1"], owner="Bob", horizon="Soon")
    actions.mark_action(done, "done", by=by)
    actions.add_lesson(incident, by=by, text="f")
    actions.move_incident(incident, "resolved", by=by)
    actions.move_incident(incident, "closed", by=by)
    again = bring(on_call, export(on_call, incident, form), f"x.{form}")
    assert report_from(again) == report_from(incident)
    assert again.state == "closed"


def test_evidence_that_a_file_brings_is_not_what_was_seen_here(on_call, incident):
    """It says so, leads to no run of ours, and what is seen here under the same name stands beside it."""
    facts = {"code": "act.done", "run": 12}
    actions.note_evidence(incident, ref="run:12/3", at=timezone.now(), facts=facts, by=ENGINE)
    again = bring(on_call, export(on_call, incident, "json"), "x.json")
    seen = actions.note_evidence(again, ref="run:12/3", at=timezone.now(), facts=facts, by=ENGINE)
    shown = {row.entry.told: row for row in page.rows(again.timelineentry_set.exclude(evidence=""))}
    assert (shown[True].by, shown[True].href) == ("Evidence, as its document says", "")
    assert (shown[False].by, shown[False].href) == ("Evidence", "/runs/12/")
    assert shown[False].entry == seen
    twice = bring(on_call, export(on_call, again, "json"), "y.json")
    assert twice.timelineentry_set.filter(told=True).count() == 2


def test_when_it_was_resolved_is_known_from_the_last_thing_that_happened(on_call, incident, by):
    for clock in ("20:46", "23:10"):
        actions.add_entry(incident, by=by, token=clock, start=f"2026-11-05T{clock}", precision="exact", text="x")
    actions.move_incident(incident, "resolved", by=by)
    again = bring(on_call, export(on_call, incident, "md"), "x.md")
    assert again.resolved == incident.timelineentry_set.last().at
    actions.move_incident(incident, "ongoing", by=by)
    assert bring(on_call, export(on_call, incident, "md"), "y.md").resolved is None


@pytest.mark.parametrize("form", EVERY)
def test_each_form_is_a_file_to_be_saved(looking, incident, form):
    answer = looking.get(f"/incidents/{incident.pk}/export/{form}/")
    kind, begins = EVERY[form]
    assert answer.status_code == 200
    assert answer["Content-Type"] == kind
    name = f"2026-11-05-the-photo-library-opened-on-an-empty-database.{form}"
    assert answer["Content-Disposition"] == f'attachment; filename="{name}"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer.content.startswith(begins)


def test_a_form_that_there_is_not_is_not_found(looking, incident):
    assert looking.get(f"/incidents/{incident.pk}/export/docx/").status_code == 404
    assert looking.get("/incidents/999999/export/md/").status_code == 404


def test_it_is_written_in_its_own_language_whoever_reads(looking, by):
    made = actions.open_incident("Base vide", by=by, language="fr", summary="x")
    looking.cookies["language"] = "en"
    assert "## Résumé" in export(looking, made, "md").decode()


BAD = {
    "no report": (b'{"a": 1}', "x.json", "schema"),
    "cut short": (b'{"schema": "aftermath/report/1", "title": ', "x.json", "is none"),
    "a field too many": (
        b'{"schema": "aftermath/report/1", "title": "x", "language": "en", "x": 1}', "x.json", "would be lost",
    ),
    "of another shape": (
        b'{"schema": "aftermath/report/1", "title": 3, "language": "en"}', "x.json", "as one is exported",
    ),
    "a day that is none": (
        b'{"schema": "aftermath/report/1", "title": "x", "language": "en", "occurred": {"start": "soon", "end": null}}',
        "x.json",
        "occurred",
    ),
    "a character that is none": (
        b'{"schema": "aftermath/report/1", "title": "x\\u0000", "language": "en"}', "x.json", "title",
    ),
    "deep": (b"[" * 100_000, "x.json", "is none"),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_json_that_is_no_incident_is_refused_in_a_sentence(on_call, what):
    data, name, said = BAD[what]
    answer = on_call.post("/incidents/import/", {"file": SimpleUploadedFile(name, data)})
    assert answer.status_code == 422
    assert said in answer.content.decode()


def test_a_secret_in_a_json_file_goes_and_its_times_stay(on_call):
    told = {
        "schema": "aftermath/report/1",
        "title": "x",
        "language": "en",
        "summary": "password=hunter2",
        "timeline": [
            {"token": "16:35:xx", "start": None, "end": None, "precision": "none", "day_offset_written": None,
             "text": "x", "line": 0, "zone": None, "source": "imported", "evidence": "",
             "facts": {"password": "hunter22"}, "written_by": ""}
        ],
    }  # fmt: skip
    incident = bring(on_call, json.dumps(told).encode(), "x.json")
    assert incident.summary == "password=[redacted]"
    entry = incident.timelineentry_set.get()
    assert (entry.token, entry.facts) == ("16:35:xx", {"password": "[redacted]"})
    assert b"hunter2" not in bytes(incident.documents.get().data)
