"""A manifest says which run made it, of which claim and which volume: a copy that nobody can place is no proof."""

from __future__ import annotations

import pytest
from django.utils.timezone import now

from backups.models import RecoveryPoint, Source
from backups.stores import store
from cluster.range.store import BUCKET, serve
from runbooks import actions
from runbooks.library.archive_volume import ArchiveVolume
from runbooks.library.restore_volume import RestoreVolume
from tests.runbooks.conftest import HOME, drafted, finish, started
from tests.runbooks.test_a_restore_without_a_snapshot_first import NoClass

pytestmark = pytest.mark.django_db


@pytest.fixture
def source(world, volume):
    with serve(world.directory):
        yield Source.objects.create(volume=volume, kind="archives", bucket=BUCKET, prefix="archives/home")


def manifests(run) -> list[dict]:
    results = run.records.filter(facts__code="archive").order_by("position").values_list("result", flat=True)
    return [result["manifest"] for result in results]


def test_an_archive_names_its_run_its_claim_and_its_volume(world, volume, by, source):
    run = started(ArchiveVolume(volume=volume.pk), world, by=by)
    assert finish(run, world) == "done", run.why
    [manifest] = manifests(run)
    claim = world.claim(HOME)
    assert (manifest["run"], manifest["claim_uid"], manifest["volume_handle"]) == (run.tag, claim.uid, claim.handle)


def test_an_archive_that_a_run_has_finished_is_not_written_again_by_a_job_that_starts_twice(world, volume, by, source):
    run = started(ArchiveVolume(volume=volume.pk), world, by=by)
    assert finish(run, world) == "done", run.why
    result = run.records.get(facts__code="archive").result
    was = store(BUCKET).head(result["archive_key"]).etag
    record = run.records.get(facts__code="archive")
    type(record).objects.filter(pk=record.pk).update(attempt=2, done=None)
    type(run).objects.filter(pk=run.pk).update(state="running", ended=None)
    assert finish(run, world) == "done", run.why
    assert run.records.get(facts__code="archive").result["again"] is True
    assert store(BUCKET).head(result["archive_key"]).etag == was


def test_what_nobody_could_write_meanwhile_is_not_called_crash_consistent(world, volume, by, source):
    first = started(ArchiveVolume(volume=volume.pk), world, by=by)
    assert finish(first, world) == "done", first.why
    [made] = manifests(first)
    point = RecoveryPoint.objects.create(
        volume=volume, source=source, kind="archive", ref=made["archive"]["key"], taken=now(),
        files=made["files"], bytes=made["bytes"],
    )  # fmt: skip

    cluster = NoClass(world)  # so that the safety copy is an archive
    run = drafted(RestoreVolume(volume=volume.pk, point=point.pk), cluster, by=by, range_=world)
    actions.start(run, typed=str(run.volume), by=by)
    assert finish(run, cluster, world) == "done", run.why
    safety, baseline = manifests(run)
    assert (safety["source"], safety["crash_consistent"]) == ("quiet", False)
    assert (baseline["source"], baseline["crash_consistent"]) == ("live", True)
