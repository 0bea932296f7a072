"""A document says the same in whatever encoding it comes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from incidents.reading.read import read
from incidents.reading.values import Document

SAMPLE = (Path(__file__).parent.parent / "postmortems" / "sample.fr.md").read_text(encoding="utf-8")


def records(document: Document) -> Document:
    return replace(document, warnings=(), encoding="", lines=())


def codes(document: Document) -> set[str]:
    return {n.code for n in document.warnings}


CLEAN = read(SAMPLE.encode())


@pytest.mark.parametrize("codec", ["mac_roman", "cp1252", "latin-1"])
def test_utf_8_that_was_misread_is_repaired(codec):
    broken = SAMPLE.encode().decode(codec if codec != "cp1252" else "sloppy-windows-1252")
    assert "Ã" in broken or "√" in broken
    document = read(broken.encode())
    assert records(document) == records(CLEAN)
    assert codes(document) == codes(CLEAN) | {"encoding-repaired"}


def test_a_document_of_which_half_was_misread_is_repaired_line_by_line():
    lines = SAMPLE.split("\n")
    broken = [x.encode().decode("sloppy-windows-1252") if i % 2 else x for i, x in enumerate(lines)]
    document = read("\n".join(broken).encode())
    assert records(document) == records(CLEAN)
    assert "encoding-repaired" in codes(document)


def test_text_that_was_misread_twice_is_repaired():
    broken = SAMPLE.encode().decode("latin-1").encode().decode("latin-1")
    assert records(read(broken.encode())) == records(CLEAN)


@pytest.mark.parametrize("codec", ["utf-8-sig", "utf-16", "cp1252"])
def test_other_encodings_are_read_without_a_warning(codec):
    text = SAMPLE if codec != "cp1252" else SAMPLE.replace("\u202f", "\u00a0").replace("→", "->")
    document = read(text.encode(codec))
    assert records(document) == records(read(text.encode()))
    assert codes(document) == codes(CLEAN)


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_other_line_ends_are_read_as_the_same_lines(end):
    document = read(SAMPLE.replace("\n", end).encode())
    assert records(document) == records(CLEAN)
    assert document.coverage == CLEAN.coverage


def test_clean_text_in_two_languages_is_left_alone():
    text = "# Ünïcödé → ok « été » – “quote” … ½ €\n\n**Date :** 5 mars 2026\n"
    assert "encoding-repaired" not in codes(read(text.encode()))
    assert read(text.encode()).lines[0] == text.split("\n")[0]
