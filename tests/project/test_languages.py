"""A sentence without its translation, a guessed one, or a file that was not made anew: each is found."""

from __future__ import annotations

import shutil
import subprocess

import pytest

from tests.requirements import missing
from tools.languages import LANGUAGE, MO, PO, collect, compile_to, wrong_in


@pytest.fixture
def tree(tmp_path):
    """A tree with one sentence, translated."""
    if not shutil.which("msgfmt"):
        missing("gettext", "There is no msgfmt: install gettext (apt install gettext) to check the languages.")
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    write(tmp_path, "Restore a volume")
    collect(tmp_path)
    translate(tmp_path, "Restore a volume", "Restaurer un volume")
    compile_to(tmp_path / MO, tmp_path / PO)
    return tmp_path


def write(tree, *sentences):
    (tree / "words.py").write_text(
        "from django.utils.translation import gettext as _\n" + "".join(f"_({sentence!r})\n" for sentence in sentences)
    )


def translate(tree, sentence, translation):
    po = tree / PO
    po.write_text(
        po.read_text().replace(f'msgid "{sentence}"\nmsgstr ""', f'msgid "{sentence}"\nmsgstr "{translation}"')
    )


def test_a_whole_translation_is_right(tree):
    assert LANGUAGE == "fr"
    assert wrong_in(tree) == []


def test_a_new_sentence_is_missed(tree):
    write(tree, "Restore a volume", "Purge what was kept")
    (wrong,) = wrong_in(tree)
    assert 'msgid "Purge what was kept"' in wrong
    assert "Restaurer" not in wrong
    assert "make languages" in wrong


def test_a_guess_is_no_translation(tree):
    write(tree, "Restore the volume")
    (wrong,) = wrong_in(tree)
    assert "fuzzy" in wrong


def test_what_is_read_must_be_made_anew(tree):
    po = tree / PO
    po.write_text(po.read_text().replace("Restaurer", "Rétablir"))
    (wrong,) = wrong_in(tree)
    assert "run make languages" in wrong
    compile_to(tree / MO, po)
    assert wrong_in(tree) == []


def test_looking_changes_nothing(tree):
    write(tree, "Another sentence")
    before = {path: path.read_bytes() for path in tree.rglob("*.?o")}
    wrong_in(tree)
    assert {path: path.read_bytes() for path in tree.rglob("*.?o")} == before
