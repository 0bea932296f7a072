"""
Whether every sentence that the program can say is there in every language, and is what the program reads.

The text of a language is in `locale/*/LC_MESSAGES/django.po`; what is read is the `.mo` made of it, which is kept
beside it so that nobody needs gettext to run the program. `make languages` collects new sentences and makes the `.mo`.
"""

from __future__ import annotations

import gettext
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# The program speaks English by itself.
LANGUAGE = "fr"
PO = Path("locale", LANGUAGE, "LC_MESSAGES", "django.po")
MO = PO.with_suffix(".mo")
NO_GETTEXT = "The languages were not checked: apt install gettext"


def collect(root: Path) -> None:
    """Write every marked sentence of the tree into the `.po` file; a new one is there without its translation."""
    ways = ["--locale", LANGUAGE, "--no-location", "--no-wrap", "--no-obsolete"]
    apart = [word for part in ("tests", "bench", "tools", "var") for word in ("--ignore", f"{part}/*")]
    (root / PO).parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(
        [sys.executable, "-m", "django", "makemessages", *ways, *apart],
        cwd=root,
        env={name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"},
        stdout=subprocess.DEVNULL,
        check=True,
    )


def compile_to(mo: Path, po: Path) -> None:
    subprocess.run(["msgfmt", "--check-format", "--output-file", mo, po], check=True)


def said(mo: Path) -> dict[object, str]:
    """What a compiled file says, without its header of dates and names."""
    with mo.open("rb") as file:
        every: dict[object, str] = dict(vars(gettext.GNUTranslations(file))["_catalog"])
    every.pop("", None)
    return every


def missing(po: Path) -> str:
    """The entries without a translation, or with one that was only guessed."""
    return "".join(
        subprocess.run(
            ["msgattrib", "--no-wrap", "--no-obsolete", only, po], check=True, capture_output=True, text=True
        ).stdout
        for only in ("--untranslated", "--only-fuzzy")
    )


def wrong_in(root: Path) -> list[str]:
    """What is wrong with the languages of a tree, looked at in a copy of what git does not ignore."""
    if not (root / PO).exists():
        return [f"{PO} is not there: run make languages, then translate."]
    wrong = []
    with tempfile.TemporaryDirectory(prefix="aftermath-") as home:
        copy = Path(home)
        listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
        known = subprocess.run(listing, cwd=root, check=True, capture_output=True).stdout
        for name in filter(None, known.decode().split("\0")):
            if (root / name).suffix in {".py", ".html", ".txt", ".po"} and (root / name).exists():
                (copy / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(root / name, copy / name)
        compile_to(copy / MO, copy / PO)
        collect(copy)
        if entries := missing(copy / PO):
            wrong.append(f"{PO} lacks (run make languages, then translate):\n{entries}")
        if not (root / MO).exists() or said(copy / MO) != said(root / MO):
            wrong.append(f"{MO} does not say what {PO} says: run make languages.")
    return wrong


def main(words: list[str]) -> int:
    if not shutil.which("msgfmt"):
        print(NO_GETTEXT)
        return 0
    if words == ["--make"]:
        collect(ROOT)
        compile_to(ROOT / MO, ROOT / PO)
        return 0
    wrong = wrong_in(ROOT)
    print("\n".join(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
