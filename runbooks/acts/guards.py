"""What a volume must hold before anything may copy it away: an emptied one is how the last copies are lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from cluster.api import ClaimRef, Sync
from runbooks.acts.agent import agent, beside, let_go
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
        """
        Why it is left stopped, as the result of an act; None where it may run. Raises NotYet while it is asked. A copy
        that it has taken already is held against the same, but for its filesystem, which may be one of its own.
        """
        asked = [("", claim_of(self.sync), self.guard)]
        copied = replace(self.guard, filesystems=())
        asked += [(f"-copy{n}", claim, copied) for n, claim in enumerate(world.cluster.waiting(self.sync), 1)]
        spec = {"sentinels": list(self.guard.sentinels)}
        for mark, claim, guard in asked:
            found = agent(world, beside(world, claim, "inspect", spec, read_only=True), mark=mark)
            if mark:
                let_go(world, claim.namespace, mark)
            if reasons := guard.against(found):
                return {"note": self.told(claim, reasons[0]).as_json()}
        return None

    def told(self, claim: ClaimRef, why: Facts) -> Facts:
        if claim == claim_of(self.sync):
            return facts("left-stopped", sync=str(self.sync), why=why.as_json())
        return facts("left-stopped-copy", sync=str(self.sync), copy=claim, why=why.as_json())


def claim_of(sync: Sync) -> ClaimRef:
    return ClaimRef(sync.workload.namespace, sync.claim)
