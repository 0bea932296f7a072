"""Acts on what runs: its number of replicas, its pods, what holds its volume."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, ClassVar

from cluster.api import ClaimRef, Pod, Witness, WorkloadRef
from cluster.errors import ClusterError, Conflict
from runbooks import rights
from runbooks.acts.guards import Guarded
from runbooks.base import Act, Facts, Failed, NotYet, facts
from runbooks.world import World

HEALS_WITHIN = 10.0  # seconds: twice what GitOps takes to put back what drifted


@dataclass(frozen=True)
class Scale(Act):
    """
    Set a workload's replicas. Down to none, it waits until the pods are gone, not only going; and when something gives
    it pods again meanwhile, it says so instead of fighting.

    `guarded` is a sync that lives in its pods: taken back, they come back only where it may copy the volume away.
    """

    workload: WorkloadRef
    was: int
    to: int
    guarded: Guarded | None = None
    minutes: ClassVar[float] = 10
    needs: ClassVar = rights.needed(rights.LOOK, rights.SCALE)

    def told(self) -> Facts:
        return facts("scale", workload=str(self.workload), was=self.was, to=self.to)

    def do(self, world: World) -> Mapping[str, Any] | None:
        here = world.cluster.workload(self.workload)
        if self.to and self.guarded and here.replicas == 0 and (note := self.guarded.note(world)):
            return note
        if self.to == 0 and here.replicas and world.memory.get("scaled"):
            raise Failed(facts("healed", workload=str(self.workload), to=here.replicas))
        world.cluster.scale(self.workload, was=self.was, to=self.to)
        if self.to == 0:
            self.wait_until_gone(world, here.claims)
        return None

    def wait_until_gone(self, world: World, claims: tuple[str, ...]) -> None:
        pods = {str(p) for c in claims for p in mine(world, ClaimRef(self.workload.namespace, c), self.workload)}
        if pods:
            raise NotYet(facts("pods-to-go", pods=sorted(pods)), progress={"scaled": True})

    def dry(self, world: World) -> str:
        if world.cluster.workload(self.workload).replicas not in (self.was, self.to):
            return "later"
        world.cluster.scale(self.workload, was=self.was, to=self.to, dry=True)
        return "accepted"

    def inverse(self) -> Act:
        return Scale(self.workload, was=self.to, to=self.was, guarded=self.guarded)


def mine(world: World, claim: ClaimRef, workload: WorkloadRef) -> list[Pod]:
    return [pod for pod in world.cluster.pods_using(claim) if pod.workload == workload]


@dataclass(frozen=True)
class StaysDown(Act):
    """
    Watch that nobody gives the workload its pods back: what heals drift does so within seconds, and would start the
    application on half of its data. `version` is the workload's from before it was scaled down; without `watch`, what
    happened until now is asked, and nothing is waited for. Where something `heals` it, as far as is known, it is
    watched for longer: that has to be proven paused.
    """

    workload: WorkloadRef
    version: str
    watch: bool = True
    heals: bool = True
    asks_only: ClassVar[bool] = True
    needs: ClassVar = rights.LOOK

    def told(self) -> Facts:
        return facts("stays-down" if self.watch else "stayed-down", workload=str(self.workload))

    def do(self, world: World) -> None:
        here = world.cluster.workload(self.workload)
        since = str(world.memory.get("version") or (self.version if world.attempt == 1 else here.version))
        first = float(world.memory.get("first") or time.time())
        try:
            given = world.cluster.replicas_since(self.workload, since)
        except Conflict:  # it does not remember so far back: watched from now on
            since, given = here.version, ()
        if up := [n for n in (*given, here.replicas) if n]:
            raise Failed(facts("healed", workload=str(self.workload), to=up[0]))
        long = world.patience.steady if self.heals else min(world.patience.steady, HEALS_WITHIN)
        left = first + long - time.time() if self.watch else 0
        if left > 0:
            waiting = facts("nothing-heals", seconds=round(long), workload=str(self.workload))
            raise NotYet(waiting, again_in=min(left, 2.0), progress={"version": since, "first": first})


@dataclass(frozen=True)
class Detached(Act):
    """
    Wait until everything that can be read agrees that the volume is free, twice, and no stranger uses it. `restored`:
    the data is back already, so that a person decides when it takes too long.
    """

    claim: ClaimRef
    restored: bool = False
    asks_only: ClassVar[bool] = True
    minutes: ClassVar[float] = 10
    needs: ClassVar = rights.needed(rights.LOOK, rights.ATTACHED)

    def told(self) -> Facts:
        return facts("detached", claim=self.claim)

    def left_to_people(self) -> bool:
        return self.restored

    def do(self, world: World) -> Mapping[str, Any]:
        anew = {"agreed": 0}  # who disagrees in between ends what they agreed on before
        if pods := world.cluster.pods_using(self.claim):
            raise NotYet(facts("pods-to-go", pods=sorted(str(p) for p in pods)), progress=anew)
        witnesses = world.cluster.witnesses(self.claim)
        if held := [w for w in witnesses if w.says != "detached"]:
            said = [testimony(w).as_json() for w in held]
            code = "zombie" if {(w.what, w.says) for w in held} == {("node", "attached")} else "not-detached"
            raise NotYet(facts(code, witnesses=said, claim=self.claim), progress=anew)
        first = float(world.memory.get("agreed") or time.time())
        if (left := first + world.patience.apart - time.time()) > 0:
            raise NotYet(facts("agreed-once"), again_in=left, progress={"agreed": first})
        return {"witnesses": [told(w) for w in witnesses]}


def told(witness: Witness) -> str:
    """For the record, in the cluster's words."""
    return f"{witness.what}: {witness.says}{', ' + witness.detail if witness.detail else ''}"


