"""
The verbs `swap` and `unswap`: what was staged takes the place of what is live, and back. Nothing is deleted.

The plan (names live before, names staged) is on the disk before the first rename. Forward: every live name goes to
`previous`; that done, the journal says `aside`; then every staged name goes to the root. Back: the staged names return
to `staging`; that done, the journal says that nothing is aside any more; then the live names return. So until `aside`
every staged name is in staging and each live one at the root or in previous; from then on every live name is in
previous and each staged one in staging or at the root. A process killed anywhere can be followed by either verb, which
brings exactly the one state or the other.

A name that the application makes meanwhile is not lost either: it goes with the state that it was made in, or, where
its place is taken, to `strays` under a number.
"""

from __future__ import annotations

import os
import stat

from backups.agent import journal
from backups.agent.ground import PREVIOUS, STAGING, STRAYS, Ground, sync
from backups.agent.journal import Journal
from backups.agent.restoring import done
from backups.agent.speak import Speaker
from backups.agent.tree import KEPT, chmod, exists
from backups.agent.values import RunSpec, Swapped
from backups.errors import Refused
from backups.manifest import shown


def swap(spec: RunSpec, speaker: Speaker) -> Swapped:
    with Ground(spec, speaker, changes=True) as ground:
        return Swap(ground).forward()


def unswap(spec: RunSpec, speaker: Speaker) -> Swapped:
    with Ground(spec, speaker, changes=True) as ground:
        return Swap(ground).backward()


