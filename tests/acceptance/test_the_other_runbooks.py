"""The other runbooks on a real cluster, each from its draft to its end, and taken back where it can be."""

from __future__ import annotations

import json

import pytest
import yaml

from backups.actions import add_source
from backups.models import RecoveryPoint
from cluster.api import ClaimRef
from runbooks import actions
from runbooks.library.fix_permissions import FixPermissions
from runbooks.library.pause_gitops import PauseGitOps
from runbooks.library.purge_kept import PurgeKept
from runbooks.library.reattach_volume import ReattachVolume
from runbooks.library.rebind_released import RebindReleased
from runbooks.library.recovery_pod import RecoveryPod
from runbooks.library.restore_volume import RestoreVolume
from runbooks.library.resume_sync import ResumeASync
from runbooks.library.roll_back_security import RollBackSecurity
from runbooks.library.suspend_sync import SuspendSync
from runbooks.models import Run
from tests.acceptance import fingerprint
from tests.acceptance.accounts import GLASS
from tests.acceptance.driving import live
from tests.acceptance.scene.objects import CLAIM, HARDENED, HOUSE

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.matrix]


def still(house):
    return fingerprint.still(house.prints()[""])


def stopping(run: Run) -> list[str]:
    return [o["code"] for o in run.objections if o["stops"]]


def ends(drive, runbook, how="done") -> Run:
    run = drive.drafts(runbook)
    assert stopping(run) == [], run.objections
    actions.start(run, typed=run.named, ticked=True, by=drive.by)
    drive.ends(run, how)
    return run


def test_a_volume_is_attached_again(house, whole, drive):
    run = drive.starts(ReattachVolume(volume=drive.register().pk))
    drive.ends(run, "done")
    house.serves("home")
    fingerprint.same(whole, still(house))


def test_a_sidecar_is_stopped_with_its_workload_and_resumed_under_guard(house, whole, drive):
    drive.archive()
    volume = drive.register()
    run = ends(drive, SuspendSync(volume=volume.pk))
    assert house.replicas() == 0
    noted = run.records.get(facts__code="note-volume").result
    assert noted["filesystem"]
    ends(drive, ResumeASync(volume=volume.pk))
    house.serves("home")
    assert stopping(drive.drafts(ResumeASync(volume=volume.pk))) == ["sync-running"]


def test_a_recovery_pod_is_entered_and_closed_early(house, drive):
    run = drive.starts(RecoveryPod(volume=drive.register().pk, minutes=10))
    drive.reach(run, "pod-open")

    def stop() -> None:
        opened = run.records.filter(progress__has_key="command").exclude(progress__command="").first()
        if opened and Run.objects.get(pk=run.pk).state == "running":
            assert opened.progress["command"].startswith("kubectl")
            drive.cancels(run)

    drive.goes_on(run, meanwhile=stop)
    assert run.state == "undone", run.why
    assert not [pod for pod in house.agents() if pod["metadata"]["name"].startswith(f"{run.tag}-pod")]
    house.serves("home")


def test_a_recovery_pod_ends_by_itself(house, drive):
    run = drive.starts(RecoveryPod(volume=drive.register().pk, minutes=1, keep=False))
    drive.ends(run, "done")
    assert 55 <= run.records.get(facts__code="pod-open").result["lasted"] <= 70


def test_a_security_context_is_rolled_back_and_put_back(house, drive):
    house.harden()
    run = drive.starts(RollBackSecurity(volume=drive.register().pk))
    drive.ends(run, "done")
    house.serves("home")
    patch = yaml.safe_load(run.runbook.to_commit(run.sight))
    house.server.patch("Deployment", house.namespace, HOUSE, {"spec": patch["spec"]})
    house.serves("home")
    drive.undoes(run)
    [container] = [
        c
        for c in house.server.get("Deployment", house.namespace, HOUSE)["spec"]["template"]["spec"]["containers"]
        if c["name"] == HOUSE
    ]
    assert HARDENED.items() <= container["securityContext"].items()
    ends(drive, RollBackSecurity(volume=drive.register().pk))
    house.serves("home")


def test_owners_are_put_right_and_the_lasting_form_is_one_that_the_cluster_takes(house, drive):
    drive.archive()
    house.spoil()
    volume = drive.register()
    run = drive.starts(FixPermissions(volume=volume.pk))
    drive.ends(run, "done")
    house.serves("home")
    assert stopping(drive.drafts(FixPermissions(volume=volume.pk))) == ["nothing-differs"]
    patch = yaml.safe_load(run.runbook.to_commit(run.sight))
    made = house.server.patch("Deployment", house.namespace, HOUSE, {"spec": patch["spec"]})
    pod = made["spec"]["template"]["spec"]
    assert "fsGroup" in pod.get("securityContext", {}) or [c["name"] for c in pod["initContainers"]] == ["fix-perms"]
    before = {"initContainers": None, "securityContext": {"fsGroup": None, "fsGroupChangePolicy": None}}
    house.server.patch("Deployment", house.namespace, HOUSE, {"spec": {"template": {"spec": before}}})
    house.serves("home")


@pytest.fixture
def broken_glass(drive, accounts, house):
    """A worker that runs as the account for what touches the whole cluster."""
    drive.cluster = live(str(accounts.kubeconfig(GLASS)), house.image)


def test_without_the_right_over_volumes_it_is_refused_ahead(house, drive):
    run = drive.drafts(RebindReleased(released=house.released, claim="config-again"))
    assert stopping(run) == ["dry-refused"]
    assert "persistentvolumes" in json.dumps(run.trial)


def test_a_released_volume_is_rebound_and_let_go_again(house, drive, broken_glass):
    run = ends(drive, RebindReleased(released=house.released, claim="config-again"))
    assert house.phase_of(house.released) == "Bound"
    assert drive.cluster.claim(ClaimRef(house.namespace, "config-again")).volume == house.released
    drive.undoes(run)
    assert house.phase_of(house.released) == "Released"


def test_a_volume_is_restored_from_a_released_one_which_is_released_again(house, drive, broken_glass):
    volume = drive.register()
    add_source(volume, kind="released", by=drive.by)
    drive.scan()
    point = RecoveryPoint.objects.filter(volume=volume, kind="released").first()
    if point is None:  # its old claim had another name: it is a copy only for who says so
        [source] = volume.sources.filter(kind="released")
        point = RecoveryPoint.objects.create(
            volume=volume, source=source, kind="released", ref=house.released, taken="2020-01-01T00:00:00Z"
        )
    run = drive.starts(RestoreVolume(volume=volume.pk, point=point.pk))
    drive.ends(run, "done")
    house.serves("home")
    assert house.phase_of(house.released) == "Released"
    drive.undoes(run)
    assert house.phase_of(house.released) == "Released"
    house.serves("home")


def test_what_a_restore_kept_is_purged(house, whole, drive):
    point = drive.point()
    house.spoil()
    restore = drive.restores(point)
    drive.ends(restore, "done")
    run = ends(drive, PurgeKept(volume=point.volume_id, run=restore.pk, snapshots=True))
    assert not [s for s in drive.cluster.snapshots(ClaimRef(house.namespace, CLAIM)) if s.name.startswith(restore.tag)]
    fingerprint.same(whole, still(house))
    removed = run.records.get(facts__code="purge").result
    assert removed["removed"]
    assert removed["files"] > 0


def test_where_nothing_keeps_it_there_is_nothing_to_pause(house, drive):
    assert stopping(drive.drafts(PauseGitOps(volume=drive.register().pk))) == ["no-keeper"]
