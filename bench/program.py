"""The whole program, started for a measurement in a directory of its own, and ended after it."""

from __future__ import annotations

import http.client
import os
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# A measurement that takes longer is none: something is wrong.
LONGEST = 180.0


@contextmanager
def started(argv: list[str], at: Path, out: Path, **env: str) -> Iterator[tuple[str, float]]:
    """Start it, and give its address and the seconds to the first whole page."""
    began = time.monotonic()
    with out.open("wb") as said:
        process = subprocess.Popen(
            argv,
            cwd=at,
            env=os.environ | env,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            start_new_session=True,
        )
    try:
        until(lambda: process.poll() is not None or b"http://" in out.read_bytes())
        found = re.search(r"http://[^/]+", out.read_text())
        if found is None:
            raise RuntimeError(out.read_text())
        until(lambda: status(found.group(), "/sign-in/") == 200)
        yield found.group(), time.monotonic() - began
    finally:
        os.killpg(process.pid, signal.SIGINT)
        process.wait(60)


def status(address: str, path: str, cookie: str = "") -> int:
    """The status of a page, read to its end; 0 when nobody answers."""
    caller = http.client.HTTPConnection(address.removeprefix("http://"), timeout=30)
    try:
        caller.request("GET", path, headers={"Cookie": cookie} if cookie else {})
        answer = caller.getresponse()
        answer.read()
        return answer.status
    except OSError:
        return 0
    finally:
        caller.close()


def until(so: Callable[[], object]) -> None:
    deadline = time.monotonic() + LONGEST
    while not so():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not so after {LONGEST:g} s")
        time.sleep(0.02)
