"""Acts on what runs: its number of replicas, its pods, its syncs."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, ClassVar

from cluster.api import ClaimRef, Pod, Sync, Witness, WorkloadRef
from cluster.errors import ClusterError
from runbooks.base import Act, Facts, Failed, NotYet, World, facts


@dataclass(frozen=True)
class Scale(Act):
    """Set a workload's replicas. Down to none, it waits until the pods are gone, not only going."""

    workload: WorkloadRef
    was: int
    to: int
    minutes: ClassVar[float] = 10

    def told(self) -> Facts:
        return facts("scale", workload=str(self.workload), was=self.was, to=self.to)

    def do(self, world: World) -> None:
        world.cluster.scale(self.workload, was=self.was, to=self.to)
        here = world.cluster.workload(self.workload)
        if self.to == 0:
            self.wait_until_gone(world, here.claims)

    def wait_until_gone(self, world: World, claims: tuple[str, ...]) -> None:
        pods = {str(p) for c in claims for p in mine(world, ClaimRef(self.workload.namespace, c), self.workload)}
        if pods:
            raise NotYet(facts("pods-to-go", pods=sorted(pods)))

    def dry(self, world: World) -> str:
        if world.cluster.workload(self.workload).replicas not in (self.was, self.to):
            return "later"
        world.cluster.scale(self.workload, was=self.was, to=self.to, dry=True)
        return "accepted"

    def inverse(self) -> Act:
        return Scale(self.workload, was=self.to, to=self.was)


def mine(world: World, claim: ClaimRef, workload: WorkloadRef) -> list[Pod]:
    return [pod for pod in world.cluster.pods_using(claim) if pod.workload == workload]


@dataclass(frozen=True)
class Detached(Act):
    """Wait until everything that can be read agrees that the volume is free, twice, and no stranger uses it."""

    claim: ClaimRef
    asks_only: ClassVar[bool] = True
    minutes: ClassVar[float] = 10

    def told(self) -> Facts:
        return facts("detached", claim=self.claim)

    def do(self, world: World) -> Mapping[str, Any]:
        if pods := world.cluster.pods_using(self.claim):
            raise NotYet(facts("pods-to-go", pods=sorted(str(p) for p in pods)))
        witnesses = world.cluster.witnesses(self.claim)
        if held := [w for w in witnesses if w.says != "detached"]:
            raise NotYet(facts("not-detached", witnesses=[told(w) for w in held]))
        first = float(world.memory.get("agreed") or time.time())
        if (left := first + world.patience.apart - time.time()) > 0:
            raise NotYet(facts("agreed-once"), again_in=left, progress={"agreed": first})
        return {"witnesses": [told(w) for w in witnesses]}


def told(witness: Witness) -> str:
    return f"{witness.what}: {witness.says}{', ' + witness.detail if witness.detail else ''}"


@dataclass(frozen=True)
class Healthy(Act):
    """Wait until every pod is ready, serves what it had, and has stayed so for a while without a restart."""

    workload: WorkloadRef
    claim: ClaimRef
    replicas: int
    asks_only: ClassVar[bool] = True
    minutes: ClassVar[float] = 5

    def told(self) -> Facts:
        return facts("healthy", workload=str(self.workload))

    def left_to_people(self) -> bool:
        return True  # a restore that is good must not be undone because its application starts slowly

    def do(self, world: World) -> Mapping[str, Any]:
        pods = mine(world, self.claim, self.workload)
        ready = [p for p in pods if p.ready and not p.deleting]
        if len(ready) < self.replicas:
            raise NotYet(facts("not-ready", ready=len(ready), wanted=self.replicas, reason=trouble(pods)))
        if new := [str(p) for p in ready if p.onboarding]:
            raise Failed(facts("as-new", pods=new))
        since = max((changed(p) for p in ready), default=None)
        steady = world.patience.steady
        left = steady - (datetime.now(UTC) - since).total_seconds() if since else 0
        if left > 0:
            raise NotYet(facts("steady", seconds=round(steady)), again_in=min(left, 1.0))
        return {"ready": len(ready)}


def changed(pod: Pod) -> datetime:
    """When a pod last started, or one of its containers did."""
    times = [pod.started, pod.created, *(c.started for c in pod.containers)]
    return max((t for t in times if t), default=datetime.now(UTC))


def trouble(pods: list[Pod]) -> str:
    return next((c.reason for p in pods for c in p.containers if c.reason and not c.ready), "")


@dataclass(frozen=True)
class StopSync(Act):
    """Suspend what copies the volume away by itself, before anything touches the data."""

    sync: Sync
    minutes: ClassVar[float] = 5

    def told(self) -> Facts:
        return facts("stop-sync", sync=str(self.sync))

    def do(self, world: World) -> None:
        world.cluster.suspend(self.sync)
        claim = ClaimRef(self.sync.workload.namespace, self.sync.claim)
        if pods := [str(p) for p in mine(world, claim, self.sync.workload)]:
            raise NotYet(facts("pods-to-go", pods=pods))

    def dry(self, world: World) -> str:
        world.cluster.suspend(self.sync, dry=True)
        return "accepted"

    def inverse(self) -> Act:
        return ResumeSync(self.sync)


@dataclass(frozen=True)
class ResumeSync(Act):
    """Put a sync back as it was seen before."""

    sync: Sync

    def left_to_people(self) -> bool:
        return True

    def told(self) -> Facts:
        return facts("resume-sync" if self.sync.running else "leave-sync", sync=str(self.sync))

    def do(self, world: World) -> None:
        world.cluster.resume(self.sync)

    def dry(self, world: World) -> str:
        world.cluster.resume(self.sync, dry=True)
        return "accepted"

    def inverse(self) -> Act:
        return StopSync(replace(self.sync))


def evidence(world: World, claim: ClaimRef) -> dict[str, list[str]]:
    """What can be read now and is gone in an hour: events, pods, witnesses. A part that fails says so."""
    asked: dict[str, Callable[[], list[str]]] = {
        "events": lambda: [f"{e.at:%H:%M:%S} {e.subject} {e.reason}: {e.message}" for e in world.cluster.events(claim)],
        "pods": lambda: [f"{p} {p.phase} {trouble([p])}".strip() for p in world.cluster.pods_using(claim)],
        "witnesses": lambda: [told(w) for w in world.cluster.witnesses(claim)],
    }
    kept: dict[str, list[str]] = {}
    for name, ask in asked.items():
        try:
            kept[name] = ask()[:200]
        except ClusterError as e:
            kept[name] = [f"unknown: {e}"]
    return kept


@dataclass(frozen=True)
class Witnessed(Act):
    """Keep what the cluster says of the volume now: its events are gone in an hour."""

    claim: ClaimRef
    asks_only: ClassVar[bool] = True

    def told(self) -> Facts:
        return facts("witnessed", claim=self.claim)

    def do(self, world: World) -> Mapping[str, Any]:
        return evidence(world, self.claim)
