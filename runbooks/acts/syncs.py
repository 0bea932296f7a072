"""Acts on what copies a volume away by itself: stopped before anything touches the data, started again under guard."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from cluster.api import ClaimRef, Sync
from cluster.errors import ClusterError, Unreachable
from runbooks import rights
from runbooks.acts.agent import agent, beside
from runbooks.acts.guards import Guard, Guarded
from runbooks.base import Act, Facts, Failed, NotYet, facts, no
from runbooks.world import World

__all__ = ["FILES", "Guard", "NoteVolume", "ResumeSync", "StopSync"]

FILES = 0.9  # of the last good copy's


@dataclass(frozen=True)
class StopSync(Act):
    """Suspend what copies the volume away by itself. `guard` is asked before it is started again."""

    sync: Sync
    guard: Guard | None = None
    minutes: ClassVar[float] = 5
    needs: ClassVar = rights.needed(rights.LOOK, rights.SYNC)

    def told(self) -> Facts:
        return facts("stop-sync", sync=str(self.sync))

    def do(self, world: World) -> None:
        world.cluster.suspend(self.sync)
        if pods := [str(p) for p in world.cluster.pods_of(self.sync)]:
            raise NotYet(facts("pods-to-go", pods=pods))

    def dry(self, world: World) -> str:
        world.cluster.suspend(self.sync, dry=True)
        return "accepted"

    def inverse(self) -> Act:
        return ResumeSync(self.sync, self.guard)


@dataclass(frozen=True)
class ResumeSync(Act):
    """
    Put a sync back as it was seen before. Where the guard does not hold it is left stopped, and that is said: an
    emptied volume that is copied away is how the last copies are lost.
    """

    sync: Sync
    guard: Guard | None = None
    minutes: ClassVar[float] = 30
    needs: ClassVar = rights.needed(rights.LOOK, rights.SYNC, rights.JOB)

    def left_to_people(self) -> bool:
        return True

    def told(self) -> Facts:
        code = "leave-sync" if not self.sync.running else "resume-guarded" if self.guard else "resume-sync"
        return facts(code, sync=str(self.sync))

    def do(self, world: World) -> Mapping[str, Any] | None:
        if self.sync.running and self.guard and (note := Guarded(self.sync, self.guard).note(world)):
            world.cluster.suspend(self.sync)
            return note
        world.cluster.resume(self.sync)
        return None

    def dry(self, world: World) -> str:
        world.cluster.resume(self.sync, dry=True)
        return "accepted"

    def inverse(self) -> Act:
        return StopSync(self.sync, self.guard)


@dataclass(frozen=True)
class NoteVolume(Act):
    """
    Write down what the volume is and holds now, for whoever is asked later whether the sync may run again. It stops
    nobody: a volume that cannot be looked into is one more reason to have stopped the sync.
    """

    claim: ClaimRef
    sentinels: tuple[str, ...]
    asks_only: ClassVar[bool] = True
    minutes: ClassVar[float] = 30
    needs: ClassVar = rights.JOB

    def told(self) -> Facts:
        return facts("note-volume", claim=self.claim)

    def left_to_people(self) -> bool:
        return True  # turning back would start the sync again

    def do(self, world: World) -> Mapping[str, Any]:
        spec = {"sentinels": list(self.sentinels)}
        try:
            found = agent(world, beside(world, self.claim, "inspect", spec, minutes=self.minutes, read_only=True))
        except Failed as e:
            return {"note": e.why.as_json()}
        except Unreachable:
            raise
        except ClusterError as e:  # no right to make jobs, no quota left
            return {"note": no(e).as_json()}
        return {"filesystem": found["filesystem_id"], "files": found["files"]}
