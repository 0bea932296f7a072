"""A report as JSON reads back as the same report; anything else is refused with a sentence."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.reading.read import read
from incidents.report import report_of
from incidents.writing.json import LIMIT, NotAReport, from_json, to_json
from tests.writing.reports import REPORTS

HERE = Path(__file__).parent.parent / "postmortems"
SHARED = Path(__file__).parents[2] / ".." / "shared" / "postmortems"
THEIRS = sorted(SHARED.glob("*.md"))
SAMPLE = report_of(read((HERE / "sample.en.md").read_bytes()))


@settings(max_examples=150, deadline=None)
@given(REPORTS)
def test_any_report_reads_back_as_itself(report):
    assert from_json(to_json(report).encode()) == report


@pytest.mark.parametrize("path", sorted(HERE.glob("*.md")), ids=lambda p: p.name)
def test_our_documents_read_back_as_themselves(path):
    report = report_of(read(path.read_bytes(), path.name))
    assert from_json(to_json(report).encode()) == report


@pytest.mark.skipif(not THEIRS, reason="no reports in ../shared/postmortems: put them there to export them too")
@pytest.mark.parametrize("path", THEIRS, ids=lambda p: p.name)
def test_the_written_reports_read_back_as_themselves(path):
    report = report_of(read(path.read_bytes(), path.name))
    assert from_json(to_json(report).encode()) == report


def changed(**changes) -> bytes:
    return json.dumps({**json.loads(to_json(SAMPLE)), **changes}).encode()


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "not-json"),
        (b"PK\x03\x04\xff", "not-json"),
        (b"[" * 100_000, "not-json"),
        (b"[]", "schema"),
        (b"{}", "schema"),
        (changed(schema="aftermath/report/2"), "schema"),
        (changed(colour="red"), "unknown-field"),
        (changed(title=7), "wrong-shape"),
        (changed(timeline=[{"token": 1}]), "wrong-shape"),
        (changed(severity={"raw": "x", "level": "S9"}), "wrong-value"),
        (changed(occurred={"start": "2026-02-30"}), "wrong-value"),
        (changed(lessons=[{"text": "x", "line": 0, "moral": "y"}]), "unknown-field"),
        (b'"' + b"x" * LIMIT + b'"', "too-big"),
    ],
)
def test_what_is_no_report_is_refused_with_a_sentence(data, code):
    with pytest.raises(NotAReport) as refused:
        from_json(data)
    assert refused.value.code == code
    assert str(refused.value).endswith(".")


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data):
    with pytest.raises(NotAReport):
        from_json(data)


def test_a_field_that_is_missing_is_empty_as_in_a_new_report():
    report = from_json(b'{"schema": "aftermath/report/1", "title": "x", "language": "en"}')
    assert (report.title, report.timeline, report.severity.level) == ("x", (), None)
