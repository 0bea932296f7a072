"""Trees of files for the agent's tests: made, described whole, and handed to root or to an ordinary user."""

from __future__ import annotations

import hashlib
import io
import json
import os
import pickle
import shutil
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from backups.agent import owners
from backups.agent.__main__ import answer
from backups.agent.speak import Speaker
from backups.agent.tree import KEPT

SHM = "/dev/shm" if os.path.isdir("/dev/shm") else None
SOMEBODY = 12_345
OTHERS = (1000, 1000)


class Refusal(Exception):
    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(f"{error['code']}: {error['message']}")
        self.code, self.params = error["code"], error["params"]


class Worker:
    """
    Runs things as whom the owners' kind is for: `real` as root, `beside` as an ordinary user, in a forked child when
    the tests themselves run as root. `place` is a directory of that user's on tmpfs.
    """

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.becomes = kind == "beside" and os.geteuid() == 0
        self.place = Path(tempfile.mkdtemp(prefix="aftermath-test-", dir=SHM))
        self.data = self.place / "data"
        self.data.mkdir()
        if self.becomes:
            for path in (self.place, self.data):
                os.chown(path, SOMEBODY, SOMEBODY)
        self.owners = owners.choose(kind)  # type: ignore[arg-type]

    def close(self) -> None:
        os.chmod(self.place, 0o700)
        for path, folders, _ in os.walk(self.place):
            for name in folders:
                if not os.path.islink(os.path.join(path, name)):
                    os.chmod(os.path.join(path, name), 0o700)
        shutil.rmtree(self.place)

    def do(self, act: Callable[..., Any], *args: Any) -> Any:
        """`act(*args)` as that user; what it returns or raises comes back."""
        if not self.becomes:
            return act(*args)
        reading, writing = os.pipe()
        if not (child := os.fork()):
            os.setgroups([])
            os.setgid(SOMEBODY)
            os.setuid(SOMEBODY)
            try:
                told: tuple[bool, Any] = True, act(*args)
            except BaseException as error:  # noqa: BLE001 - it is raised again on the other side
                told = False, error
            with os.fdopen(writing, "wb") as pipe:
                pickle.dump(told, pipe)
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            fine, value = pickle.loads(pipe.read() or pickle.dumps((False, EOFError("the child was killed"))))
        os.waitpid(child, 0)
        if not fine:
            raise value
        return value

    def agent(self, verb: str, **spec: Any) -> dict[str, Any]:
        """A verb's result; Refusal for its error."""
        spec = {"data": str(self.data), "owners": self.kind, **spec}
        line = self.do(answer, verb, json.dumps(spec).encode(), Speaker(io.StringIO()))
        if "error" in line:
            raise Refusal(line["error"])
        return line["result"]

    def seen(self, root: Path | None = None) -> dict[str, Any]:
        return self.do(describe, root or self.data, self.owners)

    def fill(self, files: dict[str, Any], root: Path | None = None) -> None:
        self.do(fill, root or self.data, files, self.owners)


def fill(root: Path, files: dict[str, Any], keeper: owners.Owners) -> None:
    """
    Make a tree. A value is bytes (a file), None (a directory), a str (a link to there), or a dict with `data`, and any
    of `mode`, `owner`, `mtime` (ns), `xattrs`, `hard` (another path), `hole` (its size).
    """
    late = []
    for name, what in files.items():
        path = os.path.join(root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        told = what if isinstance(what, dict) else {"data": what}
        if "hard" in told:
            os.link(os.path.join(root, told["hard"]), path, follow_symlinks=False)
        elif isinstance(told.get("data"), str):
            os.symlink(told["data"], path)
        elif told.get("data") is None and "hole" not in told:
            os.makedirs(path, exist_ok=True)
        else:
            with open(path, "wb") as file:
                file.write(told.get("data") or b"")
                if "hole" in told:
                    file.truncate(told["hole"])
        late.append((path, told))
    for path, told in reversed(late):
        for key, value in told.get("xattrs", {}).items():
            os.setxattr(path, f"user.{key}", value, follow_symlinks=False)
        if "owner" in told:
            keeper.set(path, *told["owner"])
        if "mode" in told:
            os.chmod(path, told["mode"])
        if "mtime" in told:
            os.utime(path, ns=(told["mtime"], told["mtime"]), follow_symlinks=False)


def describe(root: Path, keeper: owners.Owners) -> dict[str, Any]:
    """Everything that a copy must keep of every entry, by path; "." is the root itself, without its time."""
    found: dict[str, Any] = {".": (*keeper.get(str(root)), stat.S_IMODE(os.lstat(root).st_mode))}
    inodes: dict[int, str] = {}
    for folder, directories, files in os.walk(root):
        if folder == str(root):
            directories[:] = [name for name in directories if name not in KEPT]
        directories.sort()
        for name in directories + sorted(files):
            path = os.path.join(folder, name)
            found[os.path.relpath(path, root)] = one(path, keeper, inodes, root)
    return found


def one(path: str, keeper: owners.Owners, inodes: dict[int, str], root: Path) -> tuple[Any, ...]:
    seen = os.lstat(path)
    xattrs = {}
    if not stat.S_ISLNK(seen.st_mode):
        xattrs = {key: os.getxattr(path, key) for key in os.listxattr(path) if key.startswith("user.")}
        xattrs.pop(owners.ATTRIBUTE, None)
    owner = keeper.get(path) if keeper.carries(seen.st_mode) else None
    what: Any = None
    if stat.S_ISLNK(seen.st_mode):
        what = os.readlink(path)
    elif stat.S_ISREG(seen.st_mode):
        what = seen.st_size, hashlib.sha256(Path(path).read_bytes()).hexdigest()
    group = inodes.setdefault(seen.st_ino, os.path.relpath(path, root)) if seen.st_nlink > 1 and what else None
    return stat.S_IFMT(seen.st_mode), stat.S_IMODE(seen.st_mode), owner, seen.st_mtime_ns, what, xattrs, group
