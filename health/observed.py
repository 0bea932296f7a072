"""What the checks are asked about: one look at the cluster, and what the last scans of the copies told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from cluster.api import Claim, ClaimRef, Pod, View, Workload, WorkloadRef


@dataclass(frozen=True)
class Listing:
    """
    One scan of a source. `sentinels` says of each path that was asked for whether it was there, `oldest` when the
    object was written that was left alone for longest.
    """

    at: datetime
    complete: bool
    count: int | None = None
    error: str = ""
    oldest: datetime | None = None
    sentinels: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True)
class Point:
    """The newest recovery point of a source."""

    ref: str
    taken: datetime
    sentinels: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True)
class Copies:
    """
    A source of copies. `filled` is the last complete listing that held anything, `empty_since` the first complete one
    after it that held nothing, `most` the fullest complete one of the last week. `every` in seconds.
    """

    id: int
    kind: str
    name: str
    every: float
    newest: Listing | None = None
    filled: Listing | None = None
    empty_since: datetime | None = None
    most: Listing | None = None
    point: Point | None = None


@dataclass(frozen=True)
class Volume:
    """Data that matters. `usual` is the most that it used in the last days, in bytes; None where nobody ever said."""

    id: int
    ref: ClaimRef
    sentinels: tuple[str, ...] = ()
    copies: tuple[Copies, ...] = ()

    @property
    def subject(self) -> str:
        return f"volume:{self.ref}"


@dataclass(frozen=True)
class Observed:
    """
    Everything that a rule may use. `usual` has for each claim's uid the most bytes it held in the last days; `confirm`
    is how many seconds lie between two listings before an emptiness is believed, `cadence` how many between two sweeps.
    """

    view: View
    now: datetime
    volumes: tuple[Volume, ...] = ()
    usual: Mapping[str, int] = field(default_factory=dict)
    confirm: float = 60
    cadence: float = 10

    @cached_property
    def pods(self) -> dict[WorkloadRef, list[Pod]]:
        """The pods that are not on their way out, by their top controller."""
        grouped: dict[WorkloadRef, list[Pod]] = {}
        for pod in self.view.pods:
            if not pod.deleting:
                grouped.setdefault(pod.workload, []).append(pod)
        return grouped

    @cached_property
    def workloads(self) -> dict[WorkloadRef, Workload]:
        return {workload.ref: workload for workload in self.view.workloads}

    @cached_property
    def claims(self) -> dict[ClaimRef, Claim]:
        return {claim.ref: claim for claim in self.view.claims}

    @cached_property
    def by_claim(self) -> dict[ClaimRef, Volume]:
        return {volume.ref: volume for volume in self.volumes}

    @cached_property
    def users(self) -> dict[ClaimRef, list[Pod]]:
        """The pods that mount each claim."""
        mounted: dict[ClaimRef, list[Pod]] = {}
        for pods in self.pods.values():
            for pod in pods:
                for name in pod.claims:
                    mounted.setdefault(ClaimRef(pod.namespace, name), []).append(pod)
        return mounted

    def volume_of(self, ref: WorkloadRef) -> Volume | None:
        """The volume of ours that this workload mounts; the first by name when there are several."""
        workload = self.workloads.get(ref)
        names = {name for pod in self.pods.get(ref, ()) for name in pod.claims}
        names.update(workload.claims if workload else ())
        ours = (self.by_claim.get(ClaimRef(ref.namespace, name)) for name in sorted(names))
        return next((volume for volume in ours if volume), None)

    def allowance(self, ref: WorkloadRef, check: str, default: int) -> int:
        """The threshold of a check for a workload: its annotation `aftermath.dev/CHECK` where that is a number."""
        workload = self.workloads.get(ref)
        written = workload.annotations.get(f"aftermath.dev/{check}", "") if workload else ""
        return int(written) if written.isascii() and written.isdigit() else default
