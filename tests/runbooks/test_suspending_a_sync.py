"""A sync that copies what is wrong over what is good is stopped at once, and started again only under guard."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils.timezone import now

from audit.models import Entry
from audit.sentences import sentence
from backups.models import RecoveryPoint, Source, Volume
from cluster import notes
from cluster.api import ClaimRef, Sync
from cluster.errors import Forbidden
from cluster.range import faults
from health.sweep import sweep
from people.actors import person
from runbooks import actions, leases
from runbooks.library.fix_permissions import FixPermissions
from runbooks.library.reattach_volume import ReattachVolume
from runbooks.library.resume_gitops import ResumeGitOps
from runbooks.library.resume_sync import ResumeASync
from runbooks.library.suspend_sync import SuspendSync
from runbooks.models import ActRecord, Pause
from runbooks.sentences import say
from tests.runbooks.conftest import HOME, drafted, finish, settle, started
from tests.runbooks.test_pausing_gitops import WithoutTheRight
from tests.runbooks.test_reattaching import Otherwise

pytestmark = pytest.mark.django_db


def running(world) -> bool:
    return world.syncs(HOME)[0].running


def stopping(run) -> list[str]:
    return [o["code"] for o in run.objections if o["stops"]]


@pytest.fixture
def suspended(world, volume, by):
    run = started(SuspendSync(volume=volume.pk), world, by=by)
    assert finish(run, world) == "done", run.why
    assert not running(world)
    return run


@pytest.fixture
def good(volume):
    """The last good copy: as many files as the volume of the practice world has, about."""
    source = Source.objects.create(volume=volume, kind="archives", bucket="practice", prefix="archives/home")
    return RecoveryPoint.objects.create(
        volume=volume, source=source, kind="archive", ref="archives/home/1.tar.zst", files=10, bytes=1000,
        taken=volume.added, sentinels={".storage/auth": True},
    )  # fmt: skip


def test_it_is_suspended_and_what_the_volume_was_is_written_down(suspended, volume):
    noted = ActRecord.objects.get(run=suspended, facts__code="note-volume").result
    assert noted["filesystem"]
    assert noted["files"] >= 10


def test_a_key_in_its_command_is_not_kept_and_another_command_is_another_world(world, volume, by, monkeypatch):
    key, syncs = "wJalrXUtnFEMIK7MDENGbPxRfiCY", world.syncs
    told = [f"rclone sync /data s3:b --s3-secret-access-key {key}"]
    monkeypatch.setattr(world, "syncs", lambda claim: tuple(replace(s, command=told[0]) for s in syncs(claim)))
    run = drafted(SuspendSync(volume=volume.pk), world, by=by)
    assert run.state == "draft"
    assert key not in json.dumps(run.seen)
    told[0] += "-other"
    actions.start(run, typed=str(volume), by=by)
    assert finish(run, world) == "refused"
    assert run.why["code"] == "changed"
    assert key not in json.dumps(run.why)


def test_it_is_resumed_as_it_was(world, suspended, good, volume, by):
    run = started(ResumeASync(volume=volume.pk), world, by=by)
    assert finish(run, world) == "done", run.why
    assert running(world)


def test_where_no_job_may_look_into_the_volume_it_is_suspended_all_the_same(world, volume, by):
    def refused(job, *, dry=False):
        raise Forbidden("jobs.batch is forbidden")

    run = started(SuspendSync(volume=volume.pk), world, by=by)
    assert finish(run, Otherwise(world, start_job=refused), world) == "done", run.why
    assert not running(world)
    note = run.records.get(facts__code="note-volume").result["note"]
    assert "jobs.batch is forbidden" in say(note)


def test_what_is_suspended_already_is_not_suspended_again(world, suspended, volume, by):
    assert stopping(drafted(SuspendSync(volume=volume.pk), world, by=by)) == ["sync-stopped"]


def test_what_runs_is_not_resumed(world, good, volume, by):
    assert stopping(drafted(ResumeASync(volume=volume.pk), world, by=by)) == ["sync-running"]


def test_an_emptied_volume_is_not_copied_away(world, suspended, good, volume, by):
    world.break_("emptied")
    settle(world)
    run = drafted(ResumeASync(volume=volume.pk), world, by=by)
    assert set(stopping(run)) == {"guard-files", "guard-filesystem", "guard-without"}
    with pytest.raises(actions.HasObjections):
        actions.start(run, typed=str(volume), by=by)
    assert not running(world)


def test_one_that_is_whole_on_a_filesystem_that_a_restore_put_there_is(world, suspended, good, volume, by):
    world.break_("emptied")
    world.mend()
    world.suspend(world.syncs(HOME)[0])
    Volume.objects.filter(pk=volume.pk).update(filesystem=world.fingerprint()["filesystems"][str(HOME)])
    run = started(ResumeASync(volume=volume.pk), world, by=by)
    assert finish(run, world) == "done", run.why
    assert running(world)


def test_taking_the_suspension_back_starts_it_again(world, suspended, volume, by):
    actions.undo(suspended, by=by)
    assert finish(suspended, world) == "undone"
    assert running(world)


def test_taking_the_suspension_back_does_not_copy_an_emptied_volume_away(world, suspended, volume, by):
    world.break_("emptied")
    settle(world)
    actions.undo(suspended, by=by)
    assert finish(suspended, world) == "undone"
    assert not running(world)
    noted = ActRecord.objects.get(run=suspended, undo=True, facts__code="resume-guarded").result["note"]
    assert noted["code"] == "left-stopped"


@pytest.mark.parametrize("whole", [True, False])
def test_a_copy_that_it_took_before_goes_out_only_if_that_is_whole(world, suspended, good, volume, by, whole):
    copy = HOME if whole else ClaimRef("wiki", "pages")
    dropped = []

    def drop(namespace, name, *, dry=False):
        dropped.append((namespace, name))
        world.drop_job(namespace, name, dry=dry)

    run = started(ResumeASync(volume=volume.pk), world, by=by)
    cluster = Otherwise(world, waiting=lambda sync: (copy,), drop_job=drop)
    assert finish(run, cluster, world) == "done", run.why
    assert running(world) is whole
    assert (copy.namespace, f"{run.tag}-1-copy1") in dropped, "its pod would hold the copy"
    result = run.records.get(position=1).result or {}
    if not whole:
        assert result["note"]["code"] == "left-stopped-copy"
        assert "wiki/pages" in say(result["note"])


@pytest.fixture
def both_kept(world):
    """GitOps keeps the application and the sync as they are declared."""
    faults.heal(world.ground)
    with world.ground.objects.change() as state:
        copier = state.workloads["home/Deployment/config-syncer"]
        copier.git = state.workloads["home/Deployment/home-assistant"].git
    return world


def test_nor_does_what_keeps_it_as_it_is_declared_start_it_then(both_kept, world, volume, by):
    run = started(SuspendSync(volume=volume.pk, minutes=60), world, by=by)
    assert finish(run, world) == "done", run.why
    world.break_("emptied")
    actions.undo(run, by=by)
    assert finish(run, world) == "undone"
    settle(world)
    assert not running(world)
    assert Pause.objects.get().ended is None


def test_a_suspended_sync_is_not_started_by_the_clock(both_kept, world, volume, by, root, client):
    """A day later nobody has looked into the volume, and the lease is over."""
    run = started(SuspendSync(volume=volume.pk, minutes=60), world, by=by)
    assert finish(run, world) == "done", run.why
    world.break_("emptied")
    for _ in range(2):
        Pause.objects.update(until=now() - timedelta(seconds=1), not_before=now())
        leases.tend(Pause.objects.get().pk, world)
        settle(world)
    assert not running(world)
    pause = Pause.objects.get()
    assert (pause.ended, pause.problem["code"]) == (None, "kept-paused")
    assert "home/config-syncer" in say(pause.problem)
    [stands] = [e for e in Entry.objects.of(run) if e.action == "pause.stands"]
    assert "home/config-syncer" in sentence(stands)
    client.force_login(root)
    banner = client.get(reverse("pauses"), {"volume": volume.pk}, headers={"HX-Request": "true"}).text
    assert banner.index(reverse("runbook", args=["resume-sync"])) < banner.index(
        reverse("runbook", args=["resume-gitops"])
    )

    resume = drafted(ResumeGitOps(volume=volume.pk), world, by=by)
    assert [o["code"] for o in resume.objections if o["stops"]] == ["starts-sync"]
    with pytest.raises(actions.HasObjections):
        actions.start(resume, typed="", reason="it is meant to be empty", by=by)
    actions.start(resume, typed="", reason="it is meant to be empty", break_glass=True, by=person(root))
    assert finish(resume, world) == "done", resume.why
    settle(world)
    assert running(world), "a person with the right to destroy has said so"
    assert Pause.objects.get().ended


def test_once_the_sync_runs_again_the_clock_ends_the_pause(both_kept, world, volume, by):
    """Somebody started it by hand, or the keeper was paused for the application that it keeps, too."""
    run = started(SuspendSync(volume=volume.pk, minutes=60), world, by=by)
    assert finish(run, world) == "done", run.why
    [sync] = world.syncs(HOME)
    world.scale(sync.workload, was=0, to=1)
    settle(world)
    assert running(world)
    Pause.objects.update(until=now() - timedelta(seconds=1), not_before=now())
    leases.tend(Pause.objects.get().pk, world)
    assert Pause.objects.get().ended


def test_a_pause_that_no_clock_ends_can_be_ended_when_the_claim_is_gone(both_kept, world, volume, by, root):
    run = started(SuspendSync(volume=volume.pk, minutes=60), world, by=by)
    assert finish(run, world) == "done", run.why
    with world.ground.objects.change() as state:
        del state.workloads["home/Deployment/config-syncer"]
        del state.workloads["home/Deployment/home-assistant"]
        del state.claims[str(HOME)]
    resume = drafted(ResumeGitOps(volume=volume.pk), world, by=by)
    assert stopping(resume) == ["starts-sync"], "what makes the claim again, empty, would start the sync, too"
    actions.start(resume, typed="", reason="it moved away", break_glass=True, by=person(root))
    assert finish(resume, world) == "done", resume.why
    assert Pause.objects.get().ended


def test_what_is_whole_again_is_copied_again_and_ends_the_pause(both_kept, world, volume, by):
    run = started(SuspendSync(volume=volume.pk, minutes=60), world, by=by)
    assert finish(run, world) == "done", run.why
    assert finish(started(ResumeASync(volume=volume.pk), world, by=by), world) == "done"
    assert running(world)
    assert Pause.objects.get().ended


def test_without_a_good_copy_a_person_is_told_to_look_for_themselves(world, suspended, volume, by):
    run = drafted(ResumeASync(volume=volume.pk), world, by=by)
    assert ("guard-nothing-known", False) in [(o["code"], o["stops"]) for o in run.objections]


def test_what_would_start_it_again_is_paused_and_the_patch_is_shown(world, volume, by, client, alice, incident):
    """GitOps keeps the sync, too."""
    client.force_login(alice)
    faults.heal(world.ground)
    with world.ground.objects.change() as state:
        copier = state.workloads["home/Deployment/config-syncer"]
        copier.git = state.workloads["home/Deployment/home-assistant"].git
    run = started(SuspendSync(volume=volume.pk, minutes=60), world, by=by, incident=incident)
    assert finish(run, world) == "done", run.why
    settle(world)
    assert not running(world)
    again = drafted(ResumeASync(volume=volume.pk), world, by=by)
    assert [act.guarded.sync.running for act in again.plan if act.told().code == "resume"] == [True]
    assert Pause.objects.get().about == "Flux flux-system/apps, Deployment home/config-syncer"
    page = client.get(reverse("run", args=[run.pk])).text
    assert "replicas: 0" in page
    for _ in range(2):
        client.post(reverse("run-promise", args=[run.pk]))
    [action] = incident.action_set.all()
    assert "replicas: 0" in action.text
    assert "It is an action of the incident" in client.get(reverse("run", args=[run.pk])).text


def test_a_sync_whose_keeper_somebody_has_paused_is_stopped_without_a_right_and_still_guarded(world, volume, by, good):
    faults.heal(world.ground)
    with world.ground.objects.change() as state:
        copier = state.workloads["home/Deployment/config-syncer"]
        copier.git = state.workloads["home/Deployment/home-assistant"].git
        copier.annotations[notes.FLUX[0]] = notes.FLUX[1]
    few, ref = WithoutTheRight(world), world.syncs(HOME)[0].workload
    before = dict(world.workload(ref).annotations)
    run = started(SuspendSync(volume=volume.pk, minutes=1), few, by=by)
    assert [(o["code"], o["stops"]) for o in run.objections] == [("keeper-theirs", False)]
    assert finish(run, few, world) == "done", run.why
    assert not running(world)
    Pause.objects.update(until=now() - timedelta(seconds=1), not_before=now())
    leases.tend(Pause.objects.get().pk, few)
    pause = Pause.objects.get()
    assert (pause.ended, pause.problem["code"]) == (None, "kept-paused"), "who resumes it would start the sync"
    back = started(ResumeASync(volume=volume.pk), few, by=by)
    assert [act.told().code for act in back.plan][-1] == "resume-theirs"
    assert finish(back, few, world) == "done", back.why
    assert running(world)
    assert Pause.objects.get().ended
    assert dict(world.workload(ref).annotations) == before, "paused as somebody had it"


def test_what_keeps_a_sync_leaves_it_alone_while_another_run_has_it_stopped(world, volume, by):
    faults.heal(world.ground)
    with world.ground.objects.change() as state:
        copier = state.workloads["home/Deployment/config-syncer"]
        copier.git = state.workloads["home/Deployment/home-assistant"].git
    run = started(ReattachVolume(volume=volume.pk), world, by=by)
    about = [act.told().params["workload"] for act in run.plan if act.told().code == "pause"]
    assert about == ["home/home-assistant", "home/config-syncer"]
    assert finish(run, world) == "done", run.why
    assert running(world)
    assert Pause.objects.filter(ended=None).count() == 0


def test_the_sync_is_picked_from_the_last_sweep(world, volume, client, alice):
    client.force_login(alice)
    address = reverse("runbook", args=["suspend-sync"])
    assert "config-syncer" not in client.get(address, {"volume": volume.pk}).text
    sweep(lambda: world)
    assert 'value="Deployment/config-syncer"' in client.get(address, {"volume": volume.pk}).text
    assert client.post(address, {"volume": volume.pk, "minutes": 60, "sync": "Deployment/rm"}).status_code == 422
    assert client.post(address, {"volume": volume.pk, "minutes": 0}).status_code == 422
    sent = {"volume": volume.pk, "minutes": 60, "sync": "Deployment/config-syncer"}
    assert client.post(address, sent).status_code == 302


class WithSidecar:
    """The practice cluster, but that its sync lives in the pods of the application."""

    def __init__(self, world):
        self.world = world

    def __getattr__(self, name):
        return getattr(self.world, name)

    def syncs(self, claim):
        here = self.world.workload_using(claim)
        return (Sync(here.ref, "Sidecar", claim.name, bool(here.replicas), 1, container="copier"),)


def test_a_sidecar_over_an_emptied_volume_stays_down_when_its_suspension_is_taken_back(world, volume, by):
    cluster = WithSidecar(world)
    run = drafted(SuspendSync(volume=volume.pk), cluster, by=by, range_=world)
    actions.start(run, typed=str(volume), by=by)
    assert finish(run, cluster, world) == "done", run.why
    world.break_("emptied")
    actions.undo(run, by=by)
    assert finish(run, cluster, world) == "undone", run.why
    assert world.workload_using(HOME).replicas == 0


def test_it_comes_back_over_a_whole_one(world, volume, by):
    cluster = WithSidecar(world)
    run = drafted(SuspendSync(volume=volume.pk), cluster, by=by, range_=world)
    actions.start(run, typed=str(volume), by=by)
    assert finish(run, cluster, world) == "done", run.why
    assert [act.told().code for act in run.plan] == ["scale", "note-volume"], "its workload is stopped once"
    actions.undo(run, by=by)
    assert finish(run, cluster, world) == "undone", run.why
    assert world.workload_using(HOME).replicas == 1


def test_that_a_sidecar_may_copy_once_more_is_said_before_its_permissions_are_mended(world, volume, by):
    run = drafted(FixPermissions(volume=volume.pk), WithSidecar(world), by=by, range_=world)
    assert ("sidecar-once-more", False) in [(o["code"], o["stops"]) for o in run.objections]
