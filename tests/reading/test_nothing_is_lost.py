"""Law: every non-blank line is in exactly one range, and every word of a record's lines is in that record."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.reading.read import read
from incidents.reading.values import Document

HERE = Path(__file__).parent.parent / "postmortems"
SHARED = Path(__file__).parents[2] / ".." / "shared" / "postmortems"
OURS = sorted(HERE.glob("*.md"))
THEIRS = sorted(SHARED.glob("*.md"))
KINDS = {"record", "metadata", "heading", "summary", "appendix", "layout"}

LINES = st.sampled_from(
    [
        *(
            "",
            "",
            "# Outage of the mail relay",
            "## Timeline (UTC)",
            "## Chronologie",
            "### 5 mars 2026",
            "---",
            "***",
        ),
        *(
            "## Root causes",
            "### RC1 — Disk full",
            "### Architecture",
            "## Action items",
            "### Immédiat (fait) :",
        ),
        *(
            "## Lessons learned",
            "### What went well",
            "## Résumé",
            "**Date :** 5 mars 2026",
            "**Severity:** P1 | **Status:** ok",
        ),
        *(
            "- 14:05 alert `x`",
            "- **14:10 – 14:20** : restart",
            "  - nested **bold** word",
            "1. First cause: the disk",
            "   more of it",
        ),
        *(
            "| Time | Event |",
            "|---|---|",
            "| ~15:00 | half | more |",
            "| 16:00+ |",
            "- [x] fix it @bob",
            "- [ ] later (P2)",
        ),
        *(
            "```sh",
            "# 12:00 not a heading",
            "```",
            "~~~",
            "plain words here",
            "**Timeline:**",
            "todo:",
            "Déroulé :",
            "> quoted 12:30 line",
        ),
        *(
            "| Action | Owner | Status |",
            "| Pin it | @ann | Manuel (user) |",
            "<!-- note",
            "-->",
            "14h30 : redémarrage",
            "J+1 02:00 retour",
        ),
        *(
            "===",
            "Setext title",
            "    indented code",
            "**Action requise :** do more",
            "✅ done thing",
            "|| Heure || Fait ||",
            "* * *",
            "\t- tabbed",
        ),
        *(
            "- ",
            "1.",
            "|",
            "||",
            "**",
            "**02:00**",
            "May 9",
            "- May 9",
            "+ plus item",
            "10) ten",
            "| a \\| b | `c|d` |",
            "#hashtag",
            "####### seven",
        ),
    ]
)


def words(text: str) -> set[str]:
    """Marks do not count, and the number of a list item may go."""
    text = re.sub(r"^\s*(?:[-*+]|\d+[.)])\s+", "", text)
    return set(re.findall(r"[^\W_]{2,}", re.sub(r"[*`]", "", text).casefold()))


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from strings(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from strings(inner)


def assert_kept(document: Document) -> None:
    whole = document.as_json()
    owner: dict[int, dict[str, Any]] = {}
    for held in whole["coverage"]:
        assert held["kind"] in KINDS
        assert 1 <= held["line_from"] <= held["line_to"] <= len(document.lines)
        for n in range(held["line_from"], held["line_to"] + 1):
            if document.lines[n - 1].strip():
                assert n not in owner, f"line {n} twice"
                owner[n] = held
    blank = {n for n, line in enumerate(document.lines, 1) if not line.strip()}
    assert set(range(1, len(document.lines) + 1)) - blank == set(owner)
    for n, held in owner.items():
        if held["kind"] == "record":
            name, i = held["ref"].split("/")
            lost = words(document.lines[n - 1]) - words(" ".join(strings(whole[name][int(i)])))
            assert not lost, f"{held['ref']} lost {lost} of line {n}: {document.lines[n - 1]!r}"
        if held["kind"] == "appendix":
            assert any(a["line_from"] <= n <= a["line_to"] for a in whole["appendix"]), f"line {n} in no appendix"
    for name in ("timeline", "causes", "actions", "lessons"):
        for i, record in enumerate(whole[name]):
            assert owner[record["line"]]["ref"] == f"{name}/{i}"


@settings(max_examples=400, deadline=None)
@given(st.lists(LINES, max_size=40))
def test_any_assembly_of_lines_is_kept(lines):
    assert_kept(read("\n".join(lines).encode(), "x.md"))


@settings(max_examples=200, deadline=None)
@given(
    st.text(alphabet=st.characters(exclude_categories=["Cs", "Cc"]), max_size=300),
    st.lists(LINES, max_size=12),
)
def test_any_text_is_kept(text, lines):
    assert_kept(read("\n".join([*lines, text, *lines]).encode(), ""))


@pytest.mark.parametrize("path", OURS, ids=lambda p: p.name)
def test_every_line_of_our_documents_is_kept(path):
    assert_kept(read(path.read_bytes(), path.name))


@pytest.mark.skipif(not THEIRS, reason="no reports in ../shared/postmortems: put them there to read them too")
@pytest.mark.parametrize("path", THEIRS, ids=lambda p: p.name)
def test_every_line_of_the_written_reports_is_kept(path):
    assert_kept(read(path.read_bytes(), path.name))
