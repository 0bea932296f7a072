"""A report as a tagged PDF, whatever its texts hold."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given, settings

from incidents.reading.read import read
from incidents.reading.values import Appendix
from incidents.report import Report, report_of
from incidents.writing.pdf import pdf, spelled
from tests.writing.reports import REPORTS

HERE = Path(__file__).parent.parent / "postmortems"
SHARED = Path(__file__).parents[2] / ".." / "shared" / "postmortems"
THEIRS = sorted(SHARED.glob("*.md"))
SAMPLE = report_of(read((HERE / "sample.fr.md").read_bytes()))


def words_in(data: bytes) -> str:
    told = subprocess.run(["pdftotext", "-layout", "-", "-"], input=data, capture_output=True, check=True)
    return told.stdout.decode()


def test_the_file_is_tagged_and_says_that_it_is_pdf_ua():
    data = pdf(SAMPLE)
    assert data.startswith(b"%PDF-1.7")
    assert b"/MarkInfo" in data
    assert b"/StructTreeRoot" in data
    assert re.search(rb"/Lang\s*\(fr\)", data)
    assert b"pdfuaid" in data


@pytest.mark.skipif(not shutil.which("pdftotext"), reason="no pdftotext: apt-get install poppler-utils")
def test_the_words_of_the_report_are_in_the_file():
    words = words_in(pdf(SAMPLE))
    for text in (
        "Home Assistant est reparti vide",
        "Chronologie",
        "17:52 – 18:20",
        "À faire",
        "config-syncer",
        "--replicas=1",
    ):
        assert text in words


def test_the_same_report_is_the_same_file():
    assert pdf(SAMPLE) == pdf(SAMPLE)


def test_characters_that_no_font_has_are_spelled_out():
    odd = Report("🔥 漢字 \u0378 🫨", "en", appendix=(Appendix(None, 0, 0, "안녕 \ue123 \U000e0041 ✅ é → ☃"),))
    assert pdf(odd).startswith(b"%PDF")
    assert spelled("🔥") == "[fire]"
    assert spelled("漢") == "[U+6F22]"


def test_markup_of_typst_in_a_text_is_only_text():
    hostile = '#read("/etc/passwd") #let x = 1 $ x $ @ref <label> \\ = head #import "x"'
    assert pdf(Report(hostile, "en", summary=hostile, appendix=(Appendix(hostile, 0, 0, hostile),))).startswith(b"%PDF")


def test_a_text_nested_without_end_is_set():
    deep = "\n".join("  " * i + f"- level{i}" for i in range(60)) + "\n\n" + "**a *b " * 40
    assert pdf(Report("x", "en", summary=deep)).startswith(b"%PDF")


@pytest.mark.skipif(not THEIRS, reason="no reports in ../shared/postmortems: put them there to print them too")
@pytest.mark.parametrize("path", THEIRS, ids=lambda p: p.name)
def test_the_written_reports_are_set(path):
    assert pdf(report_of(read(path.read_bytes(), path.name))).startswith(b"%PDF")


@settings(max_examples=25, deadline=None)
@given(REPORTS)
def test_any_report_is_set(report):
    assert pdf(report).startswith(b"%PDF")
