"""Acts on the cluster's own snapshots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from cluster.api import ClaimRef
from cluster.errors import NotFound
from runbooks import rights
from runbooks.base import Act, Facts, NotYet, facts
from runbooks.world import World


@dataclass(frozen=True)
class KeepSnapshot(Act):
    """Take a snapshot that stays, also when the run is taken back: it is the way back of last resort."""

    claim: ClaimRef
    name: str
    safety: bool = False
    kept: ClassVar[bool] = True
    minutes: ClassVar[float] = 30
    needs: ClassVar = rights.SNAPSHOT

    def told(self) -> Facts:
        return facts("safety-snapshot" if self.safety else "snapshot", claim=self.claim, name=self.name)

    def do(self, world: World) -> Mapping[str, Any]:
        """One of an earlier try of a person's is well if it is ready by now; else one of a new name is taken."""
        name = self.name
        for attempt in range(2, world.attempt + 1):
            if self.ready(world, name):
                break
            name = f"{self.name}-{attempt}"
        else:
            world.cluster.make_snapshot(self.claim, name, labels=world.labels())
        made = world.cluster.snapshot(self.claim.namespace, name)
        if not made.ready:
            raise NotYet(facts("snapshot-not-ready", name=name, error=made.error), again_in=1.0)
        told = {"snapshot": name, "bytes": made.size}
        return told if made.kept else {**told, "note": facts("snapshot-not-kept", name=name).as_json()}

    def ready(self, world: World, name: str) -> bool:
        try:
            made = world.cluster.snapshot(self.claim.namespace, name)
        except NotFound:
            return False
        return made.ready and world.labels().items() <= made.labels.items()

    def dry(self, world: World) -> str:
        world.cluster.make_snapshot(self.claim, self.name, labels=world.labels(), dry=True)
        return "accepted"


@dataclass(frozen=True)
class DropSnapshot(Act):
    """Remove a snapshot that an earlier run kept. Nothing brings it back."""

    claim: ClaimRef
    name: str
    one_way: ClassVar[bool] = True
    needs: ClassVar = rights.DROP_SNAPSHOT

    def told(self) -> Facts:
        return facts("drop-snapshot", claim=self.claim, name=self.name)

    def left_to_people(self) -> bool:
        return True

    def do(self, world: World) -> None:
        world.cluster.drop_snapshot(self.claim.namespace, self.name)
        try:
            world.cluster.snapshot(self.claim.namespace, self.name)
        except NotFound:
            return
        raise NotYet(facts("snapshot-to-go", name=self.name))

    def dry(self, world: World) -> str:
        world.cluster.drop_snapshot(self.claim.namespace, self.name, dry=True)
        return "accepted"
