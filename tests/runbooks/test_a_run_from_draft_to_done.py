"""The way of one run: drafted, approved, done, and what is written down about it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils.timezone import now

from audit.models import Entry, broken
from backups.models import RecoveryPoint, Source
from cluster.range.store import BUCKET, serve
from people import words
from runbooks import actions
from runbooks.library.archive_volume import ArchiveVolume
from runbooks.library.fix_permissions import FixPermissions
from runbooks.library.reattach_volume import ReattachVolume
from runbooks.library.restore_volume import RestoreVolume
from runbooks.library.snapshot_volume import SnapshotVolume
from runbooks.library.suspend_sync import SuspendSync
from runbooks.models import Run
from runbooks.sentences import say
from runbooks.spine import planned, rows
from tests.runbooks.conftest import HOME, drafted, finish, point_of, settle, started

pytestmark = pytest.mark.django_db


def codes(run: Run) -> list[str]:
    return [act.told().code for act in run.plan]


def test_a_draft_changes_nothing_and_says_what_would_be_done(world, volume, by):
    before = world.fingerprint()
    run = drafted(SnapshotVolume(volume=volume.pk, quiet=True), world, by=by)
    assert world.fingerprint() == before
    assert codes(run) == [
        "stop-sync", "scale", "stays-down", "detached", "snapshot", "scale", "healthy", "resume-guarded",
    ]  # fmt: skip
    assert [a.dry["code"] for a in planned(run)] == [
        "accepted", "accepted", "only-asks", "only-asks", "accepted", "accepted", "only-asks", "accepted",
    ]  # fmt: skip


def test_a_link_that_leads_out_of_the_volume_comes_back_as_a_link_from_an_archive_of_it(world, volume, by):
    link = world.ground.volumes.data(HOME) / "localtime"
    link.symlink_to("../../usr/share/zoneinfo/UTC")
    source = Source.objects.create(volume=volume, kind="archives", bucket=BUCKET, prefix="archives/home")
    with serve(world.directory):
        made = started(ArchiveVolume(volume=volume.pk), world, by=by)
        assert finish(made, world) == "done", made.why
        result = made.records.exclude(result={}).last().result
        point = RecoveryPoint.objects.create(
            volume=volume, source=source, kind="archive", ref=result["archive_key"], taken=now(),
            files=result["manifest"]["files"], bytes=result["manifest"]["bytes"],
        )  # fmt: skip
        world.break_("emptied")
        run = started(RestoreVolume(volume=volume.pk, point=point.pk), world, by=by)
        assert finish(run, world) == "done", run.why
    assert link.readlink() == Path("../../usr/share/zoneinfo/UTC")


def test_an_emptied_volume_is_restored_and_what_was_there_is_kept(world, volume, by, incident):
    point = point_of(volume, world, by)
    whole = files(world)
    world.break_("emptied")
    settle(world)
    assert ".storage/auth" not in files(world)

    run = started(RestoreVolume(volume=volume.pk, point=point.pk), world, by=by, incident=incident)
    assert finish(run, world) == "done", run.why

    assert files(world) == whole
    assert world.snapshot("home", f"{run.tag}-safety").ready
    assert any(run.tag in str(path) for path in kept(world))
    point.refresh_from_db()
    assert point.verified
    volume.refresh_from_db()
    assert volume.restored >= run.started
    assert volume.restored_in == round((run.ended - run.started).total_seconds())


def test_the_copies_of_a_volume_are_looked_for_as_soon_as_a_run_on_it_is_over(world, volume, by):
    source = Source.objects.create(volume=volume, kind="snapshots", every=3600, not_before=now() + timedelta(hours=1))
    run = started(SnapshotVolume(volume=volume.pk), world, by=by)
    assert finish(run, world) == "done", run.why
    source.refresh_from_db()
    assert source.not_before <= now()


def test_a_restore_is_taken_back_whole(world, volume, by):
    point = point_of(volume, world, by)
    world.break_("emptied")
    settle(world)
    before = world.fingerprint()
    run = started(RestoreVolume(volume=volume.pk, point=point.pk), world, by=by)
    assert finish(run, world) == "done", run.why
    actions.undo(run, by=by)
    assert finish(run, world) == "undone", run.why
    settle(world)
    after = world.fingerprint()
    for kept_always in ("safety", "undone"):
        world.drop_snapshot("home", f"{run.tag}-{kept_always}")
    assert world.fingerprint() | {"replicas": before["replicas"]} == before != after


def test_a_sync_is_not_started_again_on_the_emptiness_that_a_restore_is_taken_back_to(world, volume, by):
    point = point_of(volume, world, by)
    world.break_("emptied")
    run = started(RestoreVolume(volume=volume.pk, point=point.pk), world, by=by)
    assert finish(run, world) == "done", run.why
    assert world.syncs(HOME)[0].running
    actions.undo(run, by=by)
    assert finish(run, world) == "undone", run.why
    assert not world.syncs(HOME)[0].running
    position = codes(run).index("stop-sync") + 1
    assert "left stopped" in next(r.said for r in rows(run) if r.position == position)


def test_a_sync_is_started_again_when_what_a_restore_is_taken_back_to_is_whole(world, volume, by):
    point = point_of(volume, world, by)
    run = started(RestoreVolume(volume=volume.pk, point=point.pk), world, by=by)
    assert finish(run, world) == "done", run.why
    actions.undo(run, by=by)
    assert finish(run, world) == "undone", run.why
    assert world.syncs(HOME)[0].running


def test_what_was_written_after_a_restore_is_not_lost_when_it_is_taken_back(world, volume, by):
    point = point_of(volume, world, by)
    first = started(RestoreVolume(volume=volume.pk, point=point.pk), world, by=by)
    assert finish(first, world) == "done", first.why
    live = world.ground.volumes.data(HOME)
    (live / "written-since.txt").write_text("a week of work")
    actions.undo(first, by=by)
    assert finish(first, world) == "undone", first.why
    assert not (live / "written-since.txt").exists()
    state = world.ground.objects.read()
    kept = world.ground.volumes.snapshot(state.snapshots[f"home/{first.tag}-undone"].uid)
    assert (kept / "written-since.txt").read_text() == "a week of work"


def test_files_of_another_owner_are_given_back(world, volume, by):
    world.break_("wrong-owner")
    settle(world)
    run = started(FixPermissions(volume=volume.pk), world, by=by)
    assert finish(run, world) == "done", run.why
    prints = world.fingerprint()["files"][str(HOME)]
    assert {owner for path, (_, owner, *_) in prints.items() if path != "lost+found"} == {"1000:1000"}


def test_each_act_is_in_the_trail_and_in_the_incidents_timeline(world, volume, by, incident):
    run = started(SnapshotVolume(volume=volume.pk, quiet=True), world, by=by, incident=incident)
    finish(run, world)
    entries = Entry.objects.of(run)
    assert [e.action for e in entries] == ["run.looking", "run.draft", "run.queued", "run.running"] + [
        "act.done"
    ] * 8 + ["run.done"]
    assert {e.actor for e in entries if e.action == "run.queued"} == {"alice"}
    assert [e.evidence for e in incident.timelineentry_set.all()] == [f"run:{run.pk}/{n}" for n in range(1, 9)]
    assert broken() is None


def test_nothing_is_started_before_the_name_is_typed(world, volume, by):
    run = drafted(SnapshotVolume(volume=volume.pk, quiet=True), world, by=by)
    with pytest.raises(actions.NotConfirmed):
        actions.start(run, typed="home/other", by=by)
    run.refresh_from_db()
    assert run.state == "draft"


def test_an_objection_stops_it(world, volume, by):
    run = drafted(FixPermissions(volume=volume.pk), world, by=by)
    assert [o["code"] for o in run.objections if o["stops"]] == ["nothing-differs"]
    with pytest.raises(actions.HasObjections):
        actions.start(run, typed=str(volume), by=by)


def test_a_snapshot_of_too_few_bytes_is_refused_by_its_bytes(world, volume, by):
    """Nobody counts the files of a snapshot: what is said must not be about them."""
    point = point_of(volume, world, by)
    for days in range(1, 6):
        RecoveryPoint.objects.create(
            volume=volume, source=point.source, kind="snapshot", ref=f"day-{days}", bytes=point.bytes * 10,
            taken=point.taken - timedelta(days=days), verified=point.taken,
        )  # fmt: skip
    run = drafted(RestoreVolume(volume=volume.pk, point=point.pk), world, by=by)
    stops = [o for o in run.objections if o["stops"]]
    assert [o["code"] for o in stops] == ["point-smaller"]
    assert words.size(point.bytes * 10) in say(stops[0])


def test_a_snapshot_that_is_told_to_be_as_large_as_its_volume_is_restored_all_the_same(world, volume, by):
    """What most drivers tell: the size of the volume, however little is in it."""
    point = point_of(volume, world, by)
    RecoveryPoint.objects.filter(pk=point.pk).update(bytes=1 << 40, files=None)
    run = drafted(RestoreVolume(volume=volume.pk, point=point.pk), world, by=by)
    told = {o["code"]: o["stops"] for o in run.objections}
    assert told["size-unknown"] is False
    assert not any(told.values())
    RecoveryPoint.objects.filter(pk=point.pk).update(files=7)
    run = drafted(RestoreVolume(volume=volume.pk, point=point.pk), world, by=by)
    assert {o["code"] for o in run.objections if o["stops"]} == {"no-room"}


def test_it_refuses_when_the_world_has_changed_since_the_person_looked(world, volume, by):
    run = drafted(SnapshotVolume(volume=volume.pk, quiet=True), world, by=by)
    workload = world.workload_using(HOME)
    world.scale(workload.ref, was=1, to=2)
    actions.start(run, typed=str(volume), by=by)
    assert finish(run, world) == "refused"
    assert (run.why["code"], run.why["names"]) == ("changed", ["scene"])
    assert {"path": ["scene", "replicas"], "was": 1, "now": 2} in run.why["changes"]
    assert not world.snapshots(HOME)


def test_two_runs_never_share_a_volume(world, volume, by):
    first = drafted(SnapshotVolume(volume=volume.pk), world, by=by)
    second = drafted(SnapshotVolume(volume=volume.pk), world, by=by)
    actions.start(first, typed="", by=by)
    with pytest.raises(actions.Busy) as busy:
        actions.start(second, typed="", by=by)
    assert busy.value.other == first


def test_an_older_run_is_not_taken_back_below_a_later_one(world, volume, by):
    world.break_("wrong-owner")
    settle(world)
    first = started(FixPermissions(volume=volume.pk), world, by=by)
    finish(first, world)
    finish(started(SuspendSync(volume=volume.pk), world, by=by), world)
    with pytest.raises(actions.TooLate):
        actions.undo(first, by=by)


def test_a_later_run_that_left_nothing_to_take_back_does_not_stand_in_the_way(world, volume, by):
    world.break_("wrong-owner")
    settle(world)
    first = started(FixPermissions(volume=volume.pk), world, by=by)
    finish(first, world)
    assert finish(started(SnapshotVolume(volume=volume.pk), world, by=by), world) == "done"
    assert finish(started(ReattachVolume(volume=volume.pk), world, by=by), world) == "done"
    actions.undo(first, by=by)
    assert finish(first, world) == "undone"


def files(world) -> set[str]:
    return set(world.fingerprint()["files"][str(HOME)])


def kept(world):
    return (world.ground.volumes.data(HOME) / ".aftermath").iterdir()


def test_what_was_put_aside_and_is_gone_is_not_said_to_be_back(world, volume, by):
    """The world was made anew since: taking the restore back comes to a halt instead of pretending."""
    point = point_of(volume, world, by)
    run = started(RestoreVolume(volume=volume.pk, point=point.pk), world, by=by)
    assert finish(run, world) == "done", run.why
    world.mend()
    actions.undo(run, by=by)
    assert finish(run, world) == "stuck"
    assert (run.why["code"], run.why["error"]) == ("agent", "not-swapped")


def test_an_archive_that_is_gone_is_an_objection_before_anything_is_stopped(world, volume, by):
    source = Source.objects.create(volume=volume, kind="archives", bucket="practice", prefix="archives/home")
    point = RecoveryPoint.objects.create(
        volume=volume, source=source, kind="archive", ref="archives/home/one.tar.zst", taken=now(), files=9, bytes=9
    )
    with serve(world.directory):
        run = drafted(RestoreVolume(volume=volume.pk, point=point.pk), world, by=by)
    assert [o["code"] for o in run.objections if o["stops"]] == ["point-gone"]


def test_a_snapshot_that_will_not_be_offered_is_said_to_be_so(world, volume, by):
    run = drafted(SnapshotVolume(volume=volume.pk), world, by=by)
    assert [(o["code"], o["stops"]) for o in run.objections] == [("unlisted", False)]
