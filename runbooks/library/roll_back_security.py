"""Roll back a security context."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from django.utils.translation import gettext_lazy as _

from cluster.api import Revision
from runbooks import base, patches, rights
from runbooks.acts.gitops import PauseKeeper
from runbooks.acts.security import SetSecurity, differing
from runbooks.acts.workloads import Healthy
from runbooks.base import Act, Need, Objection, Runbook, objection, param, runbook
from runbooks.looks import Scene, kept, scene
from runbooks.world import World


@dataclass(frozen=True)
class Seen(base.Seen):
    """`target` is the revision to go back to, and `ready` whether its pods are; None: nobody knows any more."""

    scene: Scene
    current: Revision | None
    target: Revision | None
    ready: bool | None


@runbook("roll-back-security", _("Roll back a security context"))
class RollBackSecurity(Runbook[Seen]):
    need, nth = Need.BRING_BACK, 4
    about = _("Give an application that was hardened too far the security context that it last ran well with.")

    needs = rights.needed(rights.LOOK, rights.KEEPERS, rights.REVISIONS, rights.SECURITY)
    wants = rights.PAUSE

    volume: int = param(_("Volume"), _("Whose application may no longer do what it must"), kind="volume")
    minutes: int = param(
        _("Minutes"),
        _("For how long what keeps it as it is declared leaves it alone: time to commit the patch"),
        default=4 * 60,
        least=1,
        most=7 * 24 * 60,
    )

    may_move = frozenset({"ready"})

    def look(self, world: World) -> Seen:
        here = scene(world, self.volume)
        revisions = world.cluster.revisions(here.workload) if here.workload else ()
        current = next((revision for revision in revisions if revision.current), None)
        target = best(revisions, current)
        return Seen(here, without(current), without(target), target.ready if target else None)

    def objections(self, seen: Seen) -> Iterator[Objection]:
        here, target = seen.scene, seen.target
        if here.workload is None:
            yield objection("workload-needed", claim=here.claim)
        elif target is None or seen.current is None:
            yield objection("no-other-revision", workload=str(here.workload))
        else:
            code = {True: "revision-ready", None: "revision-unknown", False: "revision-not-ready"}[seen.ready]
            yield objection(code, stops=False, number=target.number, name=target.name)
            for where, key, was, to in differing(seen.current.security, target.security):
                yield objection("security-change", stops=False, where=where, key=key, was=was, to=to)
            yield from kept(here, resumed=False)
            if here.pausable:
                yield objection("commit-it", stops=False, lasts=self.minutes)

    def plan(self, seen: Seen) -> Iterator[Act]:
        here, current, target = seen.scene, seen.current, seen.target
        if here.workload is None or current is None or target is None:
            return
        for keeper in here.pausable:  # until the lease ends: resumed at once, they would put it back
            yield PauseKeeper(keeper, here.workload, self.minutes)
        yield SetSecurity(here.workload, was=current.security, to=target.security)
        if here.replicas:
            yield Healthy(here.workload, here.claim, here.replicas, anew=True)

    def to_commit(self, seen: Seen) -> str:
        if seen.scene.workload is None or seen.current is None or seen.target is None:
            return ""
        return patches.security(seen.scene.workload, was=seen.current.security, to=seen.target.security)


def best(revisions: Sequence[Revision], current: Revision | None) -> Revision | None:
    """The newest other one whose pods are ready; else the newest of which nobody knows; else the newest."""
    others = [r for r in revisions if current and not r.current and r.security != current.security]
    for ready in (True, None, False):
        if found := next((r for r in others if r.ready is ready), None):
            return found
    return None


def without(revision: Revision | None) -> Revision | None:
    """As it is compared before a start: whether its pods are ready may change by itself."""
    return replace(revision, ready=None) if revision else None
