"""
The verb `restore`: an archive, or a snapshot's directory, into DATA/.aftermath/RUN/staging. Live files are not touched.

Each entry is judged before tar is given the bytes that hold it; where no manifest says how much there should be, a
listing pass over the whole archive comes first. A digest that is wrong, an end that is missing or an entry that is
refused leaves no staging.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from datetime import UTC, datetime

import msgspec

from backups.agent import journal
from backups.agent.counting import moment
from backups.agent.gnutar import extract
from backups.agent.ground import STAGING, UNPACKED, Ground, clear, sync
from backups.agent.guessing import Guess
from backups.agent.judge import Judge, Limits, Stranger
from backups.agent.layers import Layout, Reader
from backups.agent.settling import Settled
from backups.agent.sources import InDirectory, Origin, origin
from backups.agent.speak import Speaker
from backups.agent.tree import exists, open_below, read_ours, write_whole
from backups.agent.values import Restored, RestoreSpec
from backups.errors import Refused
from backups.manifest import Manifest, left_out, shown

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
        clear_both(run_dir, speaker)
        try:
            told = Unpacking(ground, spec, run_dir).unpack()
        except Exception:
            clear_both(run_dir, speaker)
            raise
        write_whole(KEPT, msgspec.json.encode(told), run_dir)
        return told.restored


def clear_both(run_dir: int, speaker: Speaker) -> None:
    for name in (UNPACKED, STAGING):
        clear(name, run_dir, speaker, "clear")


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
        limits, layout = Limits.of(self.promised), self._said()
        if self.promised is not None:
            self._room(self.promised.stored or self.promised.bytes, self.promised.files + self.promised.directories)
        elif not isinstance(self.origin, InDirectory):
            limits, layout = self._list()
        judge = (Judge if self.promised else Stranger)(limits, self.spec.leaving_links)
        settled = Settled(
            self.ground, self.run_dir, beside=self.promised is not None and self.promised.owners == "beside"
        )
        as_root = os.geteuid() == 0
        give_away = as_root and self.ground.owners.kind == "real"
        target = self.ground.directory(UNPACKED if layout.strip else STAGING, self.run_dir)
        with settled, extract(target, as_root=as_root, give_away=give_away, keep=self.ground.inherited) as tar:
            reader = Reader(layout, settled.after(judge.admit), tar.feed)
            digest = self._read(reader, lambda: judge, "extract", limits)
            judge.finish()
            tar.feed(END)
            tar.end()
        self._digest(digest)
        staging = self._peeled(target, layout.strip) if layout.strip else target
        notes = settled.apply(staging, judge.root)
        self.ground.speaker.progress("sync")
        sync(staging)
        return self._told(judge, digest, layout, notes + (["outside-root"] if reader.outside else []))

    def _said(self) -> Layout:
        """What the manifest says of the layout, and the spec must not contradict; else what the spec says."""
        if self.promised is None:
            return Layout(self.spec.inner or "", self.spec.strip or "")
        layout = Layout(self.promised.inner, self.promised.strip)
        if (self.spec.inner, self.spec.strip) not in {(None, None), (layout.inner, layout.strip)}:
            raise Refused("The manifest counts another folder than the spec names.", code="bad-spec")
        return layout

    def _list(self) -> tuple[Limits, Layout]:
        """The listing pass: how is it built, is every entry fit, and how much is there?"""
        free = self.ground.space()[1]
        asked = self.spec.of_bytes
        bounds = Limits(self.spec.of_files, bytes=asked, stored=free if asked is None else min(free, asked))
        try:
            judge, layout = self._listed(bounds)
        except Refused as error:
            if error.code == "too-many-bytes" and error.params.get("at_most") == free:
                words = f"The archive holds more than the {free} bytes that are free."
                raise Refused(words, code="no-space", free=free) from error
            raise
        tally = judge.tally
        self._room(judge.stored, tally.files + tally.directories)
        return Limits(tally.files, tally.directories, max(tally.bytes, judge.stored)), layout

    def _listed(self, bounds: Limits) -> tuple[Judge, Layout]:
        if self.spec.inner is None and self.spec.strip is None:
            guess = Guess(lambda: Stranger(bounds, self.spec.leaving_links))
            self._read(guess, lambda: guess.judge, "list", bounds)
            return guess.judge, guess.layout
        judge, layout = Stranger(bounds, self.spec.leaving_links), self._said()
        self._read(Reader(layout, judge.admit), lambda: judge, "list", bounds)
        judge.finish()
        return judge, layout

    def _read(self, reader: Guess | Reader, judge: Callable[[], Judge], doing: str, limits: Limits) -> str | None:
        """Pass the stream by the judge, and on to tar what it let pass. Returns the digest of what was stored."""
        promised, speaker = self.promised, self.ground.speaker
        of_bytes = promised.bytes if promised else limits.bytes
        of_files = promised.files if promised else limits.files
        stream = self.origin.stream()
        while True:
            try:
                chunk = next(stream)
            except StopIteration as end:
                reader.finish()
                digest: str | None = end.value
                return digest
            reader.feed(chunk)
            tally = judge().tally
            speaker.progress(doing, bytes=tally.bytes, files=tally.files, of_bytes=of_bytes, of_files=of_files)

    def _peeled(self, target: int, folder: str) -> int:
        """Let one folder of what was unpacked be the staging."""
        inner = open_below(target, folder)
        try:
            os.fchmod(inner, stat.S_IMODE(os.fstat(inner).st_mode) | 0o700)  # to be moved; its own mode comes after
        finally:
            os.close(inner)
        os.rename(f"{UNPACKED}/{folder}", STAGING, src_dir_fd=self.run_dir, dst_dir_fd=self.run_dir)
        clear(UNPACKED, self.run_dir, self.ground.speaker, "clear")
        return self.ground.directory(STAGING, self.run_dir)

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

    def _told(self, judge: Judge, digest: str | None, layout: Layout, notes: list[str]) -> Done:
        tally = judge.tally
        if layout.inner:
            notes.append("inner")
        if layout.strip:
            notes.append("stripped")
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
            inner=shown(layout.inner),
            strip=shown(layout.strip),
            repeated=judge.repeated if isinstance(judge, Stranger) else 0,
            files=tally.files,
            directories=tally.directories,
            bytes=tally.bytes,
            stored=judge.stored,
            top=tally.folders(),
            owner_histogram=tally.histogram(),
            newest=moment(tally.newest),
            oldest=moment(tally.oldest),
            sentinels=self.promised.sentinels if self.promised else [],
            left_out=left_out(self.origin.left_out),
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
            inner=shown(layout.inner),
            strip=shown(layout.strip),
        )
        return Done(restored, self.promised or admitted)
