"""Whatever is handed in is read or refused with a sentence, within two seconds."""

from __future__ import annotations

import contextlib
import random
import time
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from incidents.reading.encoding import LIMIT
from incidents.reading.read import read
from incidents.reading.values import Unreadable

SECONDS = 2.0  # of this process: other work on the machine does not count
NOISE = random.Random(7)

REFUSED = {
    "50 MB": b"- 14:05 alert\n" * 3_700_000,
    "a zip": b"PK\x03\x04" + NOISE.randbytes(5000),
    "a PDF": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj",
    "too many lines": b"- 14:05 alert\n" * 60_000,
    "carriage returns": b"a\r" * 500_000,
    "a picture": b"\x89PNG\r\n\x1a\n" + NOISE.randbytes(200),
    "gzip": b"\x1f\x8b\x08" + zlib.compress(b"x" * 1000),
    "rubbish": NOISE.randbytes(1_000_000),
    "zeros": b"\0" * 10_000,
    "half UTF-16": b"\xff\xfea\0b\0c",
    "control characters": b"\x01\x02\x03 and \x04\x05" * 100,
}
HEAD = "# Outage\n\n**Date:** 2026-05-05\n\n"
HARD = {
    "10,000 rows": HEAD
    + "## Timeline\n\n| Time | Event |\n|---|---|\n"
    + "".join(f"| {i // 60 % 24:02}:{i % 60:02} | event {i} |\n" for i in range(10_000)),
    "10,000 bullets": HEAD
    + "## Timeline\n\n"
    + "".join(f"- {i // 60 % 24:02}:{i % 60:02} — event {i}\n  - more\n" for i in range(10_000)),
    "10,000 actions": HEAD
    + "## Actions\n\n"
    + "".join(f"- [ ] add the alert for host number {i} again\n" for i in range(10_000)),
    "10,000 causes": HEAD + "## Causes\n\n" + "".join(f"{i}. **Cause {i}**: it broke\n" for i in range(10_000)),
    "10,000 headings": HEAD + "".join(f"{'#' * (i % 6 + 1)} Part {i}\n\ntext\n" for i in range(10_000)),
    "10,000 paragraphs of lessons": HEAD + "## Lessons\n\n" + "word and word.\n\n" * 10_000,
    "10,000 small tables": HEAD + "## Actions\n\n" + "| a | b |\n|---|---|\n| c | d |\n\n" * 10_000,
    "10,000 time headings": HEAD + "## Timeline\n\n" + "### 14:05 up\n\nthen\n\n" * 10_000,
    "40,000 nested bullets": HEAD
    + "## Timeline\n\n- 14:05 start\n"
    + "".join(" " * (2 + i % 8) + "- deep\n" for i in range(40_000)),
    "nested in a staircase": HEAD + "## Actions\n\n" + "".join(" " * i + "- a\n" for i in range(1800)),
    "one line of 1 MB": HEAD + "a" * 1_000_000,
    "one line of stars": HEAD + "*" * 1_000_000,
    "one bullet of bold": HEAD + "## Timeline\n- 14:05 " + "**a** : " * 120_000,
    "one line of labels": "**Date:** " * 100_000,
    "one line of pipes": HEAD + "## Timeline\n\n| Time | Event |\n|---|---|\n|" + "|" * 1_000_000,
    "one line of spaces": HEAD + "## Causes\n\nx" + " " * 1_000_000 + "x",
    "one line of brackets": HEAD + "[" * 500_000 + "(" * 500_000,
    "one line of numbers": HEAD + "#1 " * 330_000,
    "one line of backticks": HEAD + "` `` " * 200_000,
    "one line of dates": HEAD + "2026-05-05 – " * 70_000,
    "one title of prefixes": "# " + "analyse des " * 80_000,
    "a title of apostrophes": "# Outage\n\n## " + "d'l'" * 30 + "\n\n## " + "de la " * 19,
    "tables without end": HEAD + "a|b\n-|-\n" * 20_000,
    "fences without end": HEAD + "```\n" + "# x\n" * 40_000,
    "underlines": HEAD + "a\n===\n" * 20_000,
    "quotes": HEAD + ">" * 500_000 + "\n" + "> " * 200_000,
    "mojibake": ("é" * 200_000).encode().decode("cp1252", "ignore") + "\n" + "Ã©tÃ© " * 50_000 + "→",
    "mojibake by lines": "déjà → vu\n" * 20 + "L’été\n".encode().decode("mac_roman") * 40_000,
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_no_text_is_refused_with_a_sentence(what):
    begun = time.process_time()
    with pytest.raises(Unreadable) as refused:
        read(REFUSED[what], "x.md")
    assert time.process_time() - begun < SECONDS
    assert str(refused.value).endswith(".")
    assert refused.value.code in ("too-big", "too-long", "not-text")
    assert refused.value.sentence.format(**refused.value.params) == str(refused.value)


@pytest.mark.parametrize("what", HARD)
def test_what_is_hard_is_read_in_time(what):
    data = HARD[what].encode()
    assert len(data) <= LIMIT
    begun = time.process_time()
    document = read(data, "x.md")
    assert time.process_time() - begun < SECONDS
    assert document.coverage


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_bytes_are_read_or_refused_and_nothing_else(data):
    with contextlib.suppress(Unreadable):
        assert read(data, "x.md").lines


def test_ten_thousand_rows_are_ten_thousand_entries():
    document = read(HARD["10,000 rows"].encode(), "x.md")
    assert len(document.timeline) == 10_000
    assert document.timeline[-1].text == "event 9999"
