"""Owners of what was unpacked, where tar could not give the files away, or where they were kept beside the files."""

from __future__ import annotations

import base64
import json
import os
import stat
from collections.abc import Callable
from typing import IO

from backups.agent.ground import Ground
from backups.agent.judge import XATTR, RootSeen, inside, owner_of
from backups.agent.owners import Owner, attach
from backups.agent.tarstream import Member, Taker
from backups.agent.tree import KEPT, Doors, chmod, open_new

LIST = "owners.settle.jsonl"
PREFIX = "SCHILY.xattr."
PRIVILEGED = stat.S_ISUID | stat.S_ISGID


class Settled:
    """
    Notes, as entries pass, what tar will not set; `apply` sets it. Under an ordinary user that is every owner but
    himself, and every extended attribute; under root it is every owner that was kept in an attribute (`beside`).
    """

    def __init__(self, ground: Ground, run_dir: int, *, beside: bool) -> None:
        self.ground, self.run_dir, self.beside = ground, run_dir, beside
        self.real = ground.owners.kind == "real"
        self.root = os.geteuid() == 0
        self.ourselves = (os.geteuid(), os.getegid())
        self.file: IO[bytes] = open_new(LIST, run_dir)

    def __enter__(self) -> Settled:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def after(self, admit: Callable[[Member], Taker | None]) -> Callable[[Member], Taker | None]:
        def both(member: Member) -> Taker | None:
            taker = admit(member)
            if member.kind in ("file", "directory"):
                self._note(member)
            return taker

        return both

    def _note(self, member: Member) -> None:
        owner, attributes = self._owner(member), {} if self.root else attributes_of(member)
        if owner is None and not attributes:
            return
        path = inside(member.path)
        if path and path.partition("/")[0] not in KEPT:
            self.file.write(json.dumps([path, owner, member.mode, attributes]).encode() + b"\n")

    def _owner(self, member: Member) -> Owner | None:
        """The owner that is still to be set."""
        kept = XATTR in member.attributes
        if self.real:
            return owner_of(member) if self.beside and kept else None
        if kept and self.root:
            return None
        return owner_of(member) if kept or owner_of(member) != self.ourselves else None

    def apply(self, staging: int, root: RootSeen | None) -> list[str]:
        """Returns notes. The list is gone afterwards."""
        notes: list[str] = []
        with Doors(staging) as doors, open(f"/proc/self/fd/{self.run_dir}/{LIST}", "rb") as lines:
            for line in lines:
                path, owner, mode, attributes = json.loads(line)
                try:
                    self._one(*doors.of(path), owner, mode, attributes)
                except PermissionError:
                    notes = ["owners-not-all-set"]
        os.unlink(LIST, dir_fd=self.run_dir)
        self._root(staging, root)
        return notes

    def _one(self, parent: int, name: str, owner: Owner | None, mode: int, attributes: dict[str, str]) -> None:
        for key, value in attributes.items():
            attach(name, key, base64.b64decode(value), dir_fd=parent)
        if owner is not None:
            self.ground.owners.set(name, *owner, dir_fd=parent)
            if mode & PRIVILEGED:
                chmod(name, mode, parent)

    def _root(self, staging: int, seen: RootSeen | None) -> None:
        """The mount root too: from the archive, else as it is now."""
        owners, live = self.ground.owners, os.fstat(self.ground.root)
        uid, gid = (seen.uid, seen.gid) if seen else owners.get(".", dir_fd=self.ground.root)
        mode = seen.mode if seen else stat.S_IMODE(live.st_mode)
        owners.set(".", uid, gid, dir_fd=staging)
        os.fchmod(staging, mode if os.geteuid() == 0 else mode | 0o700)


def attributes_of(member: Member) -> dict[str, str]:
    """What `user.*` attributes an entry has, but for the owner's."""
    return {
        key.removeprefix(PREFIX).replace("%3D", "=").replace("%25", "%"): base64.b64encode(value).decode()
        for key, value in member.attributes.items()
        if key.startswith(f"{PREFIX}user.") and key != XATTR
    }
