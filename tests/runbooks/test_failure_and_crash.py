"""Whatever breaks, wherever: it ends done, taken back or stuck with a reason, and no act has its effect twice."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import timedelta

import pytest
from django.db import connection
from django.utils.timezone import now

from cluster.errors import ClusterError, Refused, Unreachable
from runbooks import actions, engine
from runbooks.library.restore_volume import RestoreVolume
from runbooks.library.snapshot_volume import SnapshotVolume
from runbooks.models import ActRecord, Run
from tests.runbooks.conftest import HOME, drafted, finish, point_of, settle, started

CHANGES = {
    "scale", "suspend", "resume", "make_snapshot", "drop_snapshot", "start_job", "drop_job", "pause", "unpause",
    "set_security", "rebind", "release",
}  # fmt: skip


class Crash(BaseException):
    """The worker is killed."""


class Faulty:
    """A cluster whose nth change breaks, before or after it takes effect."""

    def __init__(self, cluster, nth: int, error: BaseException, *, after: bool):
        self.cluster, self.left, self.error, self.after = cluster, nth, error, after

    def __getattr__(self, name):
        call = getattr(self.cluster, name)
        if name not in CHANGES:
            return call

        def wrapped(*args, **kwargs):
            if kwargs.get("dry"):
                return call(*args, **kwargs)
            self.left -= 1
            if self.left != 0:
                return call(*args, **kwargs)
            if self.after:
                call(*args, **kwargs)
            raise self.error

        return wrapped


EACH = [(nth, after) for nth in range(1, 6) for after in (False, True)]


def begun(world, volume, by) -> Run:
    return started(SnapshotVolume(volume=volume.pk, quiet=True), world, by=by)


def half_way(world, volume, by, *, acts: int) -> Run:
    run = begun(world, volume, by)
    while run.records.exclude(done=None).count() < acts:
        Run.objects.filter(pk=run.pk, worker="").update(not_before=now())
        engine.advance(run.pk, world)
        world.tick()
    run.refresh_from_db()
    return run


@pytest.mark.django_db
@pytest.mark.parametrize(("nth", "after"), EACH)
def test_a_refusal_anywhere_puts_everything_back(world, volume, by, nth, after):
    before = world.fingerprint()
    run = begun(world, volume, by)
    assert finish(run, Faulty(world, nth, Refused("boom"), after=after), world) == "undone"
    settle(world)
    for snapshot in world.snapshots(volume.ref):  # kept always, on purpose
        world.drop_snapshot("home", snapshot.name)
    assert world.fingerprint() == before
    assert run.why["code"] == "cluster-refused"


@pytest.mark.django_db
@pytest.mark.parametrize(("nth", "after"), EACH)
def test_a_lost_answer_anywhere_is_gone_on_from(world, volume, by, nth, after, monkeypatch):
    monkeypatch.setattr(engine, "ASK_AGAIN", 0.01)
    run = begun(world, volume, by)
    assert finish(run, Faulty(world, nth, Unreachable("no answer"), after=after), world) == "done", run.why
    assert len(world.snapshots(volume.ref)) == 1


@pytest.mark.django_db
@pytest.mark.parametrize(("nth", "after"), EACH)
def test_a_crash_anywhere_is_gone_on_from(world, volume, by, nth, after):
    run = begun(world, volume, by)
    with pytest.raises(Crash):
        finish(run, Faulty(world, nth, Crash(), after=after), world)
    assert finish(run, world) == "done", run.why
    assert len(world.snapshots(volume.ref)) == 1


@pytest.mark.django_db
def test_a_failure_on_the_way_back_asks_for_a_person_who_can_try_again(world, volume, by):
    before = world.fingerprint()
    run = begun(world, volume, by)
    broken = Faulty(world, 2, ClusterError("boom"), after=False)
    broken.error = ClusterError("boom")
    for _ in range(60):  # the second change fails, and so does the first of the way back
        Run.objects.filter(pk=run.pk, worker="").update(not_before=now())
        engine.advance(run.pk, broken)
        world.tick()
        run.refresh_from_db()
        if run.state == "undoing":
            broken.left = 1
        if run.state == "stuck":
            break
    assert run.state == "stuck"
    assert run.why["error"] == "boom"
    actions.try_again(run, by=by)
    assert finish(run, world) == "undone"
    settle(world)
    assert world.fingerprint() == before


@pytest.mark.django_db
def test_a_stuck_run_can_be_left_as_it_is_and_frees_its_volume(world, volume, by):
    run = begun(world, volume, by)
    Run.objects.filter(pk=run.pk).update(state="stuck")
    run.refresh_from_db()
    actions.leave(run, reason="the disk is gone", by=by)
    again = begun(world, volume, by)
    assert again.state == "queued"


@pytest.mark.django_db
@pytest.mark.parametrize("back", [False, True], ids=["going on", "taken back"])
def test_what_another_version_began_at_other_places_is_neither_gone_on_with_nor_taken_back(world, volume, by, back):
    run = half_way(world, volume, by, acts=2)
    settle(world)
    first, second = run.records.order_by("position")[:2]
    assert first.facts["code"] != second.facts["code"]
    run.records.filter(pk=first.pk).update(facts=second.facts)
    if back:
        actions.cancel(run, by=by)
    before = world.fingerprint()
    assert finish(run, world) == "stuck"
    assert (run.why["code"], run.why["position"], run.why["act"]) == ("other-plan", 1, second.facts)
    assert world.fingerprint() == before
    actions.leave(run, reason="It was begun by the version before", by=by)
    assert run.state == "left"


@pytest.mark.django_db
def test_turning_back_half_way_puts_everything_back(world, volume, by):
    before = world.fingerprint()
    run = half_way(world, volume, by, acts=4)
    assert run.state == "running"
    actions.cancel(run, by=by)
    assert finish(run, world) == "undone", run.why
    settle(world)
    for snapshot in world.snapshots(volume.ref):
        world.drop_snapshot("home", snapshot.name)
    assert world.fingerprint() == before


@pytest.mark.django_db
def test_a_run_that_was_not_begun_is_turned_back_at_once(world, volume, by):
    run = begun(world, volume, by)
    actions.cancel(run, by=by)
    assert run.state == "undone"
    assert engine.advance(run.pk, world) is None


@pytest.mark.django_db
def test_a_worker_that_was_silent_for_too_long_changes_nothing(world, volume, by, monkeypatch):
    run = begun(world, volume, by)

    def hang(run, world):
        """Its lease runs out, another worker takes it, and then it wakes up."""
        Run.objects.filter(pk=run.pk).update(fence=run.fence + 1, worker="another")
        engine.step(run, "running")
        return 0.0

    monkeypatch.setitem(engine.PIECES, "queued", hang)
    engine.advance(run.pk, world)
    run.refresh_from_db()
    assert (run.state, run.worker) == ("queued", "another")


@pytest.mark.django_db
def test_an_act_whose_time_is_up_puts_everything_back(world, volume, by):
    run = begun(world, volume, by)
    stubborn = Stubborn(world)
    for _ in range(30):
        Run.objects.filter(pk=run.pk, worker="").update(not_before=now())
        engine.advance(run.pk, stubborn)
        world.tick()
    ActRecord.objects.filter(run=run).update(began=now() - timedelta(hours=20))
    Run.objects.filter(pk=run.pk, worker="").update(not_before=now())
    engine.advance(run.pk, stubborn)
    run.refresh_from_db()
    assert (run.state, run.why["code"]) == ("undoing", "too-long")


def test_files_are_not_swapped_back_under_a_node_that_may_still_write(world, volume, by):
    """Its pods are gone, as the cluster sees it; the node has lost its way, and has the volume mounted."""
    point = point_of(volume, world, by)
    run = started(RestoreVolume(volume=volume.pk, point=point.pk), world, by=by)
    assert finish(run, world) == "done", run.why
    restored = world.fingerprint()["files"][str(HOME)]
    actions.undo(run, by=by)
    stubborn = Stubborn(world)
    for _ in range(40):
        Run.objects.filter(pk=run.pk, worker="").update(not_before=now())
        engine.advance(run.pk, stubborn)
        world.tick()
    back = run.records.get(undo=True, facts__code="swap-back")
    assert (back.done, back.waiting["code"]) == (None, "not-detached")
    assert world.fingerprint()["files"][str(HOME)] == restored
    assert finish(run, world) == "undone", run.why


class Stubborn:
    """An attachment that will not go."""

    def __init__(self, cluster):
        self.cluster = cluster

    def __getattr__(self, name):
        return getattr(self.cluster, name)

    def witnesses(self, claim):
        from cluster.api import Witness  # noqa: PLC0415

        return (Witness("attachment", "attached", "csi-1 to node-b"),)


@pytest.mark.django_db(transaction=True)
def test_eight_workers_do_every_act_once(world, volume, by):
    run = drafted(SnapshotVolume(volume=volume.pk, quiet=True), world, by=by)
    actions.start(run, typed=str(volume), by=by)
    counting = Counting(world)
    over = threading.Event()

    def work(_):
        try:
            while not over.is_set():
                engine.advance(run.pk, counting)
        finally:
            connection.close()

    with ThreadPoolExecutor(9) as pool:
        working = [pool.submit(work, n) for n in range(8)]
        for _ in range(600):
            world.tick()
            run.refresh_from_db()
            if run.is_over:
                break
            over.wait(0.05)
        over.set()
        for worker in working:
            worker.result()
    assert run.state == "done", run.why
    assert counting.most == 1
    assert ActRecord.objects.filter(run=run).count() == 8
    assert len(world.snapshots(volume.ref)) == 1


class Counting:
    """How many workers are inside a change at once."""

    def __init__(self, cluster):
        self.cluster, self.inside, self.most = cluster, 0, 0
        self.lock = threading.Lock()

    def __getattr__(self, name):
        call = getattr(self.cluster, name)
        if name not in CHANGES:
            return call

        def wrapped(*args, **kwargs):
            with self.lock:
                self.inside += 1
                self.most = max(self.most, self.inside)
            try:
                return call(*args, **kwargs)
            finally:
                with self.lock:
                    self.inside -= 1

        return wrapped


@pytest.mark.django_db
def test_a_restore_whose_application_starts_slowly_is_not_undone_but_left_to_a_person(world, volume, by):
    """It could go on, be taken back, or be left: nobody but a person knows which is worse."""
    run = begun(world, volume, by)
    healthy = next(n for n, act in enumerate(run.plan, 1) if act.told().code == "healthy")
    slow = NeverReady(world)
    while not run.records.filter(position=healthy).exists():
        Run.objects.filter(pk=run.pk, worker="").update(not_before=now())
        engine.advance(run.pk, slow)
        world.tick()
    ActRecord.objects.filter(run=run).update(began=now() - timedelta(hours=1))
    assert finish(run, slow, world) == "stuck"
    assert run.why["code"] == "too-long"
    actions.try_again(run, by=by)
    assert finish(run, world) == "done", run.why


class NeverReady:
    """Pods that come up and never get ready."""

    def __init__(self, cluster):
        self.cluster = cluster

    def __getattr__(self, name):
        return getattr(self.cluster, name)

    def pods_using(self, claim):
        return tuple(replace(pod, ready=False) for pod in self.cluster.pods_using(claim))


@pytest.mark.django_db
def test_an_extraction_that_is_at_work_is_ended_before_its_files_are_removed(world, volume, by):
    point = point_of(volume, world, by)
    run = started(RestoreVolume(volume=volume.pk, point=point.pk), world, by=by)
    extract = next(n for n, act in enumerate(run.plan, 1) if act.told().code.startswith("extract"))
    slow = Endless(world, f"{run.tag}-{extract}")
    while not run.records.filter(position=extract).exists():
        Run.objects.filter(pk=run.pk, worker="").update(not_before=now())
        engine.advance(run.pk, slow)
        world.tick()
    run.refresh_from_db()
    actions.cancel(run, by=by)
    assert finish(run, slow, world) == "undone", run.why
    assert slow.did == ["dropped", "removed"]


class Endless:
    """A job that is at work until it is dropped."""

    def __init__(self, cluster, name: str):
        self.cluster, self.name, self.did = cluster, name, []

    def __getattr__(self, name):
        return getattr(self.cluster, name)

    def job(self, namespace, name):
        here = self.cluster.job(namespace, name)
        return replace(here, state="running") if name == self.name and "dropped" not in self.did else here

    def drop_job(self, namespace, name, **options):
        if name == self.name:
            self.did.append("dropped")
        return self.cluster.drop_job(namespace, name, **options)

    def start_job(self, job, **options):
        if job.verb == "discard" and not options.get("dry"):
            self.did.append("removed")
        return self.cluster.start_job(job, **options)
