"""Documents of many styles are read as a careful person reads them."""

from __future__ import annotations

from pathlib import Path

import pytest

from incidents.reading.read import read
from incidents.reading.values import Document
from tests.reading.expectations import EXPECTED, NO_POSTMORTEM

HERE = Path(__file__).parent.parent / "postmortems"


def document(name: str) -> Document:
    return read((HERE / name).read_bytes(), name)


@pytest.fixture(params=sorted(EXPECTED))
def pair(request):
    return document(request.param), EXPECTED[request.param]


def test_the_header_is_read(pair):
    got, want = pair
    assert got.title == want["title"]
    assert got.language == want["language"]
    assert (got.occurred.start, got.occurred.end) == want["occurred"]
    assert (got.severity.raw, got.severity.level) == want["severity"]
    assert (got.status.raw, got.status.state) == want["status"]
    assert (got.zone.name, got.zone.source) == want["zone"]
    assert [m.label for m in got.metadata] == want["labels"]
    assert want.get("summary", "") in got.summary


def test_the_timeline_is_read_with_its_times_as_written(pair):
    got, want = pair
    rows = [(e.line, e.token, e.start, e.end, e.precision) for e in got.timeline]
    assert rows == [row[:5] for row in want["timeline"]]
    for entry, row in zip(got.timeline, want["timeline"], strict=True):
        assert row[5] in entry.text


def test_the_causes_are_read(pair):
    got, want = pair
    assert [c.line for c in got.causes] == [line for line, _, _ in want["causes"]]
    for cause, (_, title, more) in zip(got.causes, want["causes"], strict=True):
        assert title in cause.title
        assert more.get("text", "") in cause.text
        assert cause.trigger == more.get("trigger", cause.trigger)
        assert cause.kind == more.get("kind", cause.kind)


def test_the_actions_are_read_with_what_they_say_of_themselves(pair):
    got, want = pair
    assert [(a.line, a.status) for a in got.actions] == [(line, status) for line, _, status, _ in want["actions"]]
    for action, (_, text, _, more) in zip(got.actions, want["actions"], strict=True):
        assert text in action.text
        assert {key: getattr(action, key) for key in more} == more


def test_the_lessons_and_references_are_read(pair):
    got, want = pair
    assert [lesson.line for lesson in got.lessons] == want["lessons"]
    assert {(r.kind, r.ref) for r in got.references} == want["references"]


def test_what_is_odd_is_told_and_nothing_else(pair):
    got, want = pair
    assert {n.code for n in got.warnings} == want["codes"]


def test_what_became_no_record_is_kept(pair):
    got, want = pair
    kept = {n for r in got.coverage if r.kind in ("appendix", "summary") for n in range(r.line_from, r.line_to + 1)}
    assert set(want["appendix_lines"]) <= kept


@pytest.mark.parametrize("name", NO_POSTMORTEM)
def test_what_is_no_post_mortem_is_told_so_and_still_read(name):
    got = document(name)
    assert "not-a-postmortem" in {n.code for n in got.warnings}
    assert got.as_json()["coverage"] is not None


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_what_is_one_is_not_told_that_it_is_none(name):
    assert "not-a-postmortem" not in {n.code for n in document(name).warnings}


def test_the_two_samples_tell_the_same_incident():
    english, french = document("sample.en.md"), document("sample.fr.md")
    for name in ("timeline", "causes", "actions", "lessons", "appendix"):
        assert len(getattr(english, name)) == len(getattr(french, name))
    assert [(e.start, e.end, e.precision) for e in english.timeline] == [
        (e.start, e.end, e.precision) for e in french.timeline
    ]
    assert [(a.status, a.priority, a.owner, a.due) for a in english.actions] == [
        (a.status, a.priority, a.owner, a.due) for a in french.actions
    ]
    assert french.language == "fr"
