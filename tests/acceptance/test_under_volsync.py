"""Runs over a volume that VolSync copies away and writes into, by a copy of it and by itself."""

from __future__ import annotations

import pytest

from runbooks.library.resume_sync import ResumeASync
from tests.acceptance import fingerprint
from tests.acceptance.scene.objects import CLAIM
from tests.acceptance.server import until
from tests.cluster import volsync
from tests.cluster.kit import Anything, Ground, connected

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.matrix]
SOURCE, DESTINATION = "ReplicationSource", "ReplicationDestination"


@pytest.fixture
def ground(house):
    ground = Ground(connected(), house.namespace)
    with volsync.installed(ground), volsync.Operator(ground):
        yield ground


def make(ground, *bodies):
    for each in bodies:
        ground.api.create(volsync.path(ground, each["kind"]), each)


def away(ground):
    """It copies the volume away by a copy of it, which it has taken when this is over."""
    make(ground, volsync.source("house", CLAIM, copyMethod="Clone"))
    until(lambda: at_work(ground, "volsync-rclone-src-house"), "its mover", 60)


def at_work(ground, job):
    return any(
        pod.metadata.get("labels", {}).get("job-name") == job and pod.status.get("phase") == "Running"
        for pod in ground.every("Pod")
    )


def paused(ground, kind, name):
    return ground.api.get(volsync.path(ground, kind, name), Anything).spec.get("paused", False)


def still(house):
    return fingerprint.still(house.prints()[""])


def notes(run):
    return [(r.result or {})["note"]["code"] for r in run.records.order_by("pk") if (r.result or {}).get("note")]


def test_a_restore_pauses_both_first_and_resumes_them_over_whole_files(house, whole, drive, ground):
    point = drive.point()
    away(ground)
    make(ground, volsync.destination("house", destinationPVC=CLAIM, copyMethod="Direct"))
    until(lambda: at_work(ground, "volsync-rclone-dst-house"), "its mover", 60)
    house.spoil()
    run = drive.restores(point)
    codes = [act.told().code for act in run.plan]
    assert codes.count("stop-sync") == codes.count("resume-guarded") == 2
    assert max(n for n, code in enumerate(codes) if code == "stop-sync") < codes.index("scale")
    drive.reach(run, "extract")
    assert paused(ground, SOURCE, "house")
    assert paused(ground, DESTINATION, "house")
    assert not [pod for pod in ground.every("Pod") if pod.metadata["name"].startswith("volsync-")]
    drive.ends(run, "done")
    assert notes(run) == []
    fingerprint.same(whole, still(house))
    assert not paused(ground, SOURCE, "house")
    assert not paused(ground, DESTINATION, "house")
    until(lambda: at_work(ground, "volsync-rclone-src-house"), "its mover", 60)


def test_the_copy_that_was_taken_of_the_emptied_volume_does_not_go_out(house, whole, drive, ground):
    point = drive.point()
    house.spoil()
    away(ground)
    run = drive.restores(point)
    drive.ends(run, "done")
    fingerprint.same(whole, still(house))
    assert notes(run) == ["left-stopped-copy"]
    assert paused(ground, SOURCE, "house")

    copy = "volsync-house-src"
    was = ground.get("PersistentVolumeClaim", copy).metadata["uid"]
    ground.drop("PersistentVolumeClaim", copy)

    def another():
        here = {each.metadata["name"]: each for each in ground.every("PersistentVolumeClaim")}.get(copy)
        return here is not None and here.metadata["uid"] != was

    until(another, "a copy of what the volume holds now", 60)
    drive.ends(drive.starts(ResumeASync(volume=point.volume_id, sync="ReplicationSource/house/rclone")), "done")
    assert not paused(ground, SOURCE, "house")
