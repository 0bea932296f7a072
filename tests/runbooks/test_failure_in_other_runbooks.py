"""Whatever is lost on the way of the other runbooks: nothing happens twice, and nothing is left over."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest
from django.utils.timezone import now

from backups.models import RecoveryPoint, Source, Volume
from cluster.errors import Refused, Unreachable
from cluster.range import faults
from cluster.range.sample.wiki import WIKI
from runbooks import actions, engine
from runbooks.library.archive_volume import ArchiveVolume
from runbooks.library.pause_gitops import PauseGitOps
from runbooks.library.reattach_volume import ReattachVolume
from runbooks.library.rebind_released import RebindReleased
from runbooks.library.restore_volume import RestoreVolume
from runbooks.library.roll_back_security import RollBackSecurity
from runbooks.library.suspend_sync import SuspendSync
from runbooks.models import Pause, Run
from runbooks.sentences import say
from tests.runbooks.conftest import HOME, drafted, finish, point_of, settle, started
from tests.runbooks.test_failure_and_crash import Crash, Faulty

pytestmark = pytest.mark.django_db


def pausing(world, volume):
    return PauseGitOps(volume=volume.pk)


def reattaching(world, volume):
    return ReattachVolume(volume=volume.pk)


def suspending(world, volume):
    return SuspendSync(volume=volume.pk)


def rolling_back(world, volume):
    world.break_("hardened")
    settle(world)
    return RollBackSecurity(volume=volume.pk)


def rebinding(world, volume):
    return RebindReleased(released=world.released()[0].volume, claim="again")


def restoring_from_released(world, volume):
    wiki = Volume.objects.create(namespace="wiki", claim=WIKI.claim, uid=WIKI.uid, gid=WIKI.gid)
    source = Source.objects.create(volume=wiki, kind="released")
    [left] = world.released()
    point = RecoveryPoint.objects.create(
        volume=wiki, source=source, kind="released", ref=left.volume, taken=now(), bytes=0
    )
    return RestoreVolume(volume=wiki.pk, point=point.pk)


class Busy:
    """An application that writes whenever its volume is archived."""

    def __init__(self, world):
        self.world, self.archives = world, set()

    def __getattr__(self, name):
        return getattr(self.world, name)

    def start_job(self, spec, *, dry=False):
        self.archives |= {spec.name} if spec.verb == "archive" else set()
        return self.world.start_job(spec, dry=dry)

    def job(self, namespace, name):
        job = self.world.job(namespace, name)
        if name not in self.archives or job.state in ("pending", "running"):
            return job
        return replace(job, state="failed", error={"code": "changed-while-read", "message": "tar: x: file changed"})


def test_a_good_restore_is_not_held_up_by_a_new_archive_of_a_busy_application(world, volume, by):
    point = point_of(volume, world, by)
    Source.objects.create(volume=volume, kind="archives", bucket="practice", prefix="archives/home")
    world.break_("emptied")
    busy = Busy(world)
    run = started(RestoreVolume(volume=volume.pk, point=point.pk), world, by=by)
    assert finish(run, busy, world) == "done", run.why
    assert len(busy.archives) == 3, "it is tried again"
    assert world.syncs(HOME)[0].running
    note = run.records.get(facts__code="archive").result["note"]
    assert "while they were read" in say(note)


def test_an_archive_of_a_busy_application_is_no_archive(world, volume, by):
    Source.objects.create(volume=volume, kind="archives", bucket="practice", prefix="archives/home")
    run = started(ArchiveVolume(volume=volume.pk), world, by=by)
    assert finish(run, Busy(world), world) == "undone"
    assert "while they were read" in say(run.why)


RUNBOOKS = [pausing, reattaching, suspending, rolling_back, rebinding]
EACH = [(made, nth, after) for made in RUNBOOKS for nth in (1, 2, 3) for after in (False, True)]
EACH += [(restoring_from_released, nth, after) for nth in (2, 3, 5, 8) for after in (False, True)]
each = pytest.mark.parametrize(("made", "nth", "after"), EACH, ids=lambda v: getattr(v, "__name__", str(v)))


@pytest.fixture
def kept(world):
    faults.heal(world.ground)
    return world


def begun(made, world, volume, by) -> Run:
    run = drafted(made(world, volume), world, by=by)
    actions.start(run, typed=run.named, by=by)
    return run


def without_copies(world) -> dict:
    """What matters of the world, but for the snapshots that are kept always."""
    settle(world)
    return {name: part for name, part in world.fingerprint().items() if name != "snapshots"}


@each
def test_a_lost_answer_or_a_killed_worker_is_gone_on_from(kept, volume, by, monkeypatch, made, nth, after):
    monkeypatch.setattr(engine, "ASK_AGAIN", 0.01)
    run = begun(made, kept, volume, by)
    faulty = partial(Faulty, kept, nth, after=after)
    if nth % 2:
        assert finish(run, faulty(Unreachable("no answer")), kept) == "done", run.why
    else:
        try:
            finish(run, faulty(Crash()), kept)
        except Crash:
            run.refresh_from_db()
        assert finish(run, kept) == "done", run.why
    assert Pause.objects.filter(ended=None).count() == (made in (pausing, rolling_back))
    assert run.records.count() == len(run.plan)


@each
def test_a_refusal_puts_everything_back(kept, volume, by, made, nth, after):
    run = drafted(made(kept, volume), kept, by=by)
    before = without_copies(kept)
    actions.start(run, typed=run.named, by=by)
    state = finish(run, Faulty(kept, nth, Refused("boom"), after=after), kept)
    if state == "stuck":  # an act that a person decides about: this one turns back
        actions.cancel(run, by=by)
        state = finish(run, kept)
    if state == "done":  # the run was over before that many changes
        actions.undo(run, by=by)
        state = finish(run, kept)
    assert state == "undone", run.why
    assert without_copies(kept) == before
    assert not Pause.objects.filter(ended=None).exists()
