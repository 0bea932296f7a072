"""What is behind a VolumeSnapshot: the class that is chosen, the content that keeps the data, and what is missing."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest

from cluster.api import ClaimRef
from cluster.errors import Conflict, Forbidden, NotFound, Refused
from cluster.kubernetes import Api
from cluster.live import snapshots
from tests.cluster.jobs.conftest import LABELS
from tests.cluster.kit import Anything
from tests.requirements import missing

CONTENTS = "/apis/snapshot.storage.k8s.io/v1/volumesnapshotcontents"
NAME = "am-8-1"


class OnlyDelete(Api):
    """A cluster of which no class keeps snapshots."""

    def __init__(self, api):
        self.client = api.client

    def list(self, path, kind, **query):
        found = super().list(path, kind, **query)
        if not path.endswith("/volumesnapshotclasses"):
            return found
        return replace(found, items=tuple(c for c in found.items if c.deletion_policy == "Delete"))


@pytest.fixture
def ref(world):
    yield ClaimRef(world.ground.namespace, "data")
    snapshots.drop(world.api, world.ground.namespace, NAME)
    world.ground.until(lambda: not there(world), "the end of the snapshot")


def there(world):
    return world.ground.there(world.ground.path("VolumeSnapshot", NAME))


def ready(world, ref, api=None):
    def seen():
        here = snapshots.one(api or world.api, ref.namespace, NAME)
        return here if here.ready else None

    return world.ground.until(seen, "the snapshot")


def content(world):
    name = world.ground.get("VolumeSnapshot", NAME).status["boundVolumeSnapshotContentName"]
    return name, world.api.get(f"{CONTENTS}/{name}", Anything).spec["deletionPolicy"]


def test_where_no_class_keeps_them_the_content_is_told_to_before_it_is_said_to_be_ready(world, ref):
    snapshots.make(OnlyDelete(world.api), ref, NAME, LABELS)
    assert ready(world, ref).kept
    assert content(world)[1] == "Retain"


def test_asked_for_again_it_is_the_same_though_a_policy_gave_it_a_label_more(world, ref):
    snapshots.make(world.api, ref, NAME, LABELS)
    world.api.merge(world.ground.path("VolumeSnapshot", NAME), {"metadata": {"labels": {"team": "home"}}})
    snapshots.make(world.api, ref, NAME, LABELS)
    with pytest.raises(Conflict):
        snapshots.make(world.api, ref, NAME, {**LABELS, "aftermath.dev/run": "8"})


def test_dropped_by_us_its_data_goes_too(world, ref):
    snapshots.make(world.api, ref, NAME, LABELS)
    ready(world, ref)
    name, policy = content(world)
    assert policy == "Retain"
    snapshots.drop(world.api, ref.namespace, NAME, dry=True)
    assert content(world)[1] == "Retain"
    snapshots.drop(world.api, ref.namespace, NAME)
    world.ground.until(lambda: not world.ground.there(f"{CONTENTS}/{name}"), "the end of the content")


def test_deleted_by_somebody_else_its_data_stays(world, ref):
    snapshots.make(world.api, ref, NAME, LABELS)
    ready(world, ref)
    name, _ = content(world)
    world.ground.drop("VolumeSnapshot", NAME)
    world.ground.until(lambda: not there(world), "the end of the snapshot")
    assert world.ground.there(f"{CONTENTS}/{name}")
    at = {"spec": {"deletionPolicy": "Delete"}}
    world.api.merge(f"{CONTENTS}/{name}", at)
    world.api.delete(f"{CONTENTS}/{name}")


def test_an_account_that_may_not_change_contents_is_told_that_it_is_not_kept_and_drops_none(world, ref, acting):
    snapshots.make(OnlyDelete(acting), ref, NAME, LABELS)
    assert not ready(world, ref, acting).kept
    assert ready(world, ref).kept
    with pytest.raises(Forbidden, match="would stay on the storage"):
        snapshots.drop(acting, ref.namespace, NAME, dry=True)
    with pytest.raises(Forbidden, match="would stay on the storage"):
        snapshots.drop(acting, ref.namespace, NAME)
    assert there(world)


def test_a_driver_without_a_class_is_refused_and_so_is_a_cluster_without_snapshots(world, ref, monkeypatch):
    with pytest.raises(Refused, match=r"no VolumeSnapshotClass of the driver other\.csi"):
        snapshots.chosen(world.api, "other.csi")
    monkeypatch.setattr(snapshots, "SNAPSHOTS", "/apis/snapshot.nowhere.example/v1")
    for ask in (
        lambda: snapshots.of(world.api, ref),
        lambda: snapshots.one(world.api, ref.namespace, NAME),
        lambda: snapshots.make(world.api, ref, NAME, LABELS, dry=True),
        lambda: snapshots.every(world.api),
    ):
        with pytest.raises(Refused, match="This cluster has no snapshots"):
            ask()
    monkeypatch.undo()
    with pytest.raises(NotFound):
        snapshots.one(world.api, ref.namespace, NAME)


def test_what_the_driver_says_is_told_and_a_size_alone_is_not_ready(world, ref):
    if not (directory := os.environ.get("KIT_DIR")):
        missing("kubernetes", "needs a CSI driver that fails on demand: set KIT_DIR to the kit's directory")
    volume = world.ground.get("PersistentVolumeClaim", ref.name).spec["volumeName"]
    fault = Path(directory) / "csi" / "faults" / f"CreateSnapshot.{volume}"
    fault.parent.mkdir(exist_ok=True)
    fault.write_text("fail 13 the shelf is full\n")
    try:
        snapshots.make(world.api, ref, NAME, LABELS)
        error = world.ground.until(lambda: snapshots.one(world.api, ref.namespace, NAME).error, "an error")
        assert "the shelf is full" in error
        fault.write_text("notready\n")
        bound = world.ground.until(lambda: content_of(world), "its content")
        assert bound
        assert not snapshots.one(world.api, ref.namespace, NAME).ready
    finally:
        fault.unlink()
    assert ready(world, ref).error == ""


def content_of(world):
    return world.ground.get("VolumeSnapshot", NAME).status.get("boundVolumeSnapshotContentName")
