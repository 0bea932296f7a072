"""
`make bench`: what it costs, as a table. `python -m bench start pages` measures those alone.

Each part runs in a process of its own, with a directory of its own, so that none warms or burdens the next. Nothing
here is a test: a figure over its aim is to be looked at, on a machine that does nothing else.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path

import django

from bench.figure import HEAD

PARTS = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if "def measure(" in path.read_text())


def main(words: list[str]) -> int:
    if words[:1] == ["--here"]:
        django.setup()
        for figure in import_module(f"bench.{words[1]}").measure():
            print(figure, flush=True)
        return 0
    if unknown := set(words) - set(PARTS):
        print(f"There is no {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}.")
        return 1
    print(HEAD, flush=True)
    return max([measured(part) for part in words or PARTS])


def measured(part: str) -> int:
    with tempfile.TemporaryDirectory(prefix="am-bench-", ignore_cleanup_errors=True) as var:
        env = os.environ | {"AFTERMATH_VAR": var, "DJANGO_SETTINGS_MODULE": "config.settings", "LOG_LEVEL": "WARNING"}
        return subprocess.run([sys.executable, "-m", "bench", "--here", part], env=env, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
