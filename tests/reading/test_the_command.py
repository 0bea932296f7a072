"""`manage.py postmortem read FILE`: one JSON object or a few lines; a sentence for what cannot be read."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

HERE = Path(__file__).parent.parent / "postmortems"
KEYS = {
    *(
        "title",
        "language",
        "occurred",
        "severity",
        "status",
        "zone",
        "metadata",
        "timeline",
        "causes",
        "actions",
    ),
    *("lessons", "references", "appendix", "warnings", "coverage"),
}


def test_one_json_object_is_printed_and_no_database_is_asked(capsys):
    call_command("postmortem", "read", str(HERE / "sample.fr.md"), "--json")
    told = capsys.readouterr()
    assert json.loads(told.out).keys() >= KEYS
    assert told.err == ""


def test_without_json_a_few_lines_say_what_was_found(capsys):
    call_command("postmortem", "read", str(HERE / "prose.fr.md"))
    out = capsys.readouterr().out
    assert "Coupure du relais SMTP" in out
    assert "There is no timeline section." in out


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda path: None, "cannot be opened"),
        (lambda path: path.mkdir(), "cannot be opened"),
        (lambda path: path.write_bytes(b"PK\x03\x04rest"), "a zip archive"),
        (lambda path: path.write_bytes(b"- x\n" * 13_000_000), "has 52.0 MB"),
    ],
    ids=["missing", "a folder", "a zip", "52 MB"],
)
def test_what_cannot_be_read_is_told_in_a_sentence(tmp_path, make, says):
    path = tmp_path / "report.md"
    make(path)
    with pytest.raises(CommandError, match=says) as told:
        call_command("postmortem", "read", str(path), "--json")
    assert str(path) in str(told.value)
    assert str(told.value).endswith(".")
