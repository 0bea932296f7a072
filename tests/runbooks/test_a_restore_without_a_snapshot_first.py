"""What is there now is kept before it is replaced: by a snapshot, else by an archive, else only by a written word."""

from __future__ import annotations

from dataclasses import replace

import pytest
from django.urls import reverse

from audit.models import Entry
from backups.models import Source
from cluster.errors import Forbidden, Refused
from cluster.range.store import serve
from runbooks import actions
from runbooks.library.restore_volume import RestoreVolume
from runbooks.models import Run
from tests.runbooks.conftest import drafted, finish, point_of, settle

pytestmark = pytest.mark.django_db


class NoClass:
    """The cluster has snapshots, but no class of them for the driver of this claim; or another reason to make none."""

    def __init__(self, world, why=Refused):
        self.world, self.why = world, why

    def __getattr__(self, name):
        return getattr(self.world, name)

    def make_snapshot(self, claim, name, *, labels, dry=False):
        raise self.why("This cluster has no VolumeSnapshotClass of the driver nfs.")


@pytest.fixture
def without(world, volume, by):
    """A cluster as it was left, and a draft of a restore in it."""
    point = point_of(volume, world, by)
    cluster = NoClass(world)
    return cluster, drafted(RestoreVolume(volume=volume.pk, point=point.pk), cluster, by=by, range_=world)


def codes(run) -> list[str]:
    return [act.told().code for act in run.plan]


@pytest.mark.parametrize("why", [Refused, Forbidden])
def test_an_archive_is_made_where_no_snapshot_can_be_made_or_none_may(world, volume, by, why):
    point = point_of(volume, world, by)
    Source.objects.create(volume=volume, kind="archives", bucket="practice", prefix="archives/home")
    run = drafted(RestoreVolume(volume=volume.pk, point=point.pk), NoClass(world, why), by=by, range_=world)
    assert {"code": "safety-archive", "stops": False} in [{k: o[k] for k in ("code", "stops")} for o in run.objections]
    assert "safety-snapshot" not in codes(run)
    assert codes(run).index("archive") < codes(run).index("extract-snapshot")
    swap = next(act for act in run.plan if act.told().code == "swap")
    assert swap.inverse().keep.told().code == "archive", "so is what was restored, before it is taken back"


class Slow(NoClass):
    """What is kept before the way back is a long archive, and its pod uses the volume meanwhile."""

    looks, asked = 4, 0

    def job(self, namespace, name):
        job = self.world.job(namespace, name)
        if not name.endswith("-keep-back") or self.looks == 0:
            return job
        self.looks -= 1
        return replace(job, state="running", progress={"bytes": 9})

    def witnesses(self, claim):
        self.asked += 1
        return self.world.witnesses(claim)


def test_a_volume_is_not_waited_for_because_of_our_own_job_that_keeps_what_was_restored(world, volume, by):
    """Nor is that job kept from telling how it fares, or that it never will."""
    point = point_of(volume, world, by)
    Source.objects.create(volume=volume, kind="archives", bucket="practice", prefix="archives/home")
    slow = Slow(world)
    with serve(world.directory):
        run = drafted(RestoreVolume(volume=volume.pk, point=point.pk), slow, by=by, range_=world)
        actions.start(run, typed=str(run.volume), reason="", by=by)
        assert finish(run, slow, world) == "done", run.why
        actions.undo(run, by=by)
        before = slow.asked
        assert finish(run, slow, world) == "undone", run.why
    assert (slow.looks, slow.asked - before) == (0, 1)


def test_where_neither_can_be_it_stops_all_but_an_admin_with_a_reason(without, by):
    cluster, run = without
    assert [(o["code"], o.get("glass")) for o in run.objections if o["stops"]] == [("no-safety", True)]
    typed = str(run.volume)
    with pytest.raises(actions.HasObjections):
        actions.start(run, typed=typed, reason="there is nothing to lose", by=by)
    with pytest.raises(actions.NoReason):
        actions.start(run, typed=typed, reason=" ", break_glass=True, by=by)
    actions.start(run, typed=typed, reason="there is nothing to lose", break_glass=True, by=by)
    before = cluster.world.fingerprint()
    assert finish(run, cluster, cluster.world) == "done", run.why
    [entry] = [e for e in Entry.objects.of(run) if "in_spite_of" in e.facts]
    assert entry.facts["in_spite_of"] == ["no-safety"]
    actions.undo(run, by=by)
    assert finish(run, cluster, cluster.world) == "undone", run.why
    settle(cluster.world)
    assert cluster.world.fingerprint()["files"] == before["files"]


def test_the_page_offers_it_to_an_admin_only_and_shows_the_reason_then(without, client, alice, root):
    _, run = without
    page, start = reverse("run", args=[run.pk]), reverse("run-start", args=[run.pk])
    sent = {"typed": str(run.volume), "reason": "there is nothing to lose", "looks": run.looks}
    client.force_login(alice)
    assert f'action="{start}"' not in client.get(page).text
    assert client.post(start, sent).status_code == 422
    client.force_login(root)
    assert f'action="{start}"' in client.get(page).text
    assert client.post(start, {**sent, "reason": ""}).status_code == 422
    assert client.post(start, sent).status_code == 302
    assert Run.objects.get(pk=run.pk).state == "queued"
    assert "there is nothing to lose" in client.get(page).text


def test_what_came_up_only_after_the_approval_is_passed_over_by_nobody(world, volume, by):
    point = point_of(volume, world, by)
    run = drafted(RestoreVolume(volume=volume.pk, point=point.pk), world, by=by)
    actions.start(run, typed=str(volume), reason="in a hurry", break_glass=True, by=by)
    assert finish(run, NoClass(world), world) == "refused"
