"""
The verb `archive`: GNU tar, zstd and SHA-256 in one pass, and a manifest last: no manifest, no recovery point.

What the manifest counts is read from the very stream that is stored. Sockets, pipes and devices are left out and named:
no restore would accept them.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from backups.agent import databases, sentinels
from backups.agent.compress import compressor
from backups.agent.counting import moment
from backups.agent.gnutar import Tar, create, create_listed
from backups.agent.ground import Ground, filesystem_id, opened_data
from backups.agent.judge import Judge, Limits
from backups.agent.sinks import Metered, Sink, sink
from backups.agent.speak import Speaker
from backups.agent.tarstream import Member, Scanner, Taker
from backups.agent.tree import few, scan
from backups.agent.values import Archived, ArchiveSpec
from backups.errors import Refused
from backups.manifest import Database, Manifest, Sentinel, Stored, left_out

END = bytes(1024)  # two blocks of zeros end an archive
CHANGED = frozenset({1})  # tar: some files changed; of a snapshot that is only said of times


@dataclass
class Survey:
    """What a quick look, by names and kinds only, tells before the archive is begun."""

    files: int = 0
    special: list[str] = field(default_factory=list)
    open: list[str] = field(default_factory=list)


class Clerk(Judge):
    """Judges what tar makes as strictly as a restore will, and takes the digests of sentinels as they pass."""

    def __init__(self, wanted: list[str]) -> None:
        super().__init__(Limits(), "keep")
        self.wanted = frozenset(wanted)
        self.digests: dict[str, tuple[int, Any]] = {}

    def admit(self, member: Member) -> Taker | None:
        super().admit(member)
        path = self.path
        if member.kind != "file" or path not in self.wanted or member.sparse:
            return None
        digest = hashlib.sha256()
        self.digests[path] = (member.size, digest)
        return digest

    def sentinel(self, path: str, root: int) -> Sentinel:
        if path in self.digests:
            size, digest = self.digests[path]
            return Sentinel(path=path, exists=True, bytes=size, sha256=digest.hexdigest())
        return sentinels.look_at(root, path)  # sparse, or a second name of another file: what was not read as it passed


def archive(spec: ArchiveSpec, speaker: Speaker) -> Archived:
    with Ground(spec, speaker, changes=False) as ground:
        target = sink(spec)
        try:
            if (before := already(target, spec)) is not None:
                return before
            return write(ground, spec, target)
        finally:
            target.abort()


def already(target: Sink, spec: ArchiveSpec) -> Archived | None:
    """An archive of this run that was finished before this start."""
    if not spec.run or (data := target.manifest()) is None:
        return None
    manifest = Manifest.from_bytes(data)
    if (manifest.run, manifest.name) != (spec.run, spec.name):
        raise Refused(f"{target.key} is another run's archive.", code="other-archive", key=target.key)
    return Archived(archive_key=target.key, manifest_key=target.manifest_key, manifest=manifest, again=True)


def write(ground: Ground, spec: ArchiveSpec, target: Sink) -> Archived:
    begun = datetime.now(UTC)
    with opened_data(spec.source or spec.data) as source, scratch_place() as scratch:
        packer = Packer(ground, spec, source, scratch, target)
        packer.pack()
        manifest = packer.manifest(begun)
    target.put_manifest(manifest.to_bytes())
    return Archived(archive_key=target.key, manifest_key=target.manifest_key, manifest=manifest)


@contextlib.contextmanager
def scratch_place() -> Iterator[Path]:
    """Where copies of databases may lie; a pod without one gets a path that cannot be written, and is told so."""
    try:
        scratch = tempfile.mkdtemp(prefix="aftermath-")
    except OSError:
        scratch = "/nowhere/to/write"
    try:
        yield Path(scratch)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


class Packer:
    def __init__(self, ground: Ground, spec: ArchiveSpec, source: int, scratch: Path, target: Sink) -> None:
        self.ground, self.spec, self.source, self.scratch = ground, spec, source, scratch
        self.target, self.metered = target, Metered(target)
        self.clerk = Clerk(spec.sentinels)
        self.survey = survey(source)
        few(self.survey.special)
        self.copies: list[str] = []
        self.databases: list[Database] = []

    def pack(self) -> None:
        self._copy_databases()
        try:
            self._all(compressor(self.spec.level))
        except BaseException:
            self.metered.give_up()
            raise

    def _all(self, zstd: Any) -> None:
        passed = frozenset(name + ending for name in self.copies for ending in ("", *databases.BESIDE))
        with create(self.source, leave_out=[*self.survey.special, *sorted(passed)]) as tar:
            self._pass(tar, zstd, CHANGED if self.spec.from_ == "snapshot" else frozenset())
        if self.copies:
            with opened_data(str(self.scratch)) as directory, create_listed(directory, self.copies) as tar:
                self._pass(tar, zstd, frozenset())
        self.metered.write(zstd.compress(END))
        self.metered.write(zstd.flush())
        self.metered.finish()

    def _pass(self, tar: Tar, zstd: Any, tolerated: frozenset[int]) -> None:
        """One tar's output, judged, compressed and sent on, without its end, so that another may follow."""
        scanner, speaker, tally = Scanner(self.clerk.admit), self.ground.speaker, self.clerk.tally
        for chunk in tar.chunks():
            self.metered.write(zstd.compress(scanner.feed(chunk)))
            speaker.progress(
                "archive",
                bytes=tally.bytes,
                files=tally.files,
                of_bytes=self.spec.of_bytes,
                of_files=self.spec.of_files or self.survey.files,
            )
        tar.end(tolerated=tolerated)
        scanner.finish()

    def _copy_databases(self) -> None:
        """Of live files, each SQLite database that somebody has open."""
        if self.spec.from_ != "live":
            return
        data = self.spec.source or self.spec.data
        for path in self.survey.open:
            if databases.is_database(self.source, path):
                self.ground.speaker.progress("copy databases")
                copied = databases.copy_open(data, self.source, path, self.scratch)
                self.databases.append(copied)
                if copied.how == "backup":
                    self._same_owner(path)
                    self.copies.append(path)

    def _same_owner(self, path: str) -> None:
        data = self.spec.source or self.spec.data
        uid, gid = self.ground.owners.get(os.path.join(data, path))
        mode = os.stat(self.scratch / path).st_mode
        self.ground.owners.set(str(self.scratch / path), uid, gid)
        os.chmod(self.scratch / path, mode & 0o7777)

    def manifest(self, begun: datetime) -> Manifest:
        tally, spec = self.clerk.tally, self.spec
        return Manifest(
            run=spec.run or "",
            name=spec.name,
            taken_at=spec.taken or begun,
            finished_at=datetime.now(UTC),
            claim_uid=spec.claim_uid,
            volume_handle=spec.volume_handle,
            filesystem_id=filesystem_id(self.source) if spec.source else self.ground.filesystem_id,
            source=spec.from_,
            crash_consistent=spec.from_ != "quiet",
            owners=self.ground.owners.kind,
            archive=Stored(key=self.target.key, bytes=self.metered.bytes, sha256=self.metered.digest.hexdigest()),
            files=tally.files,
            directories=tally.directories,
            bytes=tally.bytes,
            stored=self.clerk.stored,
            top=tally.folders(),
            owner_histogram=tally.histogram(),
            newest=moment(tally.newest),
            oldest=moment(tally.oldest),
            sentinels=[self.clerk.sentinel(path, self.source) for path in dict.fromkeys(spec.sentinels)],
            sqlite=self.databases[:1_000],
            left_out=left_out(self.survey.special),
            links_leaving=self.clerk.links_leaving,
        )


def survey(root: int) -> Survey:
    """A look over the tree that asks for no file's status: a twentieth of what the archive takes."""
    found = Survey()
    for path, entry in scan(root):
        if entry.is_file(follow_symlinks=False):
            found.files += 1
            if (base := databases.base_of(path)) and (path.endswith("-journal") or in_use(root, base)):
                found.open.append(base)
        elif entry.is_symlink():
            found.files += 1
        else:
            found.special.append(path)
    return found


def in_use(root: int, database: str) -> bool:
    """A database in WAL mode has a `-shm` beside it as long as somebody has it open."""
    return bool(databases.starts_with(root, database + "-shm", 1))
