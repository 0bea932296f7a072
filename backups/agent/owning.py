"""
The verbs `own` and `unown`: give files to whom they belong, and take it back exactly.

Before anything is changed, what will be changed is written to owners.undo.jsonl as it is, durably. A second start adds
what it finds to that list; `unown` goes through it from its end, so that the oldest truth is applied last.
"""

from __future__ import annotations

import base64
import contextlib
import os
import stat
from collections.abc import Iterator
from typing import Any

from backups.agent.ground import STAGING, Ground
from backups.agent.listing import CAPABILITY, LIST, UNDO, Kept, backwards, differing, needed, open_list
from backups.agent.owners import full
from backups.agent.speak import Speaker
from backups.agent.tree import DIRECTORY, Doors, Walk, chmod
from backups.agent.values import Listed, Owning, OwnSpec, RunSpec, Unowned
from backups.errors import Refused

ROUNDS = 100  # an ordinary user gets into one more level of closed directories with each round
PRIVILEGED = stat.S_ISUID | stat.S_ISGID


def own(spec: OwnSpec, speaker: Speaker) -> Owning:
    with Ground(spec, speaker, changes=True) as ground:
        return Giving(ground, spec).give()


class Giving:
    def __init__(self, ground: Ground, spec: OwnSpec) -> None:
        self.ground, self.spec = ground, spec
        self.run_dir = ground.run_dir()
        self.root = place(ground, spec.where, self.run_dir)
        self.changed = self.of = self.cleared = self.closed = 0
        self.first: list[Listed] = []

    def give(self) -> Owning:
        for _ in range(ROUNDS):
            if not self._round() or not self.closed:
                break
        return Owning(
            changed=self.changed,
            of=self.of,
            undo=self.ground.path(UNDO),
            first=self.first,
            cleared=self.cleared,
        )

    def _round(self) -> int:
        """List what is not as wanted, then change it. How much was changed."""
        old = open_list(self.run_dir, UNDO)
        start = 0
        with Kept(self.run_dir, UNDO) as kept:
            if old is not None:
                with old:
                    kept.carry_on(old)
                    start = old.tell()
            for path, found in self._found():
                found["where"] = self.spec.where
                kept.add(found, path)
        self.first = self.first or kept.first
        return self._change(start, kept.count)

    def _found(self) -> Iterator[tuple[str, dict[str, Any]]]:
        owners, spec = self.ground.owners, self.spec
        if spec.only_listed:
            yield from self._listed()
            return
        if found := differing(".", self.root, owners, spec.uid, spec.gid, spec.modes):
            yield ".", found
        self.of = 1
        walk = Walk(self.root)
        for entry in walk:
            self.of += 1
            self.ground.speaker.progress("look", files=self.of)
            if found := differing(entry.name, entry.dir_fd, owners, spec.uid, spec.gid, spec.modes):
                yield entry.path, found
        self.closed = walk.unreadable

    def _listed(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Only what a look before listed and a person approved, where it still differs."""
        if (lines := open_list(self.run_dir, LIST)) is None:
            raise Refused("No list of what is to be changed was kept by this run.", code="no-undo")
        self.of = 0
        with lines, Doors(self.root) as doors:
            for line in backwards(lines):
                self.of += 1
                with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                    parent, name = doors.of(line["path"])
                    spec = self.spec
                    if found := differing(name, parent, self.ground.owners, spec.uid, spec.gid, spec.modes):
                        yield line["path"], found

    def _change(self, start: int, count: int) -> int:
        """Go through the list from where this round's part begins."""
        lines = open_list(self.run_dir, UNDO)
        assert lines is not None
        done = 0
        with lines, Doors(self.root) as doors:
            for line in backwards(lines, start):
                with contextlib.suppress(FileNotFoundError, NotADirectoryError):
                    self._one(doors, line)
                    done += 1
                self.ground.speaker.progress("own", files=done, of_files=count)
        self.changed += done
        return done

    def _one(self, doors: Doors, line: dict[str, Any]) -> None:
        parent, name = doors.of(line["path"])
        mode = os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode
        if (line["uid"], line["gid"]) != (self.spec.uid, self.spec.gid):
            self.ground.owners.set(name, self.spec.uid, self.spec.gid, dir_fd=parent)
        after = os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode
        if stat.S_ISREG(mode) and ((mode & ~after) & PRIVILEGED or "capability" in line):
            self.cleared += 1
        if self.spec.modes and (missing := needed(after) & ~stat.S_IMODE(after)):
            chmod(name, stat.S_IMODE(after) | missing, parent)


def unown(spec: RunSpec, speaker: Speaker) -> Unowned:
    with Ground(spec, speaker, changes=True) as ground:
        run_dir = ground.run_dir()
        if (lines := open_list(run_dir, UNDO)) is None:
            raise Refused("This run has changed no owner.", code="no-undo")
        changed = missing = 0
        roots: dict[str, Doors] = {}
        with lines, contextlib.ExitStack() as stack:
            for line in backwards(lines):
                try:
                    if line["where"] not in roots:
                        root = place(ground, line["where"], run_dir)
                        roots[line["where"]] = stack.enter_context(Doors(root))
                    back(ground, roots[line["where"]], line)
                    changed += 1
                except (FileNotFoundError, NotADirectoryError, Refused):
                    missing += 1
                speaker.progress("give back", files=changed)
        return Unowned(changed=changed, missing=missing)


def back(ground: Ground, doors: Doors, line: dict[str, Any]) -> None:
    """One entry as it was: owner, permission bits, capabilities. Another kind of thing in its place is left alone."""
    parent, name = doors.of(line["path"])
    mode = os.stat(name, dir_fd=parent, follow_symlinks=False).st_mode
    if stat.S_IFMT(mode) != line["type"]:
        raise FileNotFoundError(line["path"])
    ground.owners.set(name, line["uid"], line["gid"], dir_fd=parent)
    if not stat.S_ISLNK(mode):
        chmod(name, line["mode"], parent)
    if "capability" in line:
        with contextlib.suppress(OSError):
            value = base64.b64decode(line["capability"])
            os.setxattr(full(name, parent), CAPABILITY, value, follow_symlinks=False)


def place(ground: Ground, where: str, run_dir: int) -> int:
    if where == "live":
        return ground.root
    try:
        return ground.keep(os.open(STAGING, DIRECTORY, dir_fd=run_dir))
    except FileNotFoundError:
        raise Refused("The staging of this run is gone.", code="no-staging") from None
