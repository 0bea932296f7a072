"""What a volume must hold before anything may copy it away: an emptied one is how the last copies are lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cluster.api import ClaimRef, Sync
from runbooks.acts.agent import agent, beside
from runbooks.base import Facts, facts
from runbooks.world import World


@dataclass(frozen=True)
class Guard:
    """
    What a volume must hold before a sync may copy it away: one of these filesystems (any where none is known), these
    paths, and at least so many files. A volume without a file never passes.
    """

    filesystems: tuple[str, ...]
    sentinels: tuple[str, ...]
    files: int

    def against(self, found: Mapping[str, Any]) -> tuple[Facts, ...]:
        """Every reason why what the agent found must not be copied over what there is."""
        least, here = max(self.files, 1), int(found["files"])
        reasons = [facts("guard-files", files=here, least=least)] if here < least else []
        if self.filesystems and found["filesystem_id"] not in self.filesystems:
            reasons.append(facts("guard-filesystem"))
        reasons += [facts("guard-without", path=s["path"]) for s in found["sentinels"] if not s["exists"]]
        return tuple(reasons)


NOTHING_KNOWN = Guard((), (), 0)


@dataclass(frozen=True)
class Guarded:
    """A sync that an act would start again, and what is asked of its volume before."""

    sync: Sync
    guard: Guard

    def note(self, world: World) -> Mapping[str, Any] | None:
        """Why it is left stopped, as the result of an act; None where it may run. Raises NotYet while it is asked."""
        spec = {"sentinels": list(self.guard.sentinels)}
        found = agent(world, beside(world, claim_of(self.sync), "inspect", spec, read_only=True))
        if reasons := self.guard.against(found):
            return {"note": facts("left-stopped", sync=str(self.sync), why=reasons[0].as_json()).as_json()}
        return None


def claim_of(sync: Sync) -> ClaimRef:
    return ClaimRef(sync.workload.namespace, sync.claim)
