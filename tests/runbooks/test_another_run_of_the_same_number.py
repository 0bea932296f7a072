"""
Runs are counted from one in every database: in another installation for the same cluster, after a fresh start, and
again from yesterday's number when a database was put back. What such a run made is not this one's.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from runbooks import actions
from runbooks.acts.agent import beside, found
from runbooks.library.archive_volume import ArchiveVolume
from runbooks.library.restore_volume import RestoreVolume
from runbooks.library.snapshot_volume import SnapshotVolume
from runbooks.models import ActRecord, Line, Pause, Run
from runbooks.records import tagged
from runbooks.world import World, numbered
from tests.runbooks.conftest import HOME, drafted, finish, point_of, settle

pytestmark = pytest.mark.django_db


def done(runbook, world, by, number: int = 0) -> Run:
    """The runbook, run from its draft to its end; as run `number` of a database that knows nothing of the other."""
    run = actions.draft(runbook, by=by)
    if number:
        Run.objects.filter(pk=number).delete()
        Run.objects.filter(pk=run.pk).update(id=number)
        for kind in (Line, ActRecord, Pause):
            kind.objects.filter(run_id=run.pk).update(run_id=number)
        run = Run.objects.get(pk=number)
    assert finish(run, world) == "draft", run.why
    actions.start(run, typed=str(run.volume), by=by)
    assert finish(run, world) == "done", run.why
    settle(world)
    return Run.objects.get(pk=run.pk)


def test_a_snapshot_of_then_is_no_snapshot_of_now(world, volume, by):
    then = done(SnapshotVolume(volume=volume.pk), world, by)
    now = done(SnapshotVolume(volume=volume.pk), world, by, then.pk)
    assert now.pk == then.pk
    assert sorted(s.name for s in world.snapshots(HOME)) == sorted([f"{then.tag}-snapshot", f"{now.tag}-snapshot"])


def test_a_restore_of_then_is_no_restore_of_now(world, volume, by):
    point = point_of(volume, world, by)
    data = world.ground.volumes.data(HOME)
    runs: list[Run] = []
    for _ in range(2):
        (data / ".storage" / "auth").unlink()
        runs.append(done(RestoreVolume(volume=volume.pk, point=point.pk), world, by, runs[0].pk if runs else 0))
        assert (data / ".storage" / "auth").exists()
    assert len({run.pk for run in runs}) == 1
    assert all((data / ".aftermath" / run.tag / "previous").is_dir() for run in runs)
    assert len({run.tag for run in runs}) == 2


def test_an_answer_that_its_job_gave_then_is_no_answer_of_now(world, volume, by):
    def asked(tag: str) -> World:
        return World(world, None, tag)

    mine = [Run(pk=7), Run(pk=7)]
    then, now = (asked(run.tag) for run in mine)
    world.start_job(beside(then, HOME, "inspect", {}, read_only=True))
    assert found(now, HOME.namespace, now.name()) is None
    assert then.labels() != now.labels()


def test_another_try_takes_no_name_that_the_try_before_may_have_used():
    first = World(None, None, "am-7", at="3")
    again = replace(first, attempt=2)
    used = {first.name(part) for part in ("", "-2", "-3")}
    assert used.isdisjoint({again.name(part) for part in ("", "-2", "-3")})


def test_it_is_known_by_its_number_all_the_same(world, volume, by):
    run = drafted(ArchiveVolume(volume=volume.pk), world, by=by)
    assert numbered(run.tag) == str(run.pk)
    assert tagged(run.tag) == run


def test_what_was_made_before_there_were_marks_has_its_name_still(volume):
    old = Run(pk=12, mark="")
    assert (old.tag, numbered(old.tag)) == ("am-12", "12")
