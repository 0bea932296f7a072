"""The one act that destroys: alone, asked for twice, by those who may, and not while what was kept may be needed."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils.timezone import now

from backups.models import RecoveryPoint
from people.actors import person
from runbooks import actions
from runbooks.library.purge_kept import PurgeKept
from runbooks.library.restore_volume import RestoreVolume
from runbooks.models import ActRecord, Run
from tests.runbooks.conftest import HOME, drafted, finish, point_of, settle, started

pytestmark = pytest.mark.django_db


@pytest.fixture
def restored(world, volume, by):
    point = point_of(volume, world, by)
    run = started(RestoreVolume(volume=volume.pk, point=point.pk), world, by=by)
    assert finish(run, world) == "done", run.why
    settle(world)
    return run


@pytest.fixture
def chief(root):
    return person(root)


def kept(world, run) -> bool:
    return (world.ground.volumes.data(HOME) / ".aftermath" / run.tag / "previous").exists()


def stopping(run) -> list[str]:
    return [o["code"] for o in run.objections if o["stops"]]


def test_what_was_put_aside_is_gone_and_nothing_else(world, volume, restored, chief):
    live = world.fingerprint()
    assert kept(world, restored)
    run = drafted(PurgeKept(volume=volume.pk, run=restored.pk), world, by=chief)
    actions.start(run, typed=str(volume), ticked=True, by=chief)
    assert finish(run, world) == "done", run.why
    assert not kept(world, restored)
    assert world.fingerprint() == live
    assert world.snapshot("home", f"{restored.tag}-safety").ready


def test_what_will_be_removed_is_counted_where_it_is(world, volume, restored, chief):
    """Not as the volume was when the restore was looked at: what was written until the swap is in there, too."""
    previous = world.ground.volumes.data(HOME) / ".aftermath" / restored.tag / "previous"
    (previous / "written-meanwhile").write_bytes(b"x" * 1_000)
    files = [path for path in previous.rglob("*") if not path.is_dir() or path.is_symlink()]
    run = drafted(PurgeKept(volume=volume.pk, run=restored.pk), world, by=chief)
    assert run.seen["kept"]["files"] == len(files) == restored.seen["files"] + 1
    assert run.seen["kept"]["bytes"] == restored.seen["bytes"] + 1_000
    actions.start(run, typed=str(volume), ticked=True, by=chief)
    assert finish(run, world) == "done", run.why


def test_its_safety_snapshot_goes_only_when_that_is_asked_for(world, volume, restored, chief):
    run = drafted(PurgeKept(volume=volume.pk, run=restored.pk, snapshots=True), world, by=chief)
    actions.start(run, typed=str(volume), ticked=True, by=chief)
    assert finish(run, world) == "done", run.why
    first = Run.objects.get(slug="snapshot-volume")
    assert [s.name for s in world.snapshots(HOME)] == [f"{first.tag}-snapshot"]


def test_a_snapshot_on_a_nas_is_not_said_to_go_for_it_is_out_of_reach(world, volume, restored, chief):
    ActRecord.objects.create(
        run=restored, position=99, done=now(), result={"snapshot": "on-the-nas", "uuid": "1", "nas": "attic"}
    )
    run = drafted(PurgeKept(volume=volume.pk, run=restored.pk, snapshots=True), world, by=chief)
    assert [act.told().params.get("name") for act in run.plan] == [None, f"{restored.tag}-safety"]


def test_it_must_be_said_that_it_is_gone_for_good(world, volume, restored, chief, client, root):
    client.force_login(root)
    run = drafted(PurgeKept(volume=volume.pk, run=restored.pk), world, by=chief)
    page = client.get(reverse("run", args=[run.pk])).text
    assert "are gone for good" in page
    assert 'name="ticked"' in page
    start = reverse("run-start", args=[run.pk])
    assert client.post(start, {"typed": str(volume)}).status_code == 422
    assert client.post(start, {"ticked": "1", "typed": "x"}).status_code == 422
    assert kept(world, restored)
    assert client.post(start, {"ticked": "1", "typed": str(volume)}).status_code == 302


def test_an_operator_may_look_and_not_do_it(world, volume, restored, by, client, alice):
    client.force_login(alice)
    run = drafted(PurgeKept(volume=volume.pk, run=restored.pk), world, by=by)
    assert "An admin can start this run" in client.get(reverse("run", args=[run.pk])).text
    sent = {"ticked": "1", "typed": str(volume)}
    assert client.post(reverse("run-start", args=[run.pk]), sent).status_code == 403
    run.refresh_from_db()
    assert run.state == "draft"


def test_it_is_refused_while_the_application_is_not_well(world, volume, restored, chief):
    world.break_("wrong-owner")
    settle(world)
    run = drafted(PurgeKept(volume=volume.pk, run=restored.pk), world, by=chief)
    assert stopping(run) == ["not-well"]


def test_it_is_refused_while_no_copy_was_ever_verified(world, volume, restored, chief):
    volume.points.update(verified=None)
    run = drafted(PurgeKept(volume=volume.pk, run=restored.pk), world, by=chief)
    assert stopping(run) == ["nothing-proven"]


def test_it_is_refused_when_what_is_live_misses_a_sentinel(world, volume, restored, chief):
    (world.ground.volumes.data(HOME) / ".storage/auth").unlink()
    run = drafted(PurgeKept(volume=volume.pk, run=restored.pk), world, by=chief)
    assert "live-without" in stopping(run)


def test_there_is_nothing_to_remove_of_a_restore_that_was_taken_back(world, volume, restored, by, chief):
    actions.undo(restored, by=by)
    assert finish(restored, world) == "undone"
    run = drafted(PurgeKept(volume=volume.pk, run=restored.pk), world, by=chief)
    assert stopping(run) == ["not-over"]


def test_a_run_that_put_nothing_aside_is_refused(world, volume, restored, chief):
    run = actions.draft(PurgeKept(volume=volume.pk, run=1), by=chief)
    assert finish(run, world) == "refused"


def test_it_cannot_be_taken_back_and_the_restore_neither(world, volume, restored, by, chief, client, root):
    client.force_login(root)
    run = drafted(PurgeKept(volume=volume.pk, run=restored.pk), world, by=chief)
    actions.start(run, typed=str(volume), ticked=True, by=chief)
    assert finish(run, world) == "done"
    assert reverse("run-undo", args=[run.pk]) not in client.get(reverse("run", args=[run.pk])).text
    with pytest.raises(actions.TooLate):
        actions.undo(Run.objects.get(pk=restored.pk), by=by)
    page = client.get(reverse("run", args=[restored.pk])).text
    assert "removed for good what this one put aside: it cannot be taken back." in page
    assert "Take it all back" not in page
    told = client.post(reverse("run-undo", args=[restored.pk])).text
    assert f"Run {run.pk} removed something for good since: this one cannot be taken back." in told


def test_what_was_removed_is_not_offered_again(world, volume, restored, chief, client, root):
    client.force_login(root)
    address = reverse("runbook", args=["purge-kept"])
    offered = f'<option value="{restored.pk}">Run {restored.pk}'
    assert offered in client.get(address, {"volume": volume.pk}).text
    run = drafted(PurgeKept(volume=volume.pk, run=restored.pk), world, by=chief)
    actions.start(run, typed=str(volume), ticked=True, by=chief)
    assert finish(run, world) == "done"
    assert offered not in client.get(address, {"volume": volume.pk}).text


def test_what_was_removed_already_is_said_to_be_gone(world, volume, restored, chief):
    run = drafted(PurgeKept(volume=volume.pk, run=restored.pk), world, by=chief)
    actions.start(run, typed=str(volume), ticked=True, by=chief)
    assert finish(run, world) == "done", run.why
    assert stopping(drafted(PurgeKept(volume=volume.pk, run=restored.pk), world, by=chief)) == ["not-kept"]


def test_the_safety_snapshot_is_no_proof_when_it_goes_too(world, volume, restored, chief):
    proof = volume.points.exclude(verified=None).get()
    RecoveryPoint.objects.filter(pk=proof.pk).update(ref=f"{restored.tag}-safety")
    for snapshots, refused in ((True, ["nothing-proven"]), (False, [])):
        run = drafted(PurgeKept(volume=volume.pk, run=restored.pk, snapshots=snapshots), world, by=chief)
        assert stopping(run) == refused
