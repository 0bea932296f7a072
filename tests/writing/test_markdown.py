"""A report as Markdown reads back as the same report, and as whatever a person makes of it."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.reading.read import read
from incidents.report import Report, report_of
from incidents.writing.markdown import markdown
from tests.reading.test_nothing_is_lost import LINES, assert_kept
from tests.writing.reports import REPORTS

HERE = Path(__file__).parent.parent / "postmortems"
SHARED = Path(__file__).parents[2] / ".." / "shared" / "postmortems"
OURS = sorted(HERE.glob("*.md"))
THEIRS = sorted(SHARED.glob("*.md"))


def back(text: str) -> Report:
    return report_of(read(text.encode(), "export.md"))


@settings(max_examples=150, deadline=None)
@given(REPORTS)
def test_any_report_reads_back_as_itself(report):
    assert back(markdown(report)) == report


@settings(max_examples=100, deadline=None)
@given(st.lists(LINES, max_size=30))
def test_whatever_was_read_of_any_lines_reads_back_as_itself(lines):
    report = report_of(read("\n".join(lines).encode(), "x.md"))
    assert back(markdown(report)) == report


@pytest.mark.parametrize("path", OURS, ids=lambda p: p.name)
def test_our_documents_read_back_as_themselves(path):
    report = report_of(read(path.read_bytes(), path.name))
    assert back(markdown(report)) == report


@pytest.mark.skipif(not THEIRS, reason="no reports in ../shared/postmortems: put them there to export them too")
@pytest.mark.parametrize("path", THEIRS, ids=lambda p: p.name)
def test_the_written_reports_read_back_as_themselves(path):
    report = report_of(read(path.read_bytes(), path.name))
    text = markdown(report)
    assert back(text) == report
    assert markdown(back(text)) == text


@pytest.fixture
def french() -> str:
    name = "sample.fr.md"
    return markdown(report_of(read((HERE / name).read_bytes(), name)))


def test_the_export_has_the_structure_of_a_report_in_its_own_language(french):
    headings = [line for line in french.split("\n") if line.startswith("#")]
    assert headings[0].startswith("# Post-mortem\u00a0: Home Assistant est reparti vide")
    assert headings[1:] == [
        "## Résumé",
        "## Chronologie",
        "## Causes racines",
        "## Actions correctives",
        "### Fait\u00a0:",
        "### À faire\u00a0:",
        "## Leçons apprises",
        "## Annexe\u00a0: comment l’archive a été remise en place",
    ]
    assert french.index("**Date\u00a0:**") < french.index("**Statut\u00a0:**") < french.index("## Résumé")


def test_what_a_reader_understands_anyway_is_not_said_twice(french):
    assert french.count("<!--") == 1
    assert "- **17:52 – 18:20**\u00a0: Maud supprime le pod" in french


def test_every_line_of_an_export_is_in_one_range(french):
    assert_kept(read(french.encode()))


def test_an_edit_of_the_words_is_read(french):
    edited = french.replace("**17:35**", "**17:30**").replace("Résolu (restauré", "En cours (restauré")
    edited = edited.replace("- [ ] Alerter quand", "- [x] Alerter quand").replace("Maud Keller", "Idris Roy")
    report = back(edited)
    assert report.timeline[0].start == "2026-02-12T17:30"
    assert report.status.state == "ongoing"
    assert [a.status for a in report.actions if "Alerter" in a.text] == ["done"]
    assert "Idris Roy" in [line.value for line in report.metadata]


def test_rows_and_sections_that_a_person_adds_are_read(french):
    edited = french.replace("- **18:40**", "- vers 18h30 : Maud appelle Idris\n- **18:40**")
    edited += "\n## Coûts\n\nDeux heures de sommeil.\n"
    report = back(edited)
    added = report.timeline[4]
    assert (added.token, added.start, added.text) == ("vers 18h30", "2026-02-12T18:30", "Maud appelle Idris")
    assert (report.appendix[-1].heading, report.appendix[-1].text) == ("Coûts", "Deux heures de sommeil.")


def test_a_note_no_longer_counts_when_the_words_it_is_about_have_changed(french):
    report = back(french)
    moved = markdown(
        Report(**{**report.__dict__, "timeline": (report.timeline[0].__class__(
            "17:35", "2026-02-13T09:00", None, "exact", None, "déplacé", 0, None, "evidence", "run:1/2", {"a": 1}
        ),)})
    )  # fmt: skip
    assert back(moved).timeline[0].start == "2026-02-13T09:00"
    assert back(moved.replace("**17:35**", "**17:36**")).timeline[0].start == "2026-02-12T17:36"
    assert back(moved.replace("déplacé", "changé")).timeline[0].evidence == ""
    assert back(moved).timeline[0].evidence == "run:1/2"


def test_a_document_that_lost_our_shape_is_read_like_any_other(french):
    table = "| Heure | Événement |\n|---|---|\n| 17:35 | déployé |\n| 18:40 | page vide |\n"
    begin, end = french.index("- **17:35**"), french.index("## Causes racines")
    report = back(french[:begin] + table + "\n" + french[end:])
    assert [(e.token, e.text) for e in report.timeline] == [("17:35", "déployé"), ("18:40", "page vide")]
    assert len(report.causes) == 3
    assert "aftermath" not in report.title


def test_an_export_that_was_misread_on_its_way_is_repaired(french):
    assert back(french.encode().decode("mac_roman")) == back(french)
