"""Owners of what was unpacked, where tar could not give the files away, or where they were kept beside the files."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable
from typing import IO

from backups.agent.ground import Ground
from backups.agent.judge import XATTR, RootSeen, inside, owner_of
from backups.agent.tarstream import Member, Taker
from backups.agent.tree import KEPT, Doors, chmod, open_new

LIST = "owners.settle.jsonl"
PRIVILEGED = stat.S_ISUID | stat.S_ISGID


class Settled:
    """
    Notes, as entries pass, whose owner tar will not set; `apply` sets it. Under an ordinary user that is every owner
    but himself who is not in an attribute already; under root it is every one kept in an attribute (`beside`).
    """

    def __init__(self, ground: Ground, run_dir: int, *, beside: bool) -> None:
        self.ground, self.run_dir, self.beside = ground, run_dir, beside
        self.real = ground.owners.kind == "real"
        self.ourselves = (os.geteuid(), os.getegid())
        self.file: IO[bytes] = open_new(LIST, run_dir)

    def __enter__(self) -> Settled:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def after(self, admit: Callable[[Member], Taker | None]) -> Callable[[Member], Taker | None]:
        def both(member: Member) -> Taker | None:
            taker = admit(member)
            if member.kind in ("file", "directory") and self._ours_to_set(member):
                path = inside(member.path)
                if path and path.partition("/")[0] not in KEPT:
                    self.file.write(json.dumps([path, *owner_of(member), member.mode]).encode() + b"\n")
            return taker

        return both

    def _ours_to_set(self, member: Member) -> bool:
        kept = XATTR in member.attributes
        if self.real:
            return self.beside and kept
        return not kept and owner_of(member) != self.ourselves

    def apply(self, staging: int, root: RootSeen | None) -> list[str]:
        """Returns notes. The list is gone afterwards."""
        notes: list[str] = []
        set_owner = self.ground.owners.set
        with Doors(staging) as doors, open(f"/proc/self/fd/{self.run_dir}/{LIST}", "rb") as lines:
            for line in lines:
                path, uid, gid, mode = json.loads(line)
                try:
                    parent, name = doors.of(path)
                    set_owner(name, uid, gid, dir_fd=parent)
                    if mode & PRIVILEGED:
                        chmod(name, mode, parent)
                except PermissionError:
                    notes = ["owners-not-all-set"]
        os.unlink(LIST, dir_fd=self.run_dir)
        self._root(staging, root)
        return notes

    def _root(self, staging: int, seen: RootSeen | None) -> None:
        """The mount root too: from the archive, else as it is now."""
        owners, live = self.ground.owners, os.fstat(self.ground.root)
        uid, gid = (seen.uid, seen.gid) if seen else owners.get(".", dir_fd=self.ground.root)
        mode = seen.mode if seen else stat.S_IMODE(live.st_mode)
        owners.set(".", uid, gid, dir_fd=staging)
        os.fchmod(staging, mode if os.geteuid() == 0 else mode | 0o700)
