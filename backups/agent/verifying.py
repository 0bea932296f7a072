"""
The verb `verify`: is what was unpacked what the manifest says, and can it be read?

Checked: counts of files, directories and bytes, whole and by first folder; every sentinel by size and digest; every
SQLite database by its own integrity check; JSON sentinels by parsing; no `-wal` without its database. All that is wrong
is told at once.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from backups.agent import databases, sentinels
from backups.agent.counting import REST, Tally
from backups.agent.ground import SCRATCH, STAGING, Ground
from backups.agent.restoring import done
from backups.agent.speak import Speaker
from backups.agent.tree import DIRECTORY, Walk, open_file
from backups.agent.values import Checked, Problem, Verified, VerifySpec
from backups.errors import Refused
from backups.manifest import Folder, Manifest, Sentinel, shown

JSON_LIMIT = 64 << 20


def verify(spec: VerifySpec, speaker: Speaker) -> Verified:
    with Ground(spec, speaker, changes=spec.where == "staging") as ground:
        place = Place(ground, spec)
        verified = place.look()
        if place.problems:
            told = [{"code": p.code, "path": p.path, "wanted": p.wanted, "found": p.found} for p in place.problems]
            words = (
                f"{len(told)} things are not as they should be, the first: {told[0]['code']} {told[0]['path']}".strip()
            )
            raise Refused(words + ".", code="not-verified", problems=told[:100])
        return verified


class Place:
    def __init__(self, ground: Ground, spec: VerifySpec) -> None:
        self.ground, self.spec = ground, spec
        self.problems: list[Problem] = []
        self.manifest = spec.manifest
        self.root, self.data = ground.root, spec.data
        self.scratch = Path("/nowhere/to/write")
        if spec.where == "staging":
            self._staging()

    def _staging(self) -> None:
        run_dir = self.ground.run_dir()
        before = done(run_dir)
        if before is None:
            raise Refused("This run has not restored anything, or not to the end.", code="not-restored")
        self.manifest = self.manifest or before.manifest
        try:
            self.root = self.ground.keep(os.open(STAGING, DIRECTORY, dir_fd=run_dir))
        except FileNotFoundError:
            raise Refused("The staging of this run is gone.", code="no-staging") from None
        self.data = self.ground.path(STAGING)
        self.scratch = Path(self.ground.path(SCRATCH))

    def look(self) -> Verified:
        tally, found = self._walk()
        checked = ["databases"] if self.spec.sqlite else []
        if self.manifest is not None:
            checked += ["counts", "folders"]
            self._counts(tally, self.manifest)
        seen = self._sentinels()
        checked += ["sentinels"] if seen else []
        parsed = self._json(seen)
        return Verified(
            files=tally.files,
            directories=tally.directories,
            bytes=tally.bytes,
            sentinels=seen,
            sqlite=self._sqlite(found) if self.spec.sqlite else [],
            json=parsed,
            checked=checked,
        )

    def _walk(self) -> tuple[Tally, list[str]]:
        tally, found, walk = Tally(), [], Walk(self.root)
        for entry in walk:
            tally.entry(entry.path, entry.stat, (0, 0))
            self.ground.speaker.progress("verify", files=tally.files, bytes=tally.bytes, **self._of())
            if entry.name.endswith((*databases.NAMED, "-wal", "-journal")) or entry.path in self.spec.sentinels:
                found.append(entry.path)
        if walk.unreadable:
            self._problem("unreadable", "", 0, walk.unreadable)
        return tally, found

    def _of(self) -> dict[str, int]:
        return {"of_files": self.manifest.files, "of_bytes": self.manifest.bytes} if self.manifest else {}

    def _problem(self, code: str, path: str, wanted: Any = None, found: Any = None) -> None:
        self.problems.append(Problem(code=code, path=shown(path), wanted=wanted, found=found))

    def _counts(self, tally: Tally, wanted: Manifest) -> None:
        if wanted.repeated:
            self._counts_at_most(tally, wanted)
            return
        for what in ("files", "directories", "bytes"):
            if getattr(wanted, what) != getattr(tally, what):
                self._problem(f"count-{what}", "", getattr(wanted, what), getattr(tally, what))
        folders = tally.folders()
        names = wanted.top.keys() | folders.keys()
        if REST in names:  # which of very many have no name of their own is a matter of the order in which they came
            names = (wanted.top.keys() & folders.keys()) - {REST}
        for name in sorted(names):
            promised, there = wanted.top.get(name), folders.get(name)
            if promised is None or there is None or not self._alike(name, promised, there, tally):
                self._problem("folder", name, promised and promised.files, there and there.files)

    @staticmethod
    def _alike(name: str, promised: Folder, there: Folder, tally: Tally) -> bool:
        """The bytes of a file of several folders are in one of these, in an archive of somebody else's in any."""
        least = there.bytes - tally.counted[name]
        return promised.files == there.files and least <= promised.bytes <= least + tally.possible[name]

    def _counts_at_most(self, tally: Tally, wanted: Manifest) -> None:
        """Of an archive in which files come again: how many there are is known, how large those that stayed is not."""
        if wanted.files - wanted.repeated != tally.files:
            self._problem("count-files", "", wanted.files - wanted.repeated, tally.files)
        if wanted.directories != tally.directories:
            self._problem("count-directories", "", wanted.directories, tally.directories)
        if wanted.bytes < tally.bytes:
            self._problem("count-bytes", "", wanted.bytes, tally.bytes)

    def _sentinels(self) -> list[Sentinel]:
        promised = {each.path: each for each in self.manifest.sentinels} if self.manifest else {}
        seen = sentinels.look(self.root, [*promised, *self.spec.sentinels])
        for each in seen:
            wanted = promised.get(each.path)
            if not each.exists and (each.path in self.spec.sentinels or (wanted and wanted.exists)):
                self._problem("sentinel-missing", each.path)
            elif wanted is None or not wanted.exists or wanted.sha256 is None:
                continue  # of an archive of somebody else's, where another name of it was read
            elif (wanted.bytes, wanted.sha256) != (each.bytes, each.sha256):
                self._problem("sentinel-differs", each.path, wanted.sha256, each.sha256)
        return seen

    def _json(self, seen: list[Sentinel]) -> list[str]:
        """Those asked for, and sentinels that are JSON by their name."""
        paths = [each.path for each in seen if each.exists and each.path.endswith(".json")]
        parsed = []
        for path in dict.fromkeys([*paths, *self.spec.json]):
            try:
                with os.fdopen(open_file(self.root, path), "rb") as file:
                    json.loads(file.read(JSON_LIMIT))
                parsed.append(path)
            except OSError:
                self._problem("json-missing", path)
            except (ValueError, RecursionError):
                self._problem("json-broken", path)
        return parsed

    def _sqlite(self, paths: list[str]) -> list[Checked]:
        """Every database among `paths`, or beside one of them; a log without its database is corruption."""
        bases: dict[str, None] = {}
        for path in paths:
            base = databases.base_of(path)
            if base is None:
                bases[path] = None
            elif databases.is_database(self.root, base):
                bases[base] = None
            elif path.endswith("-wal") and databases.starts_with(self.root, path, 4) in databases.WAL_MAGIC:
                self._problem("wal-alone", path)
        checked = []
        for path in bases:
            if databases.is_database(self.root, path):
                checked.append(self._database(path))
            elif path.endswith((".sqlite", ".sqlite3")) and databases.starts_with(self.root, path, 1):
                self._problem("not-a-database", path)
        return checked

    def _database(self, path: str) -> Checked:
        whole = databases.is_whole(self.data, self.root, path, self.scratch, lambda: self._tick())
        if not whole:
            self._problem("database-broken", path)
        return Checked(path=shown(path), ok=whole)

    def _tick(self) -> None:
        self.ground.speaker.progress("check databases")
