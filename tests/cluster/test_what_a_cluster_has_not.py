"""A kind that the cluster does not have, or no class of a driver: told with its reason, and nothing fails."""

from __future__ import annotations

import json

import pytest

from cluster.api import ClaimRef, WorkloadRef
from cluster.errors import Forbidden, NotFound, Refused
from cluster.kubernetes import NO_SUCH_PATH, Api, refused
from cluster.live import keepers, rights, snapshots

SNAPSHOTS = "/apis/snapshot.storage.k8s.io/v1"
APP = WorkloadRef("home", "Deployment", "app")
MINE = {"metadata": {"name": "ours"}, "driver": "disks.example", "deletionPolicy": "Retain"}


class Answers(Api):
    """An API server that has these paths and no others."""

    def __init__(self, *groups, **no):
        self.groups, self.no, self.classes = groups, no, [MINE]

    def ask(self, method, path, query, body=None, kind="application/json"):
        assert method == "GET"
        if path == "/apis":
            versions = [{"name": g, "preferredVersion": {"groupVersion": f"{g}/v1"}} for g in self.groups]
            return json.dumps({"groups": versions}).encode()
        if path.startswith(f"{SNAPSHOTS}/") and "snapshot.storage.k8s.io" in self.groups:
            if error := self.no.get("classes"):
                raise error
            return json.dumps({"items": self.classes}).encode()
        if path.endswith("/deployments/app"):
            return b'{"metadata": {"name": "app", "uid": "u"}, "spec": {}}'
        raise refused(404, NO_SUCH_PATH.encode())


def test_without_the_kinds_of_snapshots_there_are_none_and_it_says_so():
    api = Answers("apps")
    assert rights.lacks(api) == {"snapshots": "The cluster has no snapshot.storage.k8s.io API."}
    for ask in (lambda: snapshots.every(api), lambda: snapshots.chosen(api, "disks.example")):
        with pytest.raises(Refused, match="does not know VolumeSnapshot"):
            ask()


def test_with_the_kinds_and_without_a_class_there_are_none_either():
    api = Answers("snapshot.storage.k8s.io")
    assert rights.lacks(api) == {}
    api.classes = []
    assert rights.lacks(api) == {"snapshots": "The cluster has no VolumeSnapshotClass."}


@pytest.mark.parametrize("no", [NotFound("no such kind"), Forbidden("cannot list volumesnapshotclasses")])
def test_classes_that_are_not_told_are_as_good_as_none(no):
    assert rights.lacks(Answers("snapshot.storage.k8s.io", classes=no)) == {"snapshots": str(no)}


def test_a_class_of_another_driver_is_none_of_this_one():
    api = Answers("snapshot.storage.k8s.io")
    assert snapshots.chosen(api, "disks.example").metadata.name == "ours"
    with pytest.raises(Refused, match=r"no VolumeSnapshotClass of the driver other\.example"):
        snapshots.chosen(api, "other.example")


class Bound(Answers):
    """One that also has a claim, its volume, and these drivers."""

    def __init__(self, volume, *drivers, **no):
        super().__init__("snapshot.storage.k8s.io", **no)
        self.volume, self.drivers = volume, drivers

    def ask(self, method, path, query, body=None, kind="application/json"):
        end = path.rpartition("/")[2]
        if path.endswith("/persistentvolumeclaims/data"):
            return b'{"metadata": {"name": "data", "namespace": "home"}, "spec": {"volumeName": "pv"}}'
        if path.endswith("/persistentvolumes/pv"):
            return json.dumps({"metadata": {"name": "pv"}, "spec": self.volume}).encode()
        if "/csidrivers/" in path and (error := self.no.get("drivers")):
            raise error
        if "/csidrivers/" in path and end in self.drivers:
            return json.dumps({"metadata": {"name": end}}).encode()
        return super().ask(method, path, query, body, kind)


def of(driver):
    return {"csi": {"driver": driver}}


CLAIM = ClaimRef("home", "data")


def test_a_volume_of_a_driver_that_has_a_class_lacks_nothing():
    assert snapshots.lacking(Bound(of("disks.example"), "disks.example"), CLAIM) == {}


def test_a_driver_that_has_a_class_and_no_object_is_believed_and_it_is_told():
    assert snapshots.lacking(Bound(of("disks.example")), CLAIM).keys() == {"driver"}


def test_a_driver_whose_object_may_not_be_seen_is_not_said_to_be_gone():
    assert snapshots.lacking(Bound(of("disks.example"), drivers=Forbidden("no")), CLAIM) == {}


def test_a_volume_whose_driver_has_no_class_or_that_has_none_has_no_snapshots():
    told = snapshots.lacking(Bound(of("other.example"), "other.example"), CLAIM)
    assert told == {"snapshots": "This cluster has no VolumeSnapshotClass of the driver other.example."}
    told = snapshots.lacking(Bound({"nfs": {"server": "nas"}}), CLAIM)
    assert told == {"snapshots": "The volume of home/data is of no CSI driver: no snapshots."}


def test_who_keeps_workloads_elsewhere_and_has_no_kind_here_keeps_nothing():
    """No Argo CD, no Flux, no KEDA, no VPA, not even the groups that every cluster has."""
    assert keepers.of(Answers(), APP) == ()
    groups = ("argoproj.io", "keda.sh", "http.keda.sh", "autoscaling", "autoscaling.k8s.io", "policy")
    assert keepers.of(Answers(*groups), APP) == (), "the groups are there, with other kinds in them"
