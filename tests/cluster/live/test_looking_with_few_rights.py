"""On a real Kubernetes: what is told when the account may not see all, or when nobody answers."""

from __future__ import annotations

import socket
import time

import pytest
from kubernetes.client import Configuration

from cluster.api import ClaimRef, WorkloadRef
from cluster.errors import Forbidden, Unreachable
from cluster.kubernetes import Api
from cluster.live.live import Live
from cluster.live.profile import Profile
from tests.cluster import volsync
from tests.cluster.kit import FOREVER, TRAPPED, claim, container, deployment, pods

KINDS = ("apps", "deployments", "statefulsets", "daemonsets", "replicasets")
PARTS = {"pods", "workloads", "syncs", "claims", "claims:volumes", "snapshots", "events"}
VOLSYNC = {"syncs:ReplicationSource", "syncs:ReplicationDestination"}  # only while others test with it


@pytest.fixture(scope="module")
def data(ground):
    spec = pods(("data",), container("app", f"{TRAPPED}echo ready; {FOREVER}", "data"))
    ground.make(claim("data"), deployment("house", spec))
    ground.until(lambda: ground.get("Deployment", "house").status.get("readyReplicas"), "its pod")
    return ClaimRef(ground.namespace, "data")


def test_an_account_that_may_nothing_sees_nothing_and_is_told_why_of_each_part(may):
    view = may().view()
    assert set(view.blind) - VOLSYNC == PARTS
    assert all("cannot list resource" in why for why in view.blind.values()), view.blind
    assert (view.pods, view.workloads, view.syncs) == ((), (), ())


def test_what_may_be_seen_is_told_and_the_rest_is_blind(may, data):
    view = may(("", "pods", "persistentvolumeclaims"), KINDS).view()
    ref = WorkloadRef(data.namespace, "Deployment", "house")
    assert [p.workload for p in view.pods if p.namespace == data.namespace] == [ref]
    assert ref in {w.ref for w in view.workloads}
    assert data in {c.ref for c in view.claims}
    blind = {"workloads:CronJob", "syncs:CronJob", "claims:volumes", "snapshots", "events"}
    assert set(view.blind) - VOLSYNC == blind


def test_without_the_makers_a_pod_still_has_its_deployment_by_name(may, data):
    (pod,) = may(("", "pods", "persistentvolumeclaims")).pods_using(data)
    assert pod.workload == WorkloadRef(data.namespace, "Deployment", "house")


def test_a_witness_that_may_not_be_asked_is_unknown_and_not_well(may, data):
    few = may(("", "persistentvolumeclaims", "pods"), KINDS)
    assert [(w.what, w.says) for w in few.witnesses(data)] == [
        ("pods", "attached"),
        ("attachment", "unknown"),
        ("node", "unknown"),
    ]


def test_with_the_volumes_each_of_the_others_is_unknown_by_itself(may, data):
    few = may(("", "persistentvolumeclaims", "pods", "persistentvolumes", "nodes"), KINDS)
    seen = {w.what: w for w in few.witnesses(data)}
    assert (seen["attachment"].says, seen["node"].says) == ("unknown", "attached")
    assert "volumeattachments" in seen["attachment"].detail
    assert "left behind" not in seen["node"].detail, "without the attachments nobody can tell"


def test_whose_a_claim_is_cannot_be_said_while_a_kind_is_hidden(may, data):
    few = may(("", "persistentvolumeclaims", "pods"), ("apps", "deployments"))
    for ask in (few.workload_using, few.syncs):
        with pytest.raises(Forbidden):
            ask(data)


def test_where_there_is_no_volsync_none_is_missed(cluster, ground, may, data):
    few = may(("", "pods", "persistentvolumeclaims"), KINDS, ("batch", "jobs", "cronjobs"))
    with volsync.absent(ground):
        assert few.syncs(data) == cluster.syncs(data) == ()
        assert not {part for part in few.view().blind if part.startswith("syncs")}


def test_a_cluster_that_does_not_answer_at_all_is_told_at_once():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    configuration = Configuration()
    configuration.host = f"http://127.0.0.1:{port}"
    began = time.monotonic()
    with pytest.raises(Unreachable):
        Live(Api(configuration), Profile("none")).view()
    assert time.monotonic() - began < 10
