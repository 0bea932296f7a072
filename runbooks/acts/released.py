"""Acts on volumes whose claim is gone: bound to a new claim, and let go again with all that they hold."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from cluster.api import ClaimRef, Released
from cluster.errors import NotFound
from runbooks import rights
from runbooks.acts.agent import begun
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
    position of the act that made the claim, where it is not this one's own. The jobs of the act after that one read
    the claim: they are ended, for a pod that is over still holds its claims.
    """

    claim: ClaimRef
    made_by: str = ""
    kept: ClassVar[bool] = True
    minutes: ClassVar[float] = 10
    needs: ClassVar = rights.needed(rights.LOOK, rights.REBIND, rights.JOB)

    def told(self) -> Facts:
        return facts("let-go", claim=self.claim)

    def do(self, world: World) -> None:
        try:
            if pods := [str(p) for p in world.cluster.pods_using(self.claim)]:
                raise NotYet(facts("pods-to-go", pods=sorted(pods)))
        except NotFound:
            return
        made_by = self.made_by or world.at
        if made_by.isdecimal():
            for name in begun(replace(world, at=str(int(made_by) + 1), back=False), self.claim.namespace):
                world.cluster.drop_job(self.claim.namespace, name)
        world.cluster.release(self.claim, labels=world.labels(made_by))
        raise_while_there(world, self.claim)

    def dry(self, world: World) -> str:
        return "later"


def raise_while_there(world: World, claim: ClaimRef) -> None:
    """Its volume is released only when the claim is gone, not only going."""
    try:
        world.cluster.claim(claim)
    except NotFound:
        return
    raise NotYet(facts("claim-to-go", claim=claim))
