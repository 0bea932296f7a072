"""
`make run` in a fresh copy of the tree: the seconds to the first page, with uv, with pip, and when all is there.

A package that was downloaded before is not downloaded again: what is measured is this machine, not its network.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from bench.figure import Figure
from bench.program import ROOT, started

AIM_COLD, AIM_WARM = 60.0, 5.0


def measure() -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="am-bench-") as at:
        tree = copy(Path(at) / "aftermath")
        figures = []
        if uv := shutil.which("uv"):
            figures.append(Figure("make run, fresh, with uv", first_page(tree, uv), AIM_COLD, "s", "the aim"))
            shutil.rmtree(tree / ".venv")
        figures.append(Figure("make run, fresh, with pip", first_page(tree), AIM_COLD, "s", "the aim"))
        figures.append(Figure("make run, again", first_page(tree), AIM_WARM, "s", "the aim"))
        return figures


def copy(to: Path) -> Path:
    """The tree as git would give it, with the changes of today."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    known = subprocess.run(listing, cwd=ROOT, check=True, capture_output=True).stdout.decode()
    for name in filter(None, known.split("\0")):
        if (ROOT / name).exists():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, to / name)
    return to


def first_page(tree: Path, uv: str = "") -> float:
    """Seconds. Without `uv` none is found, whatever is on the path."""
    programs = tree / "programs"
    shutil.rmtree(programs, ignore_errors=True)
    programs.mkdir()
    if uv:
        (programs / "uv").symlink_to(uv)
    places = [place for place in os.environ["PATH"].split(os.pathsep) if not (Path(place) / "uv").exists()]
    path = os.pathsep.join([str(programs), *places])
    with started(["make", "run"], tree, tree / "said", PATH=path, PORT="0", AFTERMATH_VAR=str(tree / "var")) as (
        _,
        took,
    ):
        return took
