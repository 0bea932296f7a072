"""Every check that needs no test: style, types, layers, settings, migrations, languages. `make check` runs it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MANAGE = [sys.executable, "manage.py"]
PROGRAMS = Path(sys.executable).parent

CHECKS: dict[str, list[str]] = {
    "style": [f"{PROGRAMS}/ruff", "check", "."],
    "format": [f"{PROGRAMS}/ruff", "format", "--check", "."],
    # Without a cache: what it remembers of the settings may be of yesterday's.
    "types": [f"{PROGRAMS}/mypy", "--cache-dir", os.devnull, "."],
    "layers": [f"{PROGRAMS}/lint-imports", "--no-logo"],
    "settings": [*MANAGE, "check", "--fail-level", "WARNING"],
    "migrations": [*MANAGE, "makemigrations", "--check", "--dry-run"],
    "reference": [*MANAGE, "reference", "--check"],
    "languages": [sys.executable, "-m", "tools.languages"],
}


def run(name: str, var: str) -> tuple[str, subprocess.CompletedProcess[str], float]:
    began = time.monotonic()
    done = subprocess.run(
        CHECKS[name],
        cwd=ROOT,
        env=os.environ | {"AFTERMATH_VAR": var},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return name, done, time.monotonic() - began


def main() -> int:
    """Run all of them, two at a time; say one line for each that holds, and all it said for one that does not."""
    failed = 0
    with tempfile.TemporaryDirectory(prefix="aftermath-") as var, ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, done, seconds in pool.map(lambda name: run(name, var), CHECKS):
            failed += done.returncode != 0
            print(f"{name:<12}{'ok' if done.returncode == 0 else 'FAILED'}  {seconds:4.1f} s", flush=True)
            if done.returncode != 0:
                print(done.stdout, flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
