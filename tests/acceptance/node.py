"""What is done to the machine under a volume: its CSI driver's faults, its files from below, its processes."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Node:
    """The directory that the kit keeps everything in; the node runs on this machine, and the tests are root."""

    directory: Path

    @contextmanager
    def fault(self, call: str, volume: str, what: str) -> Iterator[None]:
        """The CSI driver answers `call` about one volume so: `fail CODE WORDS`, `delay SECONDS` or `notready`."""
        file = self.directory / "csi" / "faults" / f"{call}.{volume}"
        file.parent.mkdir(exist_ok=True)
        file.write_text(what + "\n")
        try:
            yield
        finally:
            file.unlink(missing_ok=True)

    def mounted(self, volume: str) -> Path | None:
        """Where the filesystem of a volume of class csi-ext4 is mounted now."""
        staged = self.directory / "csi" / "meta" / "staged" / volume
        try:
            place = Path(staged.read_text().strip())
        except FileNotFoundError:
            return None
        return place if os.path.ismount(place) else None

    def restart_runtime(self, away: float) -> None:
        """The container runtime of the node is killed, and is back after so many seconds. Its containers go on."""
        for file in self.directory.glob("run/containerd-*.pid"):
            pid = int(file.read_text())
            command = Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").split(b"\0")
            environ = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
            own = dict(pair.split(b"=", 1) for pair in environ if b"=" in pair)  # not that of the tests, which goes
            os.kill(pid, signal.SIGKILL)
            time.sleep(away)
            log = str(self.directory / "log" / f"{file.stem}.log")
            append = (os.POSIX_SPAWN_OPEN, 1, log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            started = os.posix_spawnp(
                command[0], command, own, file_actions=[append, (os.POSIX_SPAWN_DUP2, 1, 2)], setsid=True
            )
            file.write_text(f"{started}\n")

    def agent(self, verb: str, place: Path) -> int | None:
        """The process of the agent that does `verb` below a place: whose /data is the same directory."""
        try:
            here = os.stat(place)
        except FileNotFoundError:  # it is not mounted now
            return None
        for each in Path("/proc").iterdir():
            if not each.name.isdecimal():
                continue
            try:
                words = (each / "cmdline").read_bytes().split(b"\0")
                if b"backups.agent" in words and verb.encode() in words:
                    data = os.stat(each / "root" / "data")
                    if (data.st_dev, data.st_ino) == (here.st_dev, here.st_ino):
                        return int(each.name)
            except (FileNotFoundError, ProcessLookupError, PermissionError, NotADirectoryError):
                continue
        return None


def kill_when(find: Callable[[], int | None], ripe: Callable[[], bool], seconds: float) -> bool:
    """
    Kill a process without a word at the moment that is `ripe`; False when it was gone before. Looks without a pause
    once the process is there: the moment may be short.
    """
    deadline = time.monotonic() + seconds
    while (pid := find()) is None:
        if time.monotonic() > deadline:
            raise AssertionError(f"no process within {seconds:g} s")
        time.sleep(0.005)
    while not ripe():
        if not os.path.exists(f"/proc/{pid}"):
            return False
        if time.monotonic() > deadline:
            raise AssertionError(f"the moment did not come within {seconds:g} s")
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return False
    return True