class Swap:
    def __init__(self, ground: Ground) -> None:
        self.ground, self.root, self.run_dir = ground, ground.root, ground.run_dir()
        found = journal.read(self.run_dir)
        if found is not None and found.state in ("purging", "purged"):
            raise Refused("What was kept by this run has been purged.", code="purged")
        self.found = found

    def forward(self) -> Swapped:
        if self.found is not None and self.found.state == "swapped":
            return self._told(self.found, again=True)
        plan = self.found
        if plan is None or plan.state == "back":
            plan = self._plan()
        self._open_places()
        self._note(plan, state="forward")
        if not plan.aside:
            self._put_aside(plan)
        self._put_in_place(plan)
        self._close(plan, {"live": self.previous, "staged": self.root})
        self._root_as(plan.after)
        self._note(plan, state="swapped")
        return self._told(plan, again=False)

    def backward(self) -> Swapped:
        if self.found is None or self.found.state in ("planned", "none"):
            raise Refused("This run has swapped nothing.", code="not-swapped")
        plan = self.found
        if plan.state == "back":
            return self._told(plan, again=True)
        self._open_places()
        self._note(plan, state="backing")
        if plan.aside:
            self._take_out(plan)
        self._put_back(plan)
        self._close(plan, {"live": self.root, "staged": self.staging})
        self._root_as(plan.before)
        self._note(plan, state="back")
        return self._told(plan, again=False)

    def _plan(self) -> Journal:
        """What will move where, on the disk before anything moves."""
        if done(self.run_dir) is None:
            raise Refused("This run has not restored anything, or not to the end.", code="not-restored")
        if not exists(STAGING, self.run_dir):
            raise Refused("The staging of this run is gone.", code="no-staging")
        staging = self.ground.directory(STAGING, self.run_dir)
        plan = Journal("planned", names(self.root), names(staging), self._root_is(self.root), self._root_is(staging))
        device = os.fstat(self.root).st_dev
        for name in plan.live:
            if os.stat(name, dir_fd=self.root, follow_symlinks=False).st_dev != device:
                raise Refused(f"{shown(name)} is mounted from elsewhere.", code="mount-point", path=shown(name))
        journal.begin(self.run_dir, plan)
        return plan

    def _open_places(self) -> None:
        self.staging = self.ground.directory(STAGING, self.run_dir)
        self.previous = self.ground.directory(PREVIOUS, self.run_dir)
        for place in (self.root, self.staging):
            mode = stat.S_IMODE(os.fstat(place).st_mode)
            if mode & 0o700 != 0o700:  # an ordinary user may not move anything out of it
                os.fchmod(place, mode | 0o700)

    def _put_aside(self, plan: Journal) -> None:
        for name in plan.live:
            if not exists(name, self.previous):
                self._move(plan, "live", name, self.root, self.previous)
        for name in names(self.root):
            self._late(plan, name)
        self._sync(self.root, self.previous)
        self._note(plan, aside=True)

    def _put_in_place(self, plan: Journal) -> None:
        staged = set(plan.staged)
        for name in names(self.root):
            if name not in staged or exists(name, self.staging):
                self._late(plan, name)
        for name in plan.staged:
            if exists(name, self.staging):
                self._move(plan, "staged", name, self.staging, self.root)
        self._sync(self.staging, self.root)

    def _take_out(self, plan: Journal) -> None:
        for name in names(self.root):
            if exists(name, self.staging):
                self._stray(plan, name)
                continue
            if name not in plan.staged:  # made while the new state was live: it goes with it
                self._note(plan, staged=name)
            self._move(plan, "staged", name, self.root, self.staging)
        self._sync(self.root, self.staging)
        self._note(plan, aside=False)

    def _put_back(self, plan: Journal) -> None:
        for name in plan.live:
            if exists(name, self.previous):
                if exists(name, self.root):
                    self._stray(plan, name)
                self._move(plan, "live", name, self.previous, self.root)
        self._sync(self.previous, self.root)

    def _late(self, plan: Journal, name: str) -> None:
        """A name that was made after the plan, while the old state was on its way out: it is the old state's."""
        if exists(name, self.previous):
            self._stray(plan, name)
        else:
            self._note(plan, live=name)
            self._move(plan, "live", name, self.root, self.previous)

    def _stray(self, plan: Journal, name: str) -> None:
        """A name that stands in the way, made by somebody else just now: put aside under a number, and noted."""
        strays = self.ground.directory(STRAYS, self.run_dir)
        number = len(os.listdir(strays)) + 1
        while exists(str(number), strays):
            number += 1
        self._note(plan, stray=name, number=number)
        os.rename(name, str(number), src_dir_fd=self.root, dst_dir_fd=strays)

    def _move(self, plan: Journal, side: str, name: str, source: int, target: int) -> None:
        if not exists(name, source):
            return  # somebody deleted it: there is nothing to keep
        try:
            os.rename(name, name, src_dir_fd=source, dst_dir_fd=target)
        except PermissionError:  # a directory that its owner may not write to does not move either
            mode = stat.S_IMODE(os.stat(name, dir_fd=source, follow_symlinks=False).st_mode)
            self._note(plan, opened=side, name=name, mode=mode)
            chmod(name, mode | 0o700, source)
            os.rename(name, name, src_dir_fd=source, dst_dir_fd=target)

    def _close(self, plan: Journal, places: dict[str, int]) -> None:
        """Directories that were opened to be moved get their modes back, where they are now."""
        if plan.opened:
            for side, name, mode in reversed(plan.opened):
                if exists(name, places[side]):
                    chmod(name, mode, places[side])
            self._note(plan, closed=True)

    def _sync(self, *places: int) -> None:
        for place in places:
            os.fsync(place)

    def _note(self, plan: Journal, **line: object) -> None:
        journal.note(self.run_dir, plan, **line)

    def _root_is(self, place: int) -> dict[str, int]:
        uid, gid = self.ground.owners.get(".", dir_fd=place)
        return {"uid": uid, "gid": gid, "mode": stat.S_IMODE(os.fstat(place).st_mode)}

    def _root_as(self, wanted: dict[str, int]) -> None:
        self.ground.owners.set(".", wanted["uid"], wanted["gid"], dir_fd=self.root)
        os.fchmod(self.root, wanted["mode"])
        sync(self.root)

    def _told(self, plan: Journal, *, again: bool) -> Swapped:
        return Swapped(
            state="back" if plan.state == "back" else "swapped",
            live=len(plan.live),
            staged=len(plan.staged),
            previous=self.ground.path(PREVIOUS),
            again=again,
        )


def names(place: int) -> list[str]:
    return sorted(name for name in os.listdir(place) if name not in KEPT)
