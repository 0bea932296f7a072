"""The documents say what is so: every dependency has its reason, every link leads somewhere."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]


def reasons(part):
    text = (ROOT / "docs" / "dependencies.md").read_text()
    section = text.split(f"\n## {part}\n")[1].split("\n## ")[0]
    return {name for row in re.findall(r"^\| (`.*?) \|", section, re.MULTILINE) for name in re.findall(r"`(.+?)`", row)}


def names(requirements):
    return {re.match(r"[a-z0-9-]+", requirement).group() for requirement in requirements}


def test_every_dependency_has_its_reason_and_every_reason_its_dependency():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    assert reasons("To run") == names(project["project"]["dependencies"])
    assert reasons("To test") == names(project["dependency-groups"]["dev"])


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(document):
    links = re.findall(r"\]\(([^)#]+)", document.read_text())
    lost = [link for link in links if "://" not in link and not (document.parent / link).exists()]
    assert lost == []


def test_every_document_is_in_the_index():
    index = (ROOT / "docs" / "README.md").read_text()
    linked = {(ROOT / "docs" / link).resolve() for link in re.findall(r"\]\(([^)#]+)", index)}
    assert {path for path in DOCUMENTS if path.is_relative_to(ROOT / "docs")} - linked == {ROOT / "docs" / "README.md"}


def test_make_help_lists_every_target():
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE)) - {"help", "dev"}
    said = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert set(re.findall(r"^make ([\w-]+)", said, re.MULTILINE)) == targets
