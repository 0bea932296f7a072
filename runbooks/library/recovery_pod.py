"""Open a recovery pod."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from runbooks import base, rights, syncing
from runbooks.acts.guards import NOTHING_KNOWN, Guard
from runbooks.acts.pods import OpenPod, PodOpen
from runbooks.acts.snapshots import KeepSnapshot
from runbooks.base import Act, Facts, Need, Objection, Runbook, facts, objection, param, runbook
from runbooks.looks import Scene, can_snapshot, common, down, paused, resumed, scene, syncs_again, up
from runbooks.world import World


@dataclass(frozen=True)
class Seen(base.Seen):
    scene: Scene
    tag: str
    snapshots: bool  # whether one is taken first
    guard: Guard = NOTHING_KNOWN


@runbook("recovery-pod", _("Open a recovery pod"))
class RecoveryPod(Runbook[Seen]):
    need, nth = Need.BRING_BACK, 6
    ends_as_before = True
    about = _("A pod that has the volume, for a set time, for what no runbook does. What a person does in it is not"
              " taken back.")  # fmt: skip

    needs = rights.needed(rights.LOOK, rights.KEEPERS, rights.JOB)
    wants = rights.needed(rights.SNAPSHOT, rights.KEEP, rights.PAUSE, rights.SCALE, rights.SYNC, rights.ATTACHED)

    volume: int = param(_("Volume"), _("What to work on"), kind="volume")
    minutes: int = param(_("Minutes"), _("After these it is closed by itself"), default=60, least=1, most=23 * 60)
    keep: bool = param(_("Keep a snapshot first"), _("The way back from what is done in the pod"), default=True)
    quiet: bool = param(
        _("Stop the application meanwhile"), _("So that only you change its files; it is down until the pod closes"),
        default=False,
    )  # fmt: skip

    may_move = frozenset({"guard"})

    def look(self, world: World) -> Seen:
        here = scene(world, self.volume)
        has_snapshots = self.keep and can_snapshot(world, here.claim)
        return Seen(here, world.tag, has_snapshots, syncing.guard(world, here.volume))

    def objections(self, seen: Seen) -> Iterator[Objection]:
        here = seen.scene
        if self.quiet:
            yield from common(here)
        elif here.workload and here.replicas:
            yield objection("while-running", stops=False, workload=str(here.workload))
        if self.keep and not seen.snapshots:
            yield objection("no-snapshot-first", stops=False)

    def undoing(self, seen: Seen) -> Iterator[Facts]:
        yield facts("done-in-pod", claim=seen.scene.claim)

    def plan(self, seen: Seen) -> Iterator[Act]:
        here, name = seen.scene, f"{seen.tag}-pod"
        if self.quiet:
            yield from paused(here, seen.guard)
            yield from down(here, seen.guard)
        if self.keep and seen.snapshots:
            yield KeepSnapshot(here.claim, f"{seen.tag}-safety", safety=True)
        yield OpenPod(here.claim, name, self.minutes * 60)
        yield PodOpen(here.claim, name)
        if self.quiet:
            yield from up(here)
            yield from syncs_again(here, seen.guard)
            yield from resumed(here, seen.guard)