def testimony(witness: Witness) -> Facts:
    """For people."""
    return facts(f"witness-{witness.what}-{witness.says}", detail=witness.detail)


def astray(world: World, claim: ClaimRef) -> tuple[dict[str, Any], ...]:
    """Facts of what holds the volume although no pod that uses it is there, and what would end that."""
    codes = {"node": "zombie-node", "attachment": "stale-attachment"}
    pods, driver = world.cluster.pods_using(claim), world.cluster.claim(claim).driver
    held = [w for w in world.cluster.witnesses(claim) if w.what in codes and w.says == "attached"]
    there = [w for w in held if not any(p.node and p.node in w.detail for p in pods)]
    return tuple({"code": codes[w.what], "detail": w.detail, "driver": driver} for w in there)


@dataclass(frozen=True)
class Healthy(Act):
    """
    Wait until every pod is ready, serves what it had, and has stayed so for a while without a restart. `anew`: its
    template was changed just now, so that pods of another one do not count, and have to be gone.
    """

    workload: WorkloadRef
    claim: ClaimRef
    replicas: int
    anew: bool = False
    asks_only: ClassVar[bool] = True
    minutes: ClassVar[float] = 5
    needs: ClassVar = rights.LOOK

    def told(self) -> Facts:
        return facts("healthy", workload=str(self.workload))

    def left_to_people(self) -> bool:
        return True  # a restore that is good must not be undone because its application starts slowly

    def do(self, world: World) -> Mapping[str, Any]:
        if self.anew and (old := old_revisions(world, self.workload)):
            raise NotYet(facts("rolling-out", workload=str(self.workload), revisions=old))
        pods = self.pods(world)
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

    def pods(self, world: World) -> list[Pod]:
        """Of all its claims: each pod of a StatefulSet has one of its own."""
        claims = dict.fromkeys((self.claim.name, *world.cluster.workload(self.workload).claims))
        found = {p.uid: p for c in claims for p in mine(world, ClaimRef(self.claim.namespace, c), self.workload)}
        return list(found.values())


def old_revisions(world: World, workload: WorkloadRef) -> list[str]:
    """The templates that still have pods though they are no longer the newest; that one while it is not yet seen."""
    revisions = world.cluster.revisions(workload)
    if not any(revision.current for revision in revisions):
        return [str(workload)]
    return [revision.name for revision in revisions if not revision.current and revision.ready is not None]


def changed(pod: Pod) -> datetime:
    """When a pod last started, or one of its containers did."""
    times = [pod.started, pod.created, *(c.started for c in pod.containers)]
    return max((t for t in times if t), default=datetime.now(UTC))


def trouble(pods: list[Pod]) -> str:
    return next((c.reason for p in pods for c in p.containers if c.reason and not c.ready), "")


def evidence(world: World, claim: ClaimRef, volume: int = 0) -> dict[str, list[str]]:
    """
    What can be read now and is gone in an hour: events, pods, witnesses, and the newest objects of a volume of ours,
    which a sync may still overwrite. A part that fails says so.
    """
    asked: dict[str, Callable[[], list[str]]] = {
        "events": lambda: [f"{e.at:%H:%M:%S} {e.subject} {e.reason}: {e.message}" for e in world.cluster.events(claim)],
        "pods": lambda: [f"{p} {p.phase} {trouble([p])}".strip() for p in world.cluster.pods_using(claim)],
        "witnesses": lambda: [told(w) for w in world.cluster.witnesses(claim)],
    }
    if volume:
        asked["objects"] = lambda: list(world.records.newest(volume))
    kept: dict[str, list[str]] = {}
    for name, ask in asked.items():
        try:
            kept[name] = ask()[:200]
        except ClusterError as e:
            kept[name] = [f"unknown: {e}"]
    return kept


@dataclass(frozen=True)
class Witnessed(Act):
    """Keep what the cluster says of the volume now: its events are gone in an hour. `volume` is its id."""

    claim: ClaimRef
    volume: int = 0
    asks_only: ClassVar[bool] = True
    needs: ClassVar = rights.needed(rights.LOOK, rights.EVENTS, rights.ATTACHED)

    def told(self) -> Facts:
        return facts("witnessed", claim=self.claim)

    def do(self, world: World) -> Mapping[str, Any]:
        return evidence(world, self.claim, self.volume)
