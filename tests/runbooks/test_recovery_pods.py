"""A pod beside the files for a person to work in, for a set time, ended by itself."""

from __future__ import annotations

import time

import pytest
from django.urls import reverse
from django.utils.timezone import now

from audit.models import Entry
from backups.models import RecoveryPoint, Source
from cluster.range import ground
from cluster.range.range import Range
from runbooks import actions, engine
from runbooks.library import recovery_pod
from runbooks.library.recovery_pod import RecoveryPod
from runbooks.models import Run
from tests.runbooks.conftest import HOME, drafted, finish, started

pytestmark = pytest.mark.django_db


@pytest.fixture
def live(world, monkeypatch):
    """The practice cluster as it is for people: it goes on while jobs run."""
    world.ground.pace = ground.Pace(gone=0, start=0, detach=0, backoff=(0,))
    return world


def until_open(run: Run, world: Range) -> None:
    for _ in range(200):
        Run.objects.filter(pk=run.pk, worker="").update(not_before=now())
        engine.advance(run.pk, world)
        world.tick()
        if any(r.progress.get("command") and r.progress.get("seconds_left") for r in run.records.all()):
            return
        time.sleep(0.02)
    raise AssertionError([r.waiting for r in run.records.all()])


def seconds(monkeypatch, length: int) -> None:
    """Nobody waits for whole minutes here."""
    opened = recovery_pod.OpenPod
    monkeypatch.setattr(recovery_pod, "OpenPod", lambda claim, name, _: opened(claim, name, length))


def test_its_page_shows_how_to_enter_it_and_stopping_the_run_closes_it(live, volume, by, client, alice):
    client.force_login(alice)
    run = started(RecoveryPod(volume=volume.pk, minutes=30), live, by=by)
    until_open(run, live)
    page = client.get(reverse("run", args=[run.pk])).text
    assert str(live.ground.volumes.data(HOME)) in page
    assert "Open for another" in page
    assert any(p.workload.name == f"{run.tag}-pod" for p in live.pods_using(HOME))
    run.refresh_from_db()
    actions.cancel(run, by=by)
    assert finish(run, live) == "undone", run.why
    assert not any(p.workload.name == f"{run.tag}-pod" for p in live.pods_using(HOME))


def test_it_is_not_closed_before_its_pod_is_gone(live, volume, by, monkeypatch):
    run = started(RecoveryPod(volume=volume.pk, minutes=30), live, by=by)
    until_open(run, live)
    (still,) = [p for p in live.pods_using(HOME) if p.workload.name == f"{run.tag}-pod"]
    run.refresh_from_db()
    actions.cancel(run, by=by)
    going = [(still,)] * 3
    monkeypatch.setattr(type(live), "pods_using", lambda _, claim: going.pop() if going else ())
    for _ in range(4):
        assert Run.objects.get(pk=run.pk).state == "undoing"
        Run.objects.filter(pk=run.pk, worker="").update(not_before=now())
        engine.advance(run.pk, live)
    assert finish(run, live) == "undone", run.why
    assert not going


def test_it_ends_by_itself_and_the_trail_has_its_start_and_end(world, volume, by, monkeypatch):
    seconds(monkeypatch, 1)
    run = started(RecoveryPod(volume=volume.pk, minutes=1), world, by=by)
    assert finish(run, world) == "done", run.why
    acts = [e.facts["act"]["code"] for e in Entry.objects.of(run) if e.action == "act.done"]
    assert acts == ["safety-snapshot", "open-pod", "pod-open"]
    assert not any(p.workload.kind == "Job" for p in world.pods_using(HOME))


def test_while_it_is_open_no_other_run_has_the_volume(live, volume, by):
    run = started(RecoveryPod(volume=volume.pk, minutes=30), live, by=by)
    until_open(run, live)
    other = drafted(RecoveryPod(volume=volume.pk), live, by=by)
    assert [o["code"] for o in other.objections if o["stops"]] == []
    with pytest.raises(actions.Busy):
        actions.start(other, typed=str(volume), by=by)
    run.refresh_from_db()
    actions.cancel(run, by=by)
    finish(run, live)


def test_the_application_may_be_stopped_meanwhile_and_comes_back(world, volume, by, monkeypatch):
    seconds(monkeypatch, 1)
    before = world.fingerprint()
    run = started(RecoveryPod(volume=volume.pk, minutes=1, quiet=True, keep=False), world, by=by)
    assert [a.told().code for a in run.plan] == [
        "stop-sync", "scale", "stays-down", "detached", "open-pod", "pod-open", "scale", "healthy", "resume-guarded",
    ]  # fmt: skip
    assert finish(run, world) == "done", run.why
    assert world.fingerprint() == before


def test_that_both_change_the_same_files_is_said(world, volume, by):
    run = drafted(RecoveryPod(volume=volume.pk), world, by=by)
    assert [(o["code"], o["stops"]) for o in run.objections] == [("while-running", False)]


def test_a_sync_is_left_stopped_when_the_volume_holds_less_than_a_good_copy_afterwards(world, volume, by, monkeypatch):
    source = Source.objects.create(volume=volume, kind="archives", bucket="practice", prefix="archives/home")
    RecoveryPoint.objects.create(
        volume=volume, source=source, kind="archive", ref="archives/home/1.tar.zst", files=10**6, bytes=1000,
        taken=volume.added, sentinels={".storage/auth": True},
    )  # fmt: skip
    seconds(monkeypatch, 1)
    run = started(RecoveryPod(volume=volume.pk, minutes=1, quiet=True, keep=False), world, by=by)
    assert finish(run, world) == "done", run.why
    assert not world.syncs(HOME)[0].running
