"""The verbs `discard` (what was staged) and `purge` (what a swap put aside): the only ones that destroy anything."""

from __future__ import annotations

import contextlib
import os

from backups.agent import journal
from backups.agent.ground import PURGED, SCRATCH, STAGING, UNPACKED, Ground, clear
from backups.agent.restoring import KEPT
from backups.agent.speak import Speaker
from backups.agent.tree import exists
from backups.agent.values import PurgeSpec, Removed, RunSpec
from backups.errors import Refused


def discard(spec: RunSpec, speaker: Speaker) -> Removed:
    """Remove what this run staged. After a swap there is nothing in it; in the middle of one it is refused."""
    with Ground(spec, speaker, changes=True) as ground:
        run_dir = ground.run_dir()
        found = journal.read(run_dir)
        over(found)
        there = exists(STAGING, run_dir)
        if found is None or found.state in ("planned", "back"):
            for name in (journal.NAME, KEPT):  # first: without these, what is left is no whole staging any more
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(name, dir_fd=run_dir)
            os.fsync(run_dir)
        for name in (SCRATCH, UNPACKED):
            clear(name, run_dir, speaker, "discard")
        files, freed = clear(STAGING, run_dir, speaker, "discard")
        return Removed(removed=there, files=files, bytes=freed)


def purge(spec: PurgeSpec, speaker: Speaker) -> Removed:
    """Destroy what the swap of this run put aside. It cannot be taken back, so the run must be named twice."""
    if spec.confirm != spec.run:
        raise Refused("The run to purge must be named twice.", code="not-confirmed")
    with Ground(spec, speaker, changes=True) as ground:
        run_dir = ground.run_dir()
        found = journal.read(run_dir)
        over(found)
        if found is None or found.state not in ("swapped", "purging"):
            return Removed(removed=False, files=0)
        journal.note(run_dir, found, state="purging")
        files = freed = 0
        for name in PURGED:
            count, size = clear(name, run_dir, speaker, "purge")
            files, freed = files + count, freed + size
        journal.note(run_dir, found, state="purged")
        return Removed(removed=True, files=files, bytes=freed)


def over(found: journal.Journal | None) -> None:
    if found is not None and found.state in ("forward", "backing"):
        raise Refused("The swap of this run is not over: go on or back first.", code="swap-unfinished")
