"""Acts on the NAS beneath a volume."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from cluster.api import Claim, ClaimRef
from cluster.errors import ClusterError, Conflict, NotFound, Refused, Unreachable
from cluster.nas.api import Nas, NasSnapshot
from cluster.nas.connect import lun_of, nas
from runbooks.base import Act, Facts, Failed, NotYet, facts
from runbooks.world import World

RECENT = timedelta(hours=1)  # longer than the act may take


def lun_behind(claim: Claim) -> str:
    """
    The LUN of a claim, for a look; empty where no NAS is configured, or the claim has none there. While the NAS does
    not answer, what the cluster says has to do.
    """
    lun = lun_of(claim.driver, claim.handle)
    try:
        return lun if lun and lun in here().luns() else ""
    except ClusterError:
        return lun


def here() -> Nas:
    there = nas()
    if there is None:
        raise Refused("No NAS is configured any more.")
    return there


@dataclass(frozen=True)
class KeepNasSnapshot(Act):
    """
    Take a snapshot on the NAS itself, which stays, also when the run is taken back. It is out of the reach of whatever
    goes wrong in the cluster, and of whoever may delete snapshots there.
    """

    claim: ClaimRef
    lun: str
    name: str
    kept: ClassVar[bool] = True
    minutes: ClassVar[float] = 30

    def told(self) -> Facts:
        return facts("nas-snapshot", claim=self.claim, name=self.name)

    def do(self, world: World) -> Mapping[str, Any]:
        """An answer that was lost is no matter: the NAS is read before it is asked for anything."""
        try:
            return self.kept_on(here(), world)
        except Unreachable as e:
            raise NotYet(facts("nas-silent", error=str(e)), again_in=3.0, progress=world.memory) from e
        except ClusterError as e:
            raise Failed(facts("nas-refused", error=str(e))) from e

    def kept_on(self, there: Nas, world: World) -> Mapping[str, Any]:
        found = self.found(there, world) or self.taken(there, world)
        if not found.healthy:
            waiting = facts("nas-not-healthy", name=found.name, status=found.status)
            raise NotYet(waiting, again_in=1.0, progress={"taken": found.uuid})
        return {"snapshot": found.name, "uuid": found.uuid, "bytes": found.size, "nas": there.name}

    def taken(self, there: Nas, world: World) -> NasSnapshot:
        """Take it. That it exists now may be our own doing: a request whose answer was lost can still come true."""
        try:
            return there.snapshot(there.take(self.lun, self.named(world), mark(world)))
        except Conflict:
            if found := self.found(there, world):
                return found
            raise

    def found(self, there: Nas, world: World) -> NasSnapshot | None:
        """
        The snapshot that this act took before. Raises Conflict for one of that name that it did not: another program
        of this kind counts its runs from one, too, and what it kept last year is no copy of today.
        """
        name = self.named(world)
        for snapshot in there.snapshots(self.lun):
            if snapshot.name == name:
                if snapshot.uuid == world.memory.get("taken") or own(snapshot, world):
                    return snapshot
                at = f"{snapshot.taken:%Y-%m-%d %H:%M} UTC"
                raise Conflict(f"The NAS has a snapshot {name} of {at} that this run did not take.")
        return None

    def named(self, world: World) -> str:
        """Of its own for each try that a person asked for: the one before may never become healthy."""
        return f"{self.name}-{world.attempt}" if world.attempt > 1 else self.name

    def dry(self, world: World) -> str:
        """DSM has no trial of its own: only what would be refused for sure is seen."""
        there = here()
        if self.lun not in there.luns():
            raise NotFound(f"The NAS {there.name} has no LUN {self.lun}.")
        self.found(there, world)
        return "not-possible"


def mark(world: World) -> str:
    """What is written beside the snapshot on the NAS, for people and for ourselves."""
    labels = world.labels()
    return f"aftermath run {labels['aftermath.dev/run']} act {labels['aftermath.dev/act']} attempt {world.attempt}"


def own(snapshot: NasSnapshot, world: World) -> bool:
    return snapshot.mark == mark(world) and abs(datetime.now(UTC) - snapshot.taken) < RECENT
