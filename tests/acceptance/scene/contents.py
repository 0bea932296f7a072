"""
What the application's volume holds, the same each time it is asked: entries of every sort that a copy could lose.

Runs in the pod that fills the volume and beside the tests, which make a tar of the same; it needs Python alone.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

THUMBNAILS = 20_000
MODES = (0o644, 0o600, 0o640, 0o664, 0o755)
UID = GID = 1000
DAY = 24 * 3600
FAMILY = {"users": [{"id": "5c1f", "name": "The family"}]}


@dataclass(frozen=True)
class Entry:
    """`kind` is file, directory, symlink or hardlink; `text` its content or its target; times are in nanoseconds."""

    path: str
    kind: str
    mode: int
    mtime_ns: int
    content: bytes = b""
    target: str = ""
    xattrs: dict[str, bytes] = field(default_factory=dict)


def entries(then: int, thumbnails: int = THUMBNAILS) -> Iterator[Entry]:
    """As it all was at a time in seconds: nothing is newer. Directories come before what is in them."""
    yield from configuration(then)
    for folder in range((thumbnails + 199) // 200):
        path = f"thumbnails/{folder:03d}"
        yield Entry(path, "directory", 0o750 if folder % 7 else 0o2755, stamp(path, then))
        for n in range(folder * 200, min(thumbnails, folder * 200 + 200)):
            yield thumbnail(f"{path}/{n:06d}.jpg", n, then)
    yield from oddities(then)


def configuration(then: int) -> Iterator[Entry]:
    yield Entry(".storage", "directory", 0o700, stamp(".storage", then))
    yield written(".storage/auth", 0o600, then, json.dumps({**FAMILY, "then": then}).encode())
    for n in range(40):
        text = json.dumps({"version": 1, "key": f"core.part_{n}", "data": {"then": then, "n": n}}, indent=2)
        yield written(f".storage/core.part_{n}", 0o600, then, text.encode())
    text = f"# as it was at {then}\ndefault_config:\n".encode()
    yield Entry("configuration.yaml", "file", 0o644, then * 1_000_000_000 - 1, text)
    yield written("automations.yaml", 0o644, then, b"- alias: Lights\n" * 40)
    yield written("secrets.yaml", 0o600, then, b"wifi: not really\n")
    yield Entry("custom_components", "directory", 0o755, stamp("custom_components", then))
    for n in range(60):
        yield written(f"custom_components/part_{n}.py", 0o644, then, f"NUMBER = {n}\n".encode() * (n + 1))
    yield Entry("thumbnails", "directory", 0o755, stamp("thumbnails", then))


def thumbnail(path: str, n: int, then: int) -> Entry:
    content = random.Random(path).randbytes(n * 7 % 1900)  # which no compression makes smaller
    xattrs = {"user.origin": f"camera {n % 5}".encode()} if n % 40 == 0 else {}
    return Entry(path, "file", MODES[n % len(MODES)], stamp(path, then), content, xattrs=xattrs)


def oddities(then: int) -> Iterator[Entry]:
    yield Entry("odd", "directory", 0o755, stamp("odd", then))
    yield written("odd/été à la mer.txt", 0o644, then, b"sun\n")
    yield written("odd/two\nlines", 0o644, then, b"a name may have any character but two\n")
    yield written("odd/nothing", 0o604, then, b"")
    yield Entry("odd/link", "symlink", 0o777, stamp("odd/link", then), target="../configuration.yaml")
    yield Entry("odd/dangling", "symlink", 0o777, stamp("odd/dangling", then), target="nowhere/at/all")
    yield Entry("odd/same", "hardlink", 0o644, stamp("automations.yaml", then), target="automations.yaml")
    attributes = {"user.note": b"kept", "user.empty": b""}
    yield Entry("odd/noted", "file", 0o640, stamp("odd/noted", then), b"see my attributes\n", xattrs=attributes)


def written(path: str, mode: int, then: int, content: bytes) -> Entry:
    return Entry(path, "file", mode, stamp(path, then), content)


def stamp(path: str, then: int) -> int:
    """A time of its own for each path, within the two years before, in nanoseconds."""
    noise = int.from_bytes(hashlib.sha256(path.encode()).digest()[:7], "big")
    return (then - noise % (700 * DAY)) * 1_000_000_000 + noise % 1_000_000_000


def fill(root: Path, then: int, thumbnails: int = THUMBNAILS) -> int:
    """Write them below `root`, which root alone may do; how many there are. Times last: writing changes them."""
    made = list(entries(then, thumbnails))
    for entry in made:
        make(root / entry.path, entry, root)
    for entry in reversed(made):
        moment = (entry.mtime_ns, entry.mtime_ns)
        os.utime(root / entry.path, ns=moment, follow_symlinks=False)
    os.chown(root, UID, GID)
    os.chmod(root, 0o755)
    return len(made)


def make(path: Path, entry: Entry, root: Path) -> None:
    if entry.kind == "directory":
        path.mkdir()
    elif entry.kind == "symlink":
        path.symlink_to(entry.target)
    elif entry.kind == "hardlink":
        path.hardlink_to(root / entry.target)
    else:
        path.write_bytes(entry.content)
    os.chown(path, UID, GID, follow_symlinks=False)
    if entry.kind != "symlink":
        os.chmod(path, entry.mode)
    for name, value in entry.xattrs.items():
        os.setxattr(path, name, value)


if __name__ == "__main__":
    began = time.monotonic()
    count = fill(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
    print(f"{count} entries in {time.monotonic() - began:.1f} s")
