"""A small practice world, four volumes of ours in it, and a worker that knocks without waiting."""

from __future__ import annotations

import time

import pytest
from django.utils.timezone import now

from backups.models import Volume
from cluster.api import ClaimRef
from cluster.range.range import Range
from incidents.models import Incident
from people.actors import person
from runbooks import actions, engine, tasks
from runbooks.models import KNOCKED, Run

HOME = ClaimRef("home", "home-assistant-config")


@pytest.fixture
def world(tmp_path, settings):
    """The practice cluster, small and of its own."""
    settings.STEADY_SECONDS = settings.APART_SECONDS = 0
    settings.RANGE_DIR = tmp_path / "range"
    world = Range(settings.RANGE_DIR, at_once=True)
    world.seed(small=True)
    yield world
    world.close()


@pytest.fixture(autouse=True)
def knocks(monkeypatch):
    """The knocks that were sent, instead of a broker."""
    sent: list[int] = []
    monkeypatch.setattr(tasks.advance, "apply_async", lambda args, **options: sent.append(args[0]))
    return sent


@pytest.fixture
def volume(db):
    return Volume.objects.create(
        namespace=HOME.namespace, claim=HOME.name, uid=1000, gid=1000, sentinels=[".storage/auth"]
    )


@pytest.fixture
def incident(db):
    return Incident.objects.create(title="The house forgot everything")


@pytest.fixture
def by(alice):
    return person(alice)


def settle(world: Range, ticks: int = 8) -> None:
    for _ in range(ticks):
        world.tick()


def finish(run: Run, world, range_: Range | None = None, limit: float = 60.0) -> str:
    """Knock until nothing more happens, as workers do, without the waiting; the practice cluster goes on meanwhile."""
    began = time.monotonic()
    while time.monotonic() - began < limit:
        Run.objects.filter(pk=run.pk, worker="").update(not_before=now())
        engine.advance(run.pk, world)
        (range_ or world).tick()
        run.refresh_from_db()
        if run.state not in KNOCKED:
            break
    for name in ("plan", "runbook"):
        run.__dict__.pop(name, None)
    return run.state


def drafted(runbook, world, *, by, incident=None, range_: Range | None = None) -> Run:
    run = actions.draft(runbook, by=by, incident=incident)
    assert finish(run, world, range_) == "draft", run.why
    return run


def started(runbook, world, *, by, incident=None) -> Run:
    run = drafted(runbook, world, by=by, incident=incident)
    actions.start(run, typed=str(run.volume), by=by)
    return run


def point_of(volume, world, by):
    """A recovery point of what the volume holds now: a snapshot taken by the runbook, as the scan would find it."""
    from backups.models import RecoveryPoint, Source  # noqa: PLC0415
    from runbooks.library.snapshot_volume import SnapshotVolume  # noqa: PLC0415

    run = started(SnapshotVolume(volume=volume.pk), world, by=by)
    assert finish(run, world) == "done", run.why
    source, _ = Source.objects.get_or_create(volume=volume, kind="snapshots")
    made = world.snapshot(volume.namespace, f"{run.tag}-snapshot")
    return RecoveryPoint.objects.create(
        volume=volume,
        source=source,
        kind="snapshot",
        ref=made.name,
        taken=made.taken or now(),
        bytes=made.size,
        files=0,
    )
