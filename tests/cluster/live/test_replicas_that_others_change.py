"""On a real Kubernetes: what is set only if it still is as it was, and what others did is seen afterwards."""

from __future__ import annotations

import pytest

from cluster.api import ClaimRef, WorkloadRef
from cluster.errors import Conflict, Forbidden, Refused
from cluster.live.scaling import Scale, asked
from tests.cluster.kit import FOREVER, claim, container, deployment, pods, stateful


@pytest.fixture
def ref(ground):
    """A workload that wants no pods: only its numbers matter here."""
    ground.make(deployment("web", pods((), container("app", FOREVER)), replicas=0))
    yield WorkloadRef(ground.namespace, "Deployment", "web")
    ground.drop("Deployment", "web")
    ground.until(lambda: not ground.every("Deployment"), "its end")


def path(ground, kind="Deployment"):
    return f"{ground.path(kind, 'web')}/scale"


@pytest.mark.parametrize("now", [0, 1])
def test_replicas_that_change_between_a_look_and_the_act_are_left_as_they_are(cluster, ground, ref, now):
    cluster.scale(ref, was=0, to=now)
    seen = ground.api.get(path(ground), Scale)
    ground.api.merge(ground.path("Deployment", "web"), {"spec": {"replicas": 1 - now}})
    with pytest.raises(Conflict):
        ground.api.patch(path(ground), asked(seen, 2))
    assert cluster.workload(ref).replicas == 1 - now


def test_another_of_the_same_name_is_left_alone(cluster, ground, ref):
    seen = ground.api.get(path(ground), Scale)
    ground.drop("Deployment", "web")
    ground.until(lambda: not ground.every("Deployment"), "its end")
    ground.make(deployment("web", pods((), container("app", FOREVER)), replicas=0))
    with pytest.raises(Conflict):
        ground.api.patch(path(ground), asked(seen, 2))


def test_a_statefulset_has_replicas_too(cluster, ground):
    ground.make(stateful("web", pods((), container("app", FOREVER)), replicas=0))
    ref = WorkloadRef(ground.namespace, "StatefulSet", "web")
    version = cluster.workload(ref).version
    cluster.scale(ref, was=0, to=1)
    cluster.scale(ref, was=1, to=0)
    assert cluster.replicas_since(ref, version) == (1, 0)
    ground.drop("StatefulSet", "web")


def test_a_statefulset_that_would_delete_its_claims_with_its_pods_is_not_scaled_down(cluster, ground):
    made = stateful("web", pods((), container("app", FOREVER, "data")), "data", replicas=0)
    made["spec"]["persistentVolumeClaimRetentionPolicy"] = {"whenScaled": "Delete"}
    ground.make(made)
    ref = WorkloadRef(ground.namespace, "StatefulSet", "web")
    cluster.scale(ref, was=0, to=1)
    try:
        for dry in (True, False):
            with pytest.raises(Refused, match="whenScaled is Delete"):
                cluster.scale(ref, was=1, to=0, dry=dry)
        assert cluster.workload(ref).replicas == 1
        kept = {"spec": {"persistentVolumeClaimRetentionPolicy": {"whenScaled": "Retain"}}}
        ground.api.merge(ground.path("StatefulSet", "web"), kept)
        cluster.scale(ref, was=1, to=0)
        assert cluster.workload(ref).replicas == 0
    finally:
        ground.drop("StatefulSet", "web")


def test_while_only_its_pods_keep_a_claim_from_being_gone_they_are_not_stopped(cluster, ground):
    ground.make(claim("data"), deployment("web", pods(("data",), container("app", FOREVER, "data"))))
    ref, data = WorkloadRef(ground.namespace, "Deployment", "web"), ClaimRef(ground.namespace, "data")
    ground.until(lambda: cluster.workload(ref).ready, "its pod")
    ground.drop("PersistentVolumeClaim", "data")
    try:
        assert "deletionTimestamp" in ground.get("PersistentVolumeClaim", "data").metadata
        with pytest.raises(Refused, match="is being deleted"):
            cluster.workload_using(data)
        for dry in (True, False):
            with pytest.raises(Refused, match="is being deleted"):
                cluster.scale(ref, was=1, to=0, dry=dry)
        assert cluster.workload(ref).replicas == 1
    finally:
        ground.drop("Deployment", "web")
        ground.until(lambda: not ground.every("Deployment"), "its end")


def test_to_scale_an_account_needs_no_right_but_to_scale(cluster, ground, ref, may):
    few = may(("apps", "deployments/scale"), verbs=["get", "patch"])
    few.scale(ref, was=0, to=1)
    few.scale(ref, was=1, to=0, dry=True)
    assert cluster.workload(ref).replicas == 1
    with pytest.raises(Forbidden):
        few.workload(ref)


def test_changes_of_something_else_are_no_replicas(cluster, ground, ref):
    version = cluster.workload(ref).version
    at = ground.path("Deployment", "web")
    ground.api.merge(at, {"metadata": {"annotations": {"note": "one"}}})
    ground.api.merge(at, {"spec": {"template": {"metadata": {"annotations": {"note": "two"}}}}})
    assert cluster.workload(ref).version != version
    assert cluster.replicas_since(ref, version) == ()


def test_of_one_that_was_made_anew_meanwhile_nothing_is_known(cluster, ground, ref):
    cluster.scale(ref, was=0, to=1)
    cluster.scale(ref, was=1, to=0)
    version = cluster.workload(ref).version
    ground.drop("Deployment", "web")
    ground.until(lambda: not ground.every("Deployment"), "its end")
    ground.make(deployment("web", pods((), container("app", FOREVER)), replicas=0))
    with pytest.raises(Conflict, match="no longer known"):
        cluster.replicas_since(ref, version)
