"""On a real Kubernetes: whose data a claim is, and who mounts it."""

from __future__ import annotations

import pytest

from cluster.api import ClaimRef, WorkloadRef
from cluster.errors import NotFound, Refused
from tests.cluster.kit import FOREVER, TRAPPED, bare, claim, container, cron, deployment, job, one_node, pods

APP = f"{TRAPPED}echo ready; {FOREVER}"


@pytest.fixture(scope="module")
def data(ground):
    ground.make(claim("data"))
    return ClaimRef(ground.namespace, "data")


@pytest.fixture
def spec(ground, data):
    yield pods(("data",), container("app", APP, "data"), node=one_node(ground.api))
    for kind in ("Deployment", "CronJob", "Job", "Pod"):
        ground.drop_all(kind)
    ground.until(lambda: not ground.every("Pod"), "the end of all pods")


def test_a_claim_that_nobody_mounts_is_nobodys(cluster, data):
    assert cluster.workload_using(data) is None
    assert cluster.pods_using(data) == ()


def test_of_two_that_work_with_it_nobody_is_chosen_and_both_are_named(cluster, ground, data, spec):
    ground.make(deployment("one", spec, replicas=0), deployment("two", spec, replicas=0))
    with pytest.raises(Refused, match=r"/one and .*/two"):
        cluster.workload_using(data)


def test_a_cronjob_that_reads_it_is_no_owner_beside_one_that_lasts(cluster, ground, data, spec):
    ground.make(cron("report", spec))
    alone = cluster.workload_using(data)
    assert (alone.ref.kind, alone.ref.name, alone.replicas) == ("CronJob", "report", 0)
    ground.make(deployment("house", spec, replicas=0))
    assert cluster.workload_using(data).ref == WorkloadRef(ground.namespace, "Deployment", "house")
    assert cluster.syncs(data) == ()


def test_a_bare_pod_and_a_job_use_it_and_own_nothing(cluster, ground, data, spec):
    ground.make(bare("somebody", spec), job("once", spec))
    users = ground.until(lambda: len(cluster.pods_using(data)) == 2 and cluster.pods_using(data), "both pods")
    assert {(p.workload.kind, p.workload.name) for p in users} == {("Pod", "somebody"), ("Job", "once")}
    assert cluster.workload_using(data) is None
    assert cluster.workload(WorkloadRef(ground.namespace, "Pod", "somebody")).claims == ("data",)
    assert cluster.workload(WorkloadRef(ground.namespace, "Job", "once")).replicas == 1
    with pytest.raises(Refused):
        cluster.scale(WorkloadRef(ground.namespace, "Pod", "somebody"), was=1, to=0)


def test_the_pod_of_a_job_that_has_ended_no_longer_counts_though_it_is_there(cluster, ground, data, spec):
    spec["containers"][0]["command"][-1] = "true"
    ground.make(job("quick", spec))
    ref = WorkloadRef(ground.namespace, "Job", "quick")
    ground.until(lambda: cluster.workload(ref).replicas == 0, "the end of the job")
    assert ground.every("Pod")
    assert cluster.pods_using(data) == ()


def test_a_pod_that_takes_its_time_to_go_still_uses_it(cluster, ground, data, spec):
    spec["containers"][0]["command"][-1] = "trap 'sleep 2; exit 0' TERM; " + FOREVER
    spec["terminationGracePeriodSeconds"] = 20
    ground.make(bare("slow", spec))
    ground.until(lambda: any(p.phase == "Running" for p in cluster.pods_using(data)), "the pod")
    ground.drop("Pod", "slow")
    (pod,) = cluster.pods_using(data)
    assert (pod.deleting, pod.ready) == (True, False)
    ground.until(lambda: not cluster.pods_using(data), "its end")
    with pytest.raises(NotFound):
        ground.get("Pod", "slow")


def test_a_kind_that_is_no_workload_is_refused(cluster, ground):
    with pytest.raises(Refused, match="Rollout"):
        cluster.workload(WorkloadRef(ground.namespace, "Rollout", "house"))
