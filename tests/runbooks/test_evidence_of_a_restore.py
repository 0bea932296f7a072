"""Before a restore touches anything it keeps what would be gone soon, of the cluster and of the store."""

from __future__ import annotations

import pytest

from backups.models import Source
from backups.stores import store
from cluster.range.store import BUCKET, serve
from runbooks.library.restore_volume import RestoreVolume
from tests.runbooks.conftest import finish, point_of, started

pytestmark = pytest.mark.django_db


@pytest.fixture
def sources(volume):
    for kind in ("mirror", "archives"):
        Source.objects.create(volume=volume, kind=kind, bucket=BUCKET, prefix=f"{kind}/home")
    Source.objects.create(
        volume=volume, kind="archives", bucket=BUCKET, prefix="gone/home", retired="2026-01-01T00:00Z"
    )


def evidence(run) -> dict:
    return run.records.get(facts__code="witnessed").result


def test_the_newest_objects_of_each_place_are_kept(world, volume, by, sources):
    point = point_of(volume, world, by)
    with serve(world.directory):
        for n in range(30):
            store(BUCKET).put_bytes(f"mirror/home/{n}.json", b"{}")
        run = started(RestoreVolume(volume=volume.pk, point=point.pk), world, by=by)
        assert finish(run, world) == "done", run.why
    kept = evidence(run)
    assert {"events", "pods", "witnesses", "objects"} == kept.keys()
    mirrored = [line for line in kept["objects"] if f"{BUCKET}/mirror/home/" in line]
    assert len(mirrored) == 20
    assert all(line.endswith(" 2 bytes") for line in mirrored)
    assert f"{BUCKET}/archives/home: none" in kept["objects"]
    assert not any("gone/home" in line for line in kept["objects"]), "that place is looked at no more"


def test_a_store_that_does_not_answer_is_said_and_keeps_nobody_from_restoring(world, volume, by):
    point = point_of(volume, world, by)
    Source.objects.create(volume=volume, kind="mirror", bucket=BUCKET, prefix="mirror/home")  # nobody serves it
    run = started(RestoreVolume(volume=volume.pk, point=point.pk), world, by=by)
    assert finish(run, world) == "done", run.why
    [line] = evidence(run)["objects"]
    assert line.startswith(f"{BUCKET}/mirror/home: unknown: ")
