from __future__ import annotations

import pytest

from cluster.api import ClaimRef, Right, WorkloadRef
from cluster.errors import NotFound, Refused
from cluster.range import faults
from cluster.range.range import Range
from tests.cluster import kit
from tests.cluster.contract.conftest import LABELS


def test_a_workload_whose_pod_runs_has_a_place_for_it(place, cluster):
    place.until(lambda: cluster.workload(place.workload).ready == 1, "a ready pod")
    (pod,) = [p for p in cluster.pods_using(place.claim) if p.workload == place.workload]
    room = cluster.room(place.workload)
    assert pod.node in room.nodes
    assert list(room.nodes) == sorted(room.nodes)


def test_it_has_the_same_place_while_it_is_scaled_to_nothing(place, cluster):
    before = cluster.room(place.workload)
    cluster.scale(place.workload, was=1, to=0)
    place.until(lambda: cluster.workload(place.workload).ready == 0, "the pod's end")
    assert cluster.room(place.workload) == before


def test_there_is_no_room_for_what_is_not_there(place, cluster):
    with pytest.raises(NotFound):
        cluster.room(WorkloadRef(place.workload.namespace, "Deployment", "nothing"))


def test_each_right_that_is_asked_for_is_answered(place, cluster):
    rights = [Right("get", "", "pods"), Right("patch", "apps", "deployments", "scale"), Right("get", "", "pods")]
    rights.append(Right("list", "", "nodes", namespaced=False))
    assert cluster.allowed(place.claim.namespace, rights) == dict.fromkeys(rights, True)
    assert cluster.allowed(place.claim.namespace, []) == {}


def test_a_cluster_with_snapshots_lacks_none(place, cluster):
    assert "snapshots" not in cluster.lacks()
    assert cluster.lacks(place.claim) == {}


@pytest.fixture
def classless(place):
    """A claim whose volume is of a driver that the cluster has no class of snapshots for."""
    if isinstance(place.cluster, Range):
        faults.without_class(place.cluster.ground, place.quiet)
        yield place.quiet
    else:
        with kit.foreign(place.cluster.api, place.claim.namespace) as claim:
            yield claim


def test_a_volume_whose_driver_has_no_class_of_snapshots_has_none_and_the_others_have(place, cluster, classless):
    assert "no VolumeSnapshotClass of the driver" in cluster.lacks(classless)["snapshots"]
    with pytest.raises(Refused, match="no VolumeSnapshotClass of the driver"):
        cluster.make_snapshot(classless, "am-7-1", labels=LABELS, dry=True)
    assert cluster.lacks(place.claim) == {}


def test_of_a_claim_that_is_not_there_nothing_is_said(place, cluster):
    with pytest.raises(NotFound):
        cluster.lacks(ClaimRef(place.claim.namespace, "nothing"))
