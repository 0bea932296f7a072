"""What a look and an act may touch: the cluster, our own records, and how long to be patient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from cluster.api import ClaimRef, Keeper, Sync, WorkloadRef
from cluster.port import Cluster


def numbered(tag: str) -> str:
    """The number of the run, as people know it, that this is the tag of."""
    return tag.removeprefix("am-").partition("-")[0]


@dataclass(frozen=True)
class VolumeFacts:
    """A volume of ours, as our own records have it. `filesystem` is the one that it was last seen whole on."""

    id: int
    claim: ClaimRef
    uid: int
    gid: int
    sentinels: tuple[str, ...]
    filesystem: str
    bucket: str
    prefix: str  # of its archives; empty where it has none
    snapshots: bool = False  # whether its snapshots are looked for, and so offered as recovery points


@dataclass(frozen=True)
class PointFacts:
    """
    A recovery point of ours. `ref` is an object's key, a snapshot's name, or that of a released volume. `median_files`
    and `median_bytes` are of the last five good points of the volume, 0 where there are none.
    """

    id: int
    volume: int
    kind: str  # archive, snapshot, upload or released
    ref: str
    bucket: str
    taken: datetime
    files: int
    bytes: int
    gone: bool
    verified: bool
    sentinels: tuple[str, ...]
    missing: tuple[str, ...]
    median_files: int
    median_bytes: int

    @property
    def stored(self) -> bool:
        """Whether it is an object in the store."""
        return self.kind in ("archive", "upload")


@dataclass(frozen=True)
class Lease:
    """A pause: the keeper as it was before any pause of ours, and until when it lasts, who began it and why."""

    keeper: Keeper
    until: datetime
    by: str
    why: str


@dataclass(frozen=True)
class Stopped:
    """A sync as a run of ours last saw it running, and the filesystem that the volume had then; empty: unknown."""

    sync: Sync
    filesystem: str


@dataclass(frozen=True)
class Kept:
    """
    What a restore put aside: `files` and `bytes` as they were counted just before, `since` when they were put aside.
    `snapshots` are the safety copies that the run made; `over` says whether it is done.
    """

    tag: str
    volume: int
    over: bool
    since: datetime
    files: int
    bytes: int
    snapshots: tuple[str, ...]


class Records(Protocol):
    """What a look or an act may ask of our own records. Raises LookupError for what is not there."""

    def volume(self, id: int) -> VolumeFacts: ...
    def point(self, id: int) -> PointFacts: ...
    def last_good(self, volume: int) -> PointFacts | None:
        """The newest point of the volume whose files were counted and are about as many as is usual."""
        ...

    def proven(self, volume: int) -> PointFacts | None:
        """The newest point of the volume that is there and was restored once and held against its manifest."""
        ...

    def store(self) -> Mapping[str, str]:
        """Where objects are kept: `endpoint` and `region`, never a credential."""
        ...

    def lent(self, bucket: str, prefix: str, *, write: bool = False) -> Mapping[str, str]:
        """
        The environment of a job that may read the objects under a prefix, and with `write` make new ones there. They
        are credentials: never kept, never told.
        """
        ...

    def stored(self, point: int) -> int | None:
        """The bytes of a point's object in the store as it is now; None where it is not there any more."""
        ...

    def newest(self, volume: int) -> Sequence[str]:
        """A line for each of the newest objects in every place of the store that has copies of the volume."""
        ...

    def verified(self, point: int) -> None:
        """Write down that a recovery point was restored and held against its manifest now."""
        ...

    def restored(self, volume: int, seconds: float) -> None:
        """Write down that a restore of the volume ended well now, and how long it took."""
        ...

    def whole(self, volume: int, filesystem: str) -> None:
        """Write down that the volume is known to be whole on this filesystem."""
        ...

    def stopped(self, volume: int, sync: Sync) -> Stopped | None:
        """How the sync was when a run of ours last stopped it."""
        ...

    def kept(self, run: int) -> Kept: ...

    def pause(self, tag: str, keeper: Keeper, workload: WorkloadRef, minutes: int) -> Lease:
        """
        The lease by which this run pauses the keeper; asked for again, it is the same one. Its `keeper` is to be put
        back as it says there.
        """
        ...

    def paused(self, workload: WorkloadRef) -> tuple[Keeper, ...]:
        """The keepers of a workload that leases of ours hold, as they are to be put back."""
        ...

    def left_alone(self, volume: int) -> tuple[WorkloadRef, ...]:
        """The workloads that leases of runs on the volume have left alone, whether they use it any more or not."""
        ...

    def kept_stopped(self, workload: WorkloadRef) -> tuple[Sync, ...]:
        """The syncs that runs of ours stopped, and that the workload's keepers would start but for those leases."""
        ...

    def to_resume(self, tag: str, keeper: Keeper, workload: WorkloadRef, *, all_leases: bool = False) -> Keeper | None:
        """
        The keeper as it is to be put back; None while the lease of another run holds it. With `all_leases`, only that
        of a run that is not over.
        """
        ...

    def resumed(self, tag: str, keeper: Keeper, workload: WorkloadRef, *, all_leases: bool = False) -> None:
        """Write down that the lease of this run is over; with `all_leases`, those of runs that are over, too."""
        ...


@dataclass(frozen=True)
class Patience:
    """How long to watch before believing, in seconds: pods that stay ready, and witnesses that agree twice."""

    steady: float = 60.0
    apart: float = 5.0


@dataclass(frozen=True)
class World:
    """
    Everything that a look or an act may touch. What it makes is named by `name()`: the run, the act's position, and
    how often a person asked for another try, so that a repeated request finds what the first one made.
    """

    cluster: Cluster
    records: Records
    tag: str
    at: str = "0"
    back: bool = False
    was_done: bool = False  # going back: the act was done to its end, so there is something to take back
    attempt: int = 1
    memory: Mapping[str, Any] = field(default_factory=dict)  # what this act last said with NotYet
    patience: Patience = Patience()

    def name(self, part: str = "") -> str:
        again = f"-again{self.attempt}" if self.attempt > 1 else ""  # never what `part` makes of the try before
        return f"{self.tag}-{self.at}{'-back' if self.back else ''}{again}{part}"

    def labels(self, at: str = "") -> dict[str, str]:
        """What everything that is made carries. `at`: the position of the act that made it, where that is another."""
        return {
            "app.kubernetes.io/managed-by": "aftermath",
            "aftermath.dev/run": self.tag.removeprefix("am-"),
            "aftermath.dev/act": at or self.at,
        }
