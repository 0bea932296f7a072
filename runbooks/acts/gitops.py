"""Acts on what keeps a workload as it is declared: told to leave it alone for a while, and to keep it again."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from cluster.api import Keeper, WorkloadRef
from runbooks import rights
from runbooks.acts.guards import Guarded
from runbooks.base import Act, Facts, Failed, NotYet, facts
from runbooks.world import World


@dataclass(frozen=True)
class PauseKeeper(Act):
    """
    Tell a keeper to leave a workload alone. It is a lease of `lasts` minutes: who, why and until when stand in our own
    records before the keeper is told, so that whatever happens next somebody resumes it. One that is paused already,
    and not by a run, is told nothing: the lease stands for what must not be started meanwhile.

    `guarded` is the sync that it would start: taken back, it goes on only where that may copy its volume away.
    """

    keeper: Keeper
    workload: WorkloadRef
    lasts: int
    guarded: Guarded | None = None
    needs: ClassVar = rights.needed(rights.KEEPERS, rights.PAUSE)

    def told(self) -> Facts:
        code = "pause-theirs" if self.keeper.paused else "pause"
        return facts(code, keeper=str(self.keeper), workload=str(self.workload), lasts=self.lasts)

    def do(self, world: World) -> Mapping[str, Any]:
        lease = world.records.pause(world.tag, self.keeper, self.workload, self.lasts)
        until = f"{lease.until:%Y-%m-%dT%H:%M:%SZ}"
        note = {"by": lease.by, "why": lease.why, "until": until, "run": world.tag}
        world.cluster.pause(lease.keeper, self.workload, note)
        return {"until": until}

    def dry(self, world: World) -> str:
        world.cluster.pause(self.keeper, self.workload, {"run": world.tag}, dry=True)
        return "nothing-to-do" if self.keeper.paused else "accepted"

    def inverse(self) -> Act:
        return ResumeKeeper(self.keeper, self.workload, self.lasts, guarded=self.guarded)


@dataclass(frozen=True)
class ResumeKeeper(Act):
    """
    Let a keeper keep the workload again, as it did before any pause of ours. While another run's lease holds it, only
    our own is given back; with `all_leases`, those of runs that are over are ended too. While what is `guarded` must
    stay stopped the lease stands, to its end.
    """

    keeper: Keeper
    workload: WorkloadRef
    lasts: int
    all_leases: bool = False
    guarded: Guarded | None = None
    minutes: ClassVar[float] = 30
    needs: ClassVar = rights.needed(rights.KEEPERS, rights.PAUSE)

    def told(self) -> Facts:
        code = "resume-theirs" if self.keeper.paused else "resume"
        return facts(code, keeper=str(self.keeper), workload=str(self.workload))

    def left_to_people(self) -> bool:
        return True

    def do(self, world: World) -> Mapping[str, Any] | None:
        if self.guarded and (note := self.guarded.note(world)):
            return note
        tag = world.tag
        keeper = world.records.to_resume(tag, self.keeper, self.workload, all_leases=self.all_leases)
        if keeper is not None:
            world.cluster.unpause(keeper, self.workload)
        world.records.resumed(tag, self.keeper, self.workload, all_leases=self.all_leases)
        return None if keeper else {"note": facts("held-by-another", keeper=str(self.keeper)).as_json()}

    def dry(self, world: World) -> str:
        world.cluster.unpause(self.keeper, self.workload, dry=True)
        return "nothing-to-do" if self.keeper.paused else "accepted"

    def inverse(self) -> Act:
        return PauseKeeper(self.keeper, self.workload, self.lasts, self.guarded)


@dataclass(frozen=True)
class StaysPaused(Act):
    """Watch that a pause holds: a keeper that is itself kept by another is told otherwise within seconds."""

    keeper: Keeper
    workload: WorkloadRef
    asks_only: ClassVar[bool] = True
    needs: ClassVar = rights.KEEPERS

    def told(self) -> Facts:
        return facts("stays-paused", keeper=str(self.keeper))

    def do(self, world: World) -> None:
        here = [k for k in world.cluster.keepers(self.workload) if str(k) == str(self.keeper)]
        if not all(k.paused for k in here):
            raise Failed(facts("pause-undone", keeper=str(self.keeper)))
        first = float(world.memory.get("first") or time.time())
        if (left := first + world.patience.steady - time.time()) > 0:
            waiting = facts("pause-holds", seconds=round(world.patience.steady))
            raise NotYet(waiting, again_in=min(left, 2.0), progress={"first": first})
