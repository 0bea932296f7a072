"""
Archive and restore of 20,000 files, beside the bare `tar | zstd` pipe that no program of ours could beat; and the
archive beside what somebody would write in a shell who wants as much of it: attributes kept, files in order, a digest.

Ours does more: it judges every entry, counts for the manifest and finds databases. The aim is 1.3 times the bare pipe
at most. Both sides read and write tmpfs where there is one, and both compress by the same library on all processors;
each figure is the median of a few turns, taken in turn.
"""

from __future__ import annotations

import io
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from backups.agent.archiving import archive
from backups.agent.clearing import discard
from backups.agent.restoring import restore
from backups.agent.speak import Speaker
from backups.agent.values import ArchiveSpec, RestoreSpec, RunSpec
from bench.figure import Figure

FILES, BYTES = 20_000, 292_000_000
TURNS = 5
PIPE = "the bare tar and zstd pipe (aim: 1.3)"


def measure(turns: int = TURNS) -> list[Figure]:
    """Archive, twice, and restore."""
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as place:
        folder = Path(place)
        fill(folder / "data")
        return [*archives(folder, turns), restores(folder, turns)]


def archives(folder: Path, turns: int) -> list[Figure]:
    def ours() -> None:
        target = folder / "ours.tar.zst"
        target.unlink(missing_ok=True)
        archive(ArchiveSpec(data=str(folder / "data"), name="ours", file=str(target), from_="quiet"), quiet())

    def bare() -> None:
        shell(f"tar -C {folder}/data -cf - . | {zstd('-3 -T0 -c')} > {folder}/bare.tar.zst")

    def careful() -> None:
        kept = "--numeric-owner --acls --xattrs --xattrs-include='*' --sparse --one-file-system --sort=name"
        made = f"tar -C {folder}/data {kept} -cf - . | {zstd('-3 -T0 -c')}"
        shell(f"{made} | tee {folder}/careful.tar.zst | sha256sum > {folder}/careful.sha256")

    return [
        Figure("archive 20,000 files", *in_turn(ours, bare, turns), "s", PIPE),
        Figure("archive 20,000 files", *in_turn(ours, careful, turns), "s", "tar with attributes, zstd and sha256sum"),
    ]


def restores(folder: Path, turns: int) -> Figure:
    data = str(folder / "target")
    (folder / "target").mkdir()

    def ours() -> None:
        restore(RestoreSpec(data=data, run="bench", file=str(folder / "ours.tar.zst")), quiet())

    def bare() -> None:
        (folder / "bare").mkdir()
        shell(f"{zstd('-d -c')} < {folder}/bare.tar.zst | tar -C {folder}/bare -xpf -")

    def clear() -> None:
        discard(RunSpec(data=data, run="bench"), quiet())
        shutil.rmtree(folder / "bare", ignore_errors=True)

    return Figure("restore 20,000 files", *in_turn(ours, bare, turns, clear), "s", PIPE)


def in_turn(
    ours: Callable[[], None], bare: Callable[[], None], turns: int, between: Callable[[], None] = lambda: None
) -> tuple[float, float]:
    """Medians, after one turn of each that does not count."""
    taken: dict[Callable[[], None], list[float]] = {ours: [], bare: []}
    for turn in range(turns + 1):
        for act, times in taken.items():
            between()
            with timed() as seconds:
                act()
            if turn:
                times.append(seconds[0])
    between()
    return statistics.median(taken[ours]), statistics.median(taken[bare])


@contextmanager
def timed() -> Iterator[list[float]]:
    seconds: list[float] = []
    begun = time.perf_counter()
    yield seconds
    seconds.append(time.perf_counter() - begun)


def fill(data: Path) -> None:
    """Files as an application has them: most small, half of what they hold compressible."""
    chance = random.Random(7)
    words = [bytes(chance.choices(b'abcdefghij{}":, \n', k=400)) for _ in range(50)]
    for number in range(FILES):
        folder = data / f"d{number % 200}"
        folder.mkdir(parents=True, exist_ok=True)
        size = int(BYTES / FILES * chance.uniform(0.2, 1.8))
        text = b"".join(chance.choices(words, k=size // 800 + 1))[: size // 2]
        (folder / f"f{number}").write_bytes(text + chance.randbytes(size - len(text)))


def zstd(options: str) -> str:
    """The program where there is one, else the same library through Python."""
    if shutil.which("zstd"):
        return f"zstd -q {options}"
    way = "ZstdDecompressor().copy_stream" if "-d" in options else "ZstdCompressor(level=3, threads=-1).copy_stream"
    return f"{sys.executable} -c 'import sys, zstandard; zstandard.{way}(sys.stdin.buffer, sys.stdout.buffer)'"


def shell(command: str) -> None:
    subprocess.run(["bash", "-c", f"set -o pipefail; {command}"], check=True)


def quiet() -> Speaker:
    return Speaker(io.StringIO())
