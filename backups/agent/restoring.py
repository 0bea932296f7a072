"""
The verb `restore`: an archive, or a snapshot's directory, into DATA/.aftermath/RUN/staging. Live files are not touched.

Each entry is judged before tar is given the bytes that hold it; where no manifest says how much there should be, a
listing pass over the whole archive comes first. A digest that is wrong, an end that is missing or an entry that is
refused leaves no staging.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime

import msgspec

from backups.agent import journal
from backups.agent.counting import moment
from backups.agent.gnutar import Tar, extract
from backups.agent.ground import STAGING, Ground, clear, sync
from backups.agent.judge import Judge, Limits
from backups.agent.settling import Settled
from backups.agent.sources import InDirectory, Origin, origin
from backups.agent.speak import Speaker
from backups.agent.tarstream import Scanner
from backups.agent.tree import exists, read_ours, write_whole
from backups.agent.values import Restored, RestoreSpec
from backups.errors import Refused
from backups.manifest import Manifest

KEPT = "restored.json"  # written last: without it a staging is not whole
END = memoryview(bytes(1024))
ROOM = 1.1  # free bytes asked for, of what will be unpacked


class Done(msgspec.Struct, frozen=True):
    """What is remembered of a restore. `manifest` is what staging is verified against."""

    restored: Restored
    manifest: Manifest


def restore(spec: RestoreSpec, speaker: Speaker) -> Restored:
    with Ground(spec, speaker, changes=True) as ground:
        run_dir = ground.run_dir()
        if (before := done(run_dir)) is not None and (exists(STAGING, run_dir) or swapping(run_dir)):
            return msgspec.structs.replace(before.restored, again=True)
        if swapping(run_dir):
            raise Refused("This run has begun to swap.", code="swap-unfinished")
        clear(STAGING, run_dir, speaker, "clear")
        try:
            told = Unpacking(ground, spec, run_dir).unpack()
        except Exception:
            clear(STAGING, run_dir, speaker, "clear")
            raise
        write_whole(KEPT, msgspec.json.encode(told), run_dir)
        return told.restored


def done(run_dir: int) -> Done | None:
    data = read_ours(KEPT, run_dir)
    return None if data is None else msgspec.json.decode(data, type=Done)


def swapping(run_dir: int) -> bool:
    found = journal.read(run_dir)
    return found is not None and found.state not in ("planned", "back")


class Unpacking:
    def __init__(self, ground: Ground, spec: RestoreSpec, run_dir: int) -> None:
        self.ground, self.spec, self.run_dir = ground, spec, run_dir
        self.origin: Origin = origin(spec)
        self.promised = self.origin.manifest
        self.begun = datetime.now(UTC)

    def unpack(self) -> Done:
        self.origin.check_size()
        limits = Limits.of(self.promised)
        if self.promised is not None:
            self._room(self.promised.stored or self.promised.bytes, self.promised.files + self.promised.directories)
        elif not isinstance(self.origin, InDirectory):
            limits = self._list()
        staging = self.ground.directory(STAGING, self.run_dir)
        judge = Judge(limits, self.spec.leaving_links)
        settled = Settled(
            self.ground, self.run_dir, beside=self.promised is not None and self.promised.owners == "beside"
        )
        as_root = os.geteuid() == 0
        give_away = as_root and self.ground.owners.kind == "real"
        with settled, extract(staging, as_root=as_root, give_away=give_away, keep=self.ground.inherited) as tar:
            digest = self._read(judge, "extract", limits, tar, settled)
            judge.finish()
            tar.feed(END)
            tar.end()
        self._digest(digest)
        notes = settled.apply(staging, judge.root)
        self.ground.speaker.progress("sync")
        sync(staging)
        return self._told(judge, digest, notes)

    def _list(self) -> Limits:
        """The listing pass: is every entry fit, and how much is there?"""
        judge = Judge(Limits(), self.spec.leaving_links)
        self._read(judge, "list", Limits(), None, None)
        judge.finish()
        tally = judge.tally
        self._room(judge.stored, tally.files + tally.directories)
        return Limits(tally.files, tally.directories, max(tally.bytes, judge.stored))

    def _read(self, judge: Judge, doing: str, limits: Limits, tar: Tar | None, settled: Settled | None) -> str | None:
        """Pass the stream by the judge, and on to tar what it let pass. Returns the digest of what was stored."""
        scanner = Scanner(judge.admit if settled is None else settled.after(judge.admit))
        promised, tally, speaker = self.promised, judge.tally, self.ground.speaker
        of_bytes = promised.bytes if promised else limits.bytes
        of_files = promised.files if promised else limits.files
        stream = self.origin.stream()
        while True:
            try:
                chunk = next(stream)
            except StopIteration as end:
                scanner.finish()
                digest: str | None = end.value
                return digest
            passed = scanner.feed(chunk)
            if tar is not None:
                tar.feed(passed)
            speaker.progress(doing, bytes=tally.bytes, files=tally.files, of_bytes=of_bytes, of_files=of_files)

    def _room(self, needed: int, entries: int) -> None:
        space = os.fstatvfs(self.ground.root)
        (_, free), asked = self.ground.space(), int(needed * ROOM)
        if free < asked:
            words = f"Unpacking needs {asked} bytes and {free} are free."
            raise Refused(words, code="no-space", needed=asked, free=free)
        if space.f_files and space.f_favail < entries:
            words = f"Unpacking needs {entries} inodes and {space.f_favail} are free."
            raise Refused(words, code="no-space", needed_inodes=entries, free_inodes=space.f_favail)

    def _digest(self, found: str | None) -> None:
        stored = self.promised.archive if self.promised else None
        if stored is not None and found is not None and stored.sha256 != found:
            words = "The archive is not the one that its manifest speaks of: its digest differs."
            raise Refused(words, code="wrong-digest", wanted=stored.sha256, found=found)

    def _told(self, judge: Judge, digest: str | None, notes: list[str]) -> Done:
        tally = judge.tally
        if judge.left_out:
            notes.append("left-out")
        if judge.links_leaving:
            notes.append("links-leaving")
        if self.promised is None:
            notes.append("no-manifest")
        admitted = Manifest(
            run=self.ground.run,
            taken_at=self.promised.taken_at if self.promised else self.begun,
            finished_at=datetime.now(UTC),
            filesystem_id=self.ground.filesystem_id,
            owners=self.ground.owners.kind,
            files=tally.files,
            directories=tally.directories,
            bytes=tally.bytes,
            stored=judge.stored,
            top=tally.folders(),
            owner_histogram=tally.histogram(),
            newest=moment(tally.newest),
            oldest=moment(tally.oldest),
            sentinels=self.promised.sentinels if self.promised else [],
            links_leaving=judge.links_leaving,
        )
        restored = Restored(
            staging=self.ground.path(STAGING),
            files=tally.files,
            directories=tally.directories,
            bytes=tally.bytes,
            sha256=digest,
            manifest=admitted,
            notes=notes,
        )
        return Done(restored, self.promised or admitted)
