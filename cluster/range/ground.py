"""What the parts of the range share: its directory, its objects, its files, and how fast things happen in it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from cluster.range.objects import Objects
from cluster.range.volumes import Volumes

NODE = "range-1"


@dataclass(frozen=True)
class Pace:
    """
    Seconds that a pod takes to go and to start, that a volume takes to be detached, that a container waits before
    each next start, and that GitOps takes to put back what Git says. `waits`: whether a tick returns while jobs and
    syncs still run.
    """

    gone: float = 0.8
    start: float = 0.8
    detach: float = 1.5
    backoff: tuple[float, ...] = (0.5, 1, 2, 3, 4)
    heal: float = 2
    waits: bool = False

    def next_start(self, restarts: int) -> timedelta:
        return timedelta(seconds=self.backoff[min(restarts, len(self.backoff) - 1)])


AS_LIVE = Pace()
AT_ONCE = Pace(gone=0, start=0, detach=0, backoff=(0,), heal=0, waits=True)


@dataclass
class Ground:
    """`children` are the programs that this process started and must reap, by the folder that each speaks into."""

    directory: Path
    objects: Objects
    volumes: Volumes
    clock: Callable[[], datetime]
    pace: Pace
    children: dict[Path, subprocess.Popen[bytes]] = field(default_factory=dict)
