"""Rebind a released volume."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from cluster.api import ClaimRef, Released
from cluster.errors import NotFound
from runbooks import base, rights
from runbooks.acts.released import Rebind
from runbooks.base import Act, Need, Objection, Runbook, objection, param, runbook
from runbooks.world import World


@dataclass(frozen=True)
class Seen(base.Seen):
    """`taken`: there is a claim of that name already."""

    released: Released | None
    to: ClaimRef
    taken: bool


@runbook("rebind-released", _("Rebind a released volume"))
class RebindReleased(Runbook[Seen]):
    need, nth = Need.BRING_BACK, 2
    about = _("Give a volume whose claim was deleted a claim again: its data are still there, and often nowhere else.")

    needs = rights.needed(rights.LOOK, rights.RELEASED, rights.REBIND, rights.JOB)

    released: str = param(_("Released volume"), _("As of the last sweep"), kind="released")
    claim: str = param(_("Name of the new claim"))
    namespace: str = param(_("Namespace"), _("Empty: where its claim was"), default="")

    def target(self) -> str:
        return self.released

    def look(self, world: World) -> Seen:
        found = next((each for each in world.cluster.released() if each.volume == self.released), None)
        to = ClaimRef(self.namespace or (found.was.namespace if found else ""), self.claim)
        return Seen(found, to, found is not None and there(world, to))

    def objections(self, seen: Seen) -> Iterator[Objection]:
        if seen.released is None:
            yield objection("not-released", name=self.released)
            return
        if seen.taken:
            yield objection("claim-there", claim=seen.to)
        volume = seen.released
        yield objection("was-claim", stops=False, name=str(volume), claim=volume.was, capacity=volume.capacity)
        if volume.reclaim == "Delete":
            yield objection("reclaimed", stops=False, name=str(volume))

    def plan(self, seen: Seen) -> Iterator[Act]:
        if seen.released:
            yield Rebind(seen.released, seen.to)


def there(world: World, claim: ClaimRef) -> bool:
    try:
        world.cluster.claim(claim)
    except NotFound:
        return False
    return True
