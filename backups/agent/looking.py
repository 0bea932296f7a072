"""The verb `inspect`: what is there, counted and named, with nothing changed."""

from __future__ import annotations

import contextlib
import os
import stat

from backups.agent import journal, sentinels
from backups.agent.counting import Tally, moment
from backups.agent.ground import PREVIOUS, PURGED, STAGING, Ground, filesystem_id, opened, opened_data
from backups.agent.listing import LIST, Kept, differing
from backups.agent.speak import Speaker
from backups.agent.tree import DIRECTORY, OURS, Walk, exists
from backups.agent.values import Counts, Differing, Inspected, InspectSpec, Root, Run, RunState
from backups.errors import Refused
from backups.manifest import shown


def inspect(spec: InspectSpec, speaker: Speaker) -> Inspected:
    keeping = spec.wanted is not None and spec.wanted.keep_list
    with Ground(spec, speaker, changes=keeping) as ground, opened_data(spec.source or spec.data) as root:
        return look(ground, spec, root)


def look(ground: Ground, spec: InspectSpec, root: int) -> Inspected:
    tally, walk, wanted = Tally(), Walk(root), spec.wanted
    space, (total_bytes, free_bytes) = os.fstatvfs(root), ground.space()
    path = ground.path(LIST) if wanted and wanted.keep_list else None
    with Kept(ground.run_dir() if path else None) as kept:
        if wanted and (odd := differing(".", root, ground.owners, wanted.uid, wanted.gid, wanted.modes)):
            kept.add(odd)
        for entry in walk:
            tally.entry(entry.path, entry.stat, ground.owners.get(entry.name, dir_fd=entry.dir_fd))
            ground.speaker.progress("inspect", files=tally.files, bytes=tally.bytes)
            if wanted and (
                odd := differing(entry.name, entry.dir_fd, ground.owners, wanted.uid, wanted.gid, wanted.modes)
            ):
                kept.add(odd, entry.path)
    own = os.fstat(root)
    uid, gid = ground.owners.get(".", dir_fd=root)
    return Inspected(
        filesystem_id=filesystem_id(root) if spec.source else ground.filesystem_id,
        device=own.st_dev,
        total_bytes=total_bytes,
        free_bytes=free_bytes,
        total_inodes=space.f_files,
        used_inodes=space.f_files - space.f_ffree,
        free_inodes=space.f_favail,
        read_only=bool(space.f_flag & os.ST_RDONLY),
        files=tally.files,
        directories=tally.directories,
        bytes=tally.bytes,
        special=tally.special,
        unreadable=walk.unreadable,
        top=tally.folders(),
        owners=tally.histogram(),
        newest=moment(tally.newest),
        oldest=moment(tally.oldest),
        sentinels=sentinels.look(root, spec.sentinels),
        root=Root(uid=uid, gid=gid, mode=stat.S_IMODE(own.st_mode)),
        runs=runs(root),
        differing=Differing(count=kept.count, first=kept.first, list=path) if wanted else None,
        aside=aside(root, spec.aside, speaker=ground.speaker) if spec.aside else None,
    )


def aside(root: int, run: str, *, speaker: Speaker) -> Counts | None:
    """What a purge of this run would remove; None where it left nothing."""
    tally, there = Tally(), False
    with contextlib.ExitStack() as stack:
        try:
            run_dir = stack.enter_context(opened(run, stack.enter_context(opened(OURS, root))))
        except (FileNotFoundError, NotADirectoryError):
            return None
        for name in PURGED:
            with contextlib.suppress(FileNotFoundError), opened(name, run_dir) as kept:
                there = True
                for entry in Walk(kept, leave_out=frozenset()):
                    tally.entry(entry.path, entry.stat, (0, 0))
                    speaker.progress("inspect", files=tally.files, bytes=tally.bytes)
    return Counts(files=tally.files, directories=tally.directories, bytes=tally.bytes) if there else None


def runs(root: int) -> list[Run]:
    """What earlier runs left."""
    try:
        with opened(OURS, root) as ours:
            names = sorted(name for name in os.listdir(ours) if stat.S_ISDIR(os.stat(name, dir_fd=ours).st_mode))
            return [run(name, ours) for name in names]
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return []


def run(name: str, ours: int) -> Run:
    fd = os.open(name, DIRECTORY, dir_fd=ours)
    try:
        return Run(run=shown(name), state=state(fd), staging=exists(STAGING, fd), previous=exists(PREVIOUS, fd))
    finally:
        os.close(fd)


def state(run_dir: int) -> RunState:
    try:
        found = journal.read(run_dir)
    except Refused:
        return "forward"  # a swap that nobody can tell about is treated as one that is not over
    return "none" if found is None else found.state
