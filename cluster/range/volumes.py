"""The files of claims and snapshots: where they are, how to fill, empty, copy, weigh and compare them."""

from __future__ import annotations

import hashlib
import os
import shutil
import stat
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from cluster.api import ClaimRef
from cluster.range import owners
from cluster.range.owners import Owners

OURS = ".aftermath"  # what runs keep beside the data
APART = frozenset({OURS, "lost+found"})


@dataclass(frozen=True)
class Item:
    """A file, directory (`data` None) or link to be made; of a usual mode where none is given. `age` in seconds."""

    path: str
    data: bytes | None = None
    mode: int = 0
    age: float = 0
    link: str = ""


@dataclass(frozen=True)
class Volumes:
    """Everything below a range's directory that holds files of claims."""

    directory: Path

    def data(self, claim: ClaimRef) -> Path:
        return self.directory / "claims" / claim.namespace / claim.name / "data"

    def snapshot(self, uid: str) -> Path:
        return self.directory / "snapshots" / uid

    def released(self, volume: str) -> Path:
        return self.directory / "released" / volume / "data"

    def job(self, uid: str) -> Path:
        return self.directory / "jobs" / uid


def walk(root: Path) -> Iterator[Path]:
    """Everything below `root` but what is kept apart, in order; links are not followed."""
    for entry in sorted(os.scandir(root), key=lambda e: e.name):
        if entry.name in APART:
            continue
        path = Path(entry.path)
        yield path
        if entry.is_dir(follow_symlinks=False):
            yield from walk(path)


def fill(root: Path, items: Iterable[Item], *, uid: int, gid: int, now: datetime, kind: Owners) -> None:
    """Make what is not there yet. Times of directories are set last: filling them changes these."""
    made: list[tuple[Path, float]] = []
    for item in items:
        path = root / item.path
        if item.path and os.path.lexists(path):
            continue
        create(path, item, uid, gid, kind)
        made.append((path, now.timestamp() - item.age))
    for path, at in reversed(made):
        os.utime(path, (at, at), follow_symlinks=False)


def create(path: Path, item: Item, uid: int, gid: int, kind: Owners) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if item.link:
        path.symlink_to(item.link)
    elif item.data is None:
        path.mkdir(exist_ok=True)
    else:
        path.write_bytes(item.data)
    if not item.link:
        path.chmod(item.mode or (0o755 if item.data is None else 0o644))
    owners.give(path, uid, gid, kind)


def remake(root: Path, items: Iterable[Item], *, uid: int, gid: int, now: datetime, kind: Owners) -> None:
    """
    Put a fresh filesystem in place of what `root` holds: `lost+found`, the items, and a root that the kubelet gave to
    the pod's group. It is made beside and renamed, so that nobody sees it half full. One at a time may do this.
    """
    old, new = (root.with_name(f".{part}-{root.name}") for part in ("old", "new"))
    remove(old)
    remove(new)
    new.mkdir(parents=True)
    new.chmod(0o755)
    (new / "lost+found").mkdir(mode=0o700)
    owners.give(new / "lost+found", 0, 0, kind)
    owners.give(new, uid, gid, kind)
    fill(new, items, uid=uid, gid=gid, now=now, kind=kind)
    if root.exists():
        root.rename(old)
    new.rename(root)
    remove(old)


def remove(path: Path) -> None:
    """Gone already is well. A directory that forbids it to an ordinary user is opened first."""
    if not os.path.lexists(path):
        return
    for folder, _, _ in os.walk(path):
        if not os.access(folder, os.W_OK | os.X_OK):
            os.chmod(folder, 0o700)
    shutil.rmtree(path)


def copy(source: Path, target: Path, *, seconds: float = 600) -> None:
    """
    Copy a tree with owners, modes, times, links and attributes, whole or not at all: it is made beside and renamed.
    Raises OSError if it cannot be.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".part-{target.name}")
    remove(part)
    command = ["cp", "-a", "--reflink=auto", "--", str(source), str(part)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)
    if done.returncode:
        raise OSError(done.stderr.strip() or f"cp ended with code {done.returncode}")
    part.rename(target)


def weigh(root: Path) -> int:
    """Bytes of everything below `root`, what runs keep there too. What goes away meanwhile counts nothing."""
    total = 0
    for folder, _, files in os.walk(root):
        for name in files:
            try:
                total += os.lstat(os.path.join(folder, name)).st_size
            except FileNotFoundError:
                continue
    return total


def prints(root: Path, kind: Owners, *, apart: bool = False) -> dict[str, list[Any]]:
    """
    What must be the same for two trees to be the same: by path, the type, owner, mode, content and time (ns) of each;
    the root's own time says nothing. With `apart` also what runs keep in `.aftermath`.
    """
    seen = {str(path.relative_to(root)): fingerprint(path, kind) for path in walk(root)}
    seen["."] = fingerprint(root, kind)[:-1]
    if apart and (root / OURS).is_dir():
        ours = [root / OURS, *walk(root / OURS)]
        seen |= {str(path.relative_to(root)): fingerprint(path, kind)[:-1] for path in ours}
    return seen


def fingerprint(path: Path, kind: Owners) -> list[Any]:
    here = path.lstat()
    if stat.S_ISLNK(here.st_mode):
        content = os.readlink(path)
    elif stat.S_ISREG(here.st_mode):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
    else:
        content = ""
    uid, gid = owners.owner(path, kind)
    kind_of = stat.filemode(here.st_mode)[0]
    return [kind_of, f"{uid}:{gid}", oct(stat.S_IMODE(here.st_mode)), content, here.st_mtime_ns]
