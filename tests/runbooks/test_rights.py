"""A runbook says which rights it needs: all that its acts use, and their ways back."""

from __future__ import annotations

import pytest
from django.utils.timezone import now

from cluster.api import ClaimRef, Keeper, Released, Revision, Room, Sync, Template, WorkloadRef
from runbooks.acts.syncs import Guard
from runbooks.base import shelf
from runbooks.library import (
    archive_volume,
    fix_permissions,
    pause_gitops,
    purge_kept,
    reattach_volume,
    rebind_released,
    recovery_pod,
    restore_volume,
    resume_gitops,
    resume_sync,
    roll_back_security,
    snapshot_volume,
    suspend_sync,
)  # fmt: skip
from runbooks.looks import Scene
from runbooks.world import Kept, PointFacts, VolumeFacts

CLAIM = ClaimRef("home", "config")
APP = WorkloadRef("home", "Deployment", "app")
FLUX = Keeper("Flux", "flux-system", "apps", pausable=True)
SYNC = Sync(WorkloadRef("home", "CronJob", "copier"), "CronJob", "config", running=True, replicas=0)
SIDECAR = Sync(APP, "Sidecar", "config", running=True, replicas=1, container="rclone")
VOLUME = VolumeFacts(1, CLAIM, 1000, 1000, ("a",), "f", "bucket", "archives", snapshots=True)
SCENE = Scene(VOLUME, "uid", APP, "uid", "1", 1, (SYNC,), (), (FLUX,))
WITH_SIDECAR = Scene(VOLUME, "uid", APP, "uid", "1", 1, (SIDECAR,), (), ())
GUARD = Guard((), (), 1)
PV = Released("pv-1", "uid", CLAIM, "handle", "driver", 1)
BEFORE = Revision("app-1", 1, None, False, None, {})
NOW = Revision("app-2", 2, None, True, None, {"": {"runAsUser": 1}})
KEPT = Kept("am-1", 1, True, now(), 1, 1, ("am-1-safety",))


def point(kind: str) -> PointFacts:
    return PointFacts(1, 1, kind, "ref", "bucket", now(), 1, 1, False, True, (), (), 1, 1)


def restore(kind: str, **more) -> restore_volume.Seen:
    released = PV if kind == "released" else None
    return restore_volume.Seen(SCENE, point(kind), {}, "am-1", "f", 1, 1, 1, "", released=released, **more)


def purge(proven: PointFacts) -> purge_kept.Seen:
    return purge_kept.Seen(SCENE, KEPT, "swapped", (), 1, proven, None)


KINDS = ("archive", "snapshot", "upload", "released")
EVERY = [
    (snapshot_volume.SnapshotVolume(volume=1, quiet=True), snapshot_volume.Seen(SCENE, "s")),
    (snapshot_volume.SnapshotVolume(volume=1), snapshot_volume.Seen(SCENE, "s", lun="lun")),
    (archive_volume.ArchiveVolume(volume=1), archive_volume.Seen(SCENE, {}, "am-1", 1, ())),
    (fix_permissions.FixPermissions(volume=1), fix_permissions.Seen(SCENE, "am-1", 1, (), Template((), "", ""))),
    *((restore_volume.RestoreVolume(volume=1, point=1), restore(kind)) for kind in KINDS),
    (restore_volume.RestoreVolume(volume=1, point=1), restore("archive", snapshots=False)),
    (reattach_volume.ReattachVolume(volume=1), reattach_volume.Seen(SCENE, Room(), GUARD)),
    (suspend_sync.SuspendSync(volume=1), suspend_sync.Seen(SCENE, SYNC, (FLUX,))),
    (suspend_sync.SuspendSync(volume=1), suspend_sync.Seen(WITH_SIDECAR, SIDECAR)),
    (resume_sync.ResumeASync(volume=1), resume_sync.Seen(SCENE, SYNC, True, True, GUARD, 1, "f", (), (FLUX,))),
    (resume_sync.ResumeASync(volume=1), resume_sync.Seen(WITH_SIDECAR, SIDECAR, True, True, GUARD, 1, "f", ())),
    (pause_gitops.PauseGitOps(volume=1), pause_gitops.Seen(SCENE)),
    (resume_gitops.ResumeGitOps(volume=1), resume_gitops.Seen(SCENE, (FLUX,), (APP,))),
    (roll_back_security.RollBackSecurity(volume=1), roll_back_security.Seen(SCENE, NOW, BEFORE, None)),
    (rebind_released.RebindReleased(released="pv-1", claim="again"), rebind_released.Seen(PV, CLAIM, False)),
    (recovery_pod.RecoveryPod(volume=1, quiet=True), recovery_pod.Seen(SCENE, "am-1", True)),
    (purge_kept.PurgeKept(volume=1, run=1, snapshots=True), purge(point("archive"))),
]  # fmt: skip


def test_every_runbook_is_here():
    assert {type(runbook) for runbook, _ in EVERY} == set(shelf().values())


@pytest.mark.parametrize(("runbook", "seen"), EVERY, ids=lambda value: getattr(value, "slug", ""))
def test_a_runbook_needs_what_its_acts_use_and_their_ways_back(runbook, seen):
    plan = list(runbook.plan(seen))
    assert plan
    used = {right for act in plan for each in (act, act.inverse()) if each for right in each.needs}
    assert used <= {*runbook.needs, *runbook.wants}


@pytest.mark.parametrize(("runbook", "seen"), EVERY, ids=lambda value: getattr(value, "slug", ""))
def test_whatever_is_said_of_it_is_a_sentence(runbook, seen):
    from runbooks.sentences import SENTENCES, say  # noqa: PLC0415

    told = [act.told() for act in runbook.plan(seen)] + [o.why for o in runbook.objections(seen)]
    told += [why for why in (runbook.destroys(seen), *runbook.undoing(seen)) if why]
    for each in told:
        assert each.code in SENTENCES
        assert "%(" not in say(each.as_json())


@pytest.mark.parametrize(("runbook", "seen"), EVERY, ids=lambda value: getattr(value, "slug", ""))
def test_what_was_seen_is_the_same_after_it_was_kept(runbook, seen):
    from runbooks.base import decoded, encoded  # noqa: PLC0415

    again = decoded(type(runbook).seen_type(), encoded(seen))
    assert runbook.changed(seen, again) == []
    assert list(runbook.plan(again)) == list(runbook.plan(seen))
