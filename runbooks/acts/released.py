"""Acts on volumes whose claim is gone: bound to a new claim, and let go again with all that they hold."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from cluster.api import ClaimRef, Released
from cluster.errors import NotFound
from runbooks import rights
from runbooks.base import Act, Facts, NotYet, facts
from runbooks.world import World


@dataclass(frozen=True)
class Rebind(Act):
    """Make a claim that has a released volume, which is kept from now on whatever becomes of the claim."""

    volume: Released
    to: ClaimRef
    minutes: ClassVar[float] = 10
    needs: ClassVar = rights.needed(rights.RELEASED, rights.REBIND)

    def told(self) -> Facts:
        return facts("rebind", volume=str(self.volume), claim=self.to)

    def do(self, world: World) -> None:
        world.cluster.rebind(self.volume, self.to, labels=world.labels())
        if world.cluster.claim(self.to).phase != "Bound":
            raise NotYet(facts("claim-not-bound", claim=self.to))

    def dry(self, world: World) -> str:
        world.cluster.rebind(self.volume, self.to, labels=world.labels(), dry=True)
        return "accepted"

    def inverse(self) -> Act:
        return LetGo(self.to)


@dataclass(frozen=True)
class LetGo(Act):
    """
    Remove the claim that a run made for a released volume; the volume and all that it holds stay. `made_by` is the
    position of the act that made the claim, where it is not this one's own.
    """

    claim: ClaimRef
    made_by: str = ""
    kept: ClassVar[bool] = True
    minutes: ClassVar[float] = 10
    needs: ClassVar = rights.needed(rights.LOOK, rights.REBIND)

    def told(self) -> Facts:
        return facts("let-go", claim=self.claim)

    def do(self, world: World) -> None:
        try:
            if pods := [str(p) for p in world.cluster.pods_using(self.claim)]:
                raise NotYet(facts("pods-to-go", pods=sorted(pods)))
        except NotFound:
            return
        world.cluster.release(self.claim, labels=world.labels(self.made_by))

    def dry(self, world: World) -> str:
        return "later"
