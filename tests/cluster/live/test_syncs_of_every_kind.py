"""Each kind of sync is found, stopped, and put back as it was, on a real Kubernetes."""

from __future__ import annotations

import pytest

from cluster.api import ClaimRef
from cluster.errors import Conflict
from cluster.kubernetes import Api
from cluster.live import syncs
from tests.cluster.kit import FOREVER, TRAPPED, claim, container, cron, daemons, deployment, job, pods, stateful

COPY = f"{TRAPPED}: rclone sync /data s3:bucket; {FOREVER}"
APP = f"{TRAPPED}echo ready; {FOREVER}"


@pytest.fixture
def clean(ground):
    yield
    for kind in ("Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job"):
        ground.drop_all(kind)
    ground.until(lambda: not ground.every("Pod"), "the end of all pods")
    ground.drop_all("PersistentVolumeClaim")
    ground.until(lambda: not ground.every("PersistentVolumeClaim"), "the end of all claims")


def one_sync(cluster, ground, name="data"):
    (sync,) = cluster.syncs(ClaimRef(ground.namespace, name))
    return sync


def is_gone(cluster, sync):
    claim = ClaimRef(sync.workload.namespace, sync.claim)
    return lambda: not [p for p in cluster.pods_using(claim) if p.workload == sync.workload]


def started(cluster, ground, sync):
    def pod():
        using = cluster.pods_using(ClaimRef(ground.namespace, sync.claim))
        return next((p for p in using if p.workload == sync.workload and p.phase == "Running" and not p.deleting), None)

    return ground.until(pod, f"a pod of {sync}")


def test_a_daemonset_goes_where_no_node_is_and_comes_back_to_its_own_nodes(cluster, ground, clean):
    spec = pods(("data",), container("rclone", COPY, "data"), nodeSelector={"kubernetes.io/os": "linux"})
    ground.make(claim("data"), daemons("copier", spec))
    sync = one_sync(cluster, ground)
    assert (sync.kind, sync.running, sync.container) == ("DaemonSet", True, "rclone")
    started(cluster, ground, sync)
    assert cluster.workload(sync.workload).ready <= cluster.workload(sync.workload).replicas == 1

    cluster.suspend(sync, dry=True)
    assert one_sync(cluster, ground) == sync
    cluster.suspend(sync)
    once = cluster.workload(sync.workload).version
    cluster.suspend(sync)
    assert cluster.workload(sync.workload).version == once
    assert not one_sync(cluster, ground).running
    ground.until(is_gone(cluster, sync), "the end of its pods")

    cluster.resume(sync)
    cluster.resume(sync)
    assert one_sync(cluster, ground) == sync
    assert ground.get("DaemonSet", "copier").spec["template"]["spec"]["nodeSelector"] == {"kubernetes.io/os": "linux"}
    started(cluster, ground, sync)


def test_a_daemonset_that_had_no_selector_has_none_again(cluster, ground, clean):
    ground.make(claim("data"), daemons("copier", pods(("data",), container("rclone", COPY, "data"))))
    sync = one_sync(cluster, ground)
    cluster.suspend(sync)
    cluster.resume(sync)
    assert "nodeSelector" not in ground.get("DaemonSet", "copier").spec["template"]["spec"]


def test_a_suspended_cronjob_leaves_no_job_of_its_own_running_and_others_alone(cluster, ground, clean):
    spec = pods(("data",), container("rclone", COPY, "data"))
    ground.make(claim("data"), cron("copier", spec))
    uid = ground.get("CronJob", "copier").metadata["uid"]
    owner = {"apiVersion": "batch/v1", "kind": "CronJob", "name": "copier", "uid": uid, "controller": True}
    ground.make(job("copier-29399998", spec, ownerReferences=[owner]), job("somebodys", spec))
    sync = one_sync(cluster, ground)
    started(cluster, ground, sync)

    cluster.suspend(sync, dry=True)
    assert {j.metadata["name"] for j in ground.every("Job")} == {"copier-29399998", "somebodys"}
    cluster.suspend(sync)
    ground.until(is_gone(cluster, sync), "the end of its pods")
    assert {j.metadata["name"] for j in ground.every("Job")} == {"somebodys"}
    (left,) = cluster.pods_using(ClaimRef(ground.namespace, "data"))
    assert (left.workload.kind, left.workload.name) == ("Job", "somebodys")


def test_one_that_a_cronjob_started_just_then_is_ended_when_it_is_suspended_again(cluster, ground, clean):
    spec = pods(("data",), container("rclone", COPY, "data"))
    ground.make(claim("data"), cron("copier", spec))
    sync = one_sync(cluster, ground)
    cluster.suspend(sync)
    uid = ground.get("CronJob", "copier").metadata["uid"]
    owner = {"apiVersion": "batch/v1", "kind": "CronJob", "name": "copier", "uid": uid, "controller": True}
    ground.make(job("copier-29399999", spec, ownerReferences=[owner]))
    cluster.suspend(sync)
    ground.until(lambda: not ground.every("Job"), "the end of the job")


def test_one_that_was_suspended_before_is_so_again_and_what_somebody_began_meanwhile_goes_on(cluster, ground, clean):
    spec = pods(("data",), container("rclone", COPY, "data"))
    ground.make(claim("data"), cron("copier", spec))
    ground.api.merge(ground.path("CronJob", "copier"), {"spec": {"suspend": True}})
    sync = one_sync(cluster, ground)
    assert not sync.running
    uid = ground.get("CronJob", "copier").metadata["uid"]
    owner = {"apiVersion": "batch/v1", "kind": "CronJob", "name": "copier", "uid": uid, "controller": True}
    ground.make(job("copier-by-hand", spec, ownerReferences=[owner]))
    cluster.resume(sync)
    assert ground.get("CronJob", "copier").spec["suspend"] is True
    assert [j.metadata.get("deletionTimestamp") for j in ground.every("Job")] == [None]


class ChangedJustThen(Api):
    """Somebody else gives the DaemonSet a node selector after it was read, just before it is patched."""

    def __init__(self, api, path):
        self.client, self.path = api.client, path

    def patch(self, path, operations, *, dry=False):
        super().merge(self.path, {"spec": {"template": {"spec": {"nodeSelector": {"disk": "fast"}}}}})
        return super().patch(path, operations, dry=dry)


def test_a_selector_that_somebody_gave_it_just_then_is_not_overwritten(cluster, ground, clean):
    ground.make(claim("data"), daemons("copier", pods(("data",), container("rclone", COPY, "data"))))
    sync = one_sync(cluster, ground)
    with pytest.raises(Conflict):
        syncs.suspend(ChangedJustThen(ground.api, ground.path("DaemonSet", "copier")), sync)
    assert ground.get("DaemonSet", "copier").spec["template"]["spec"]["nodeSelector"] == {"disk": "fast"}


@pytest.mark.parametrize("native", [False, True], ids=["sidecar", "native"])
def test_a_sidecar_stops_with_its_application_and_comes_back_with_it(cluster, ground, clean, native):
    app, sync = container("app", APP, "data"), container("rclone", COPY, "data")
    spec = pods(("data",), app, **{"initContainers": [{**sync, "restartPolicy": "Always"}]} if native else {})
    spec["containers"] += [] if native else [sync]
    ground.make(claim("data"), deployment("house", spec))
    found = one_sync(cluster, ground)
    assert (found.kind, found.container, found.running, found.replicas) == ("Sidecar", "rclone", True, 1)
    assert str(found) == f"{ground.namespace}/house/rclone"
    owner = cluster.workload_using(ClaimRef(ground.namespace, "data"))
    assert owner.ref == found.workload
    started(cluster, ground, found)

    cluster.suspend(found)
    assert cluster.workload(found.workload).replicas == 0
    assert not one_sync(cluster, ground).running
    ground.until(is_gone(cluster, found), "the end of its pods")
    cluster.resume(found)
    assert one_sync(cluster, ground) == found


def test_a_sync_of_a_statefulsets_own_claim_is_found_and_its_claims_are_told_though_no_pod_is_left(
    cluster, ground, clean
):
    spec = pods((), container("db", APP, "data"), container("rclone", COPY, "data"))
    ground.make(stateful("db", spec, "data"))
    ground.until(lambda: ground.every("PersistentVolumeClaim"), "its claim")
    sync = one_sync(cluster, ground, "data-db-0")
    assert (sync.kind, sync.workload.kind) == ("Sidecar", "StatefulSet")
    started(cluster, ground, sync)
    cluster.suspend(sync)
    ground.until(is_gone(cluster, sync), "the end of its pods")
    owner = cluster.workload_using(ClaimRef(ground.namespace, "data-db-0"))
    assert (owner.ref, owner.replicas, owner.claims) == (sync.workload, 0, ("data-db-0",))
    cluster.resume(sync)
    assert cluster.workload(sync.workload).replicas == 1


def test_replicas_that_somebody_gave_it_meanwhile_are_not_overwritten(cluster, ground, clean):
    ground.make(claim("data"), deployment("copier", pods(("data",), container("rclone", COPY, "data"))))
    sync = one_sync(cluster, ground)
    cluster.suspend(sync)
    cluster.scale(sync.workload, was=0, to=2)
    with pytest.raises(Conflict, match="2 replicas"):
        cluster.resume(sync)


def test_one_that_runs_away_is_stopped_whatever_its_replicas_are_by_now(cluster, ground, clean):
    ground.make(claim("data"), deployment("copier", pods(("data",), container("rclone", COPY, "data"))))
    sync = one_sync(cluster, ground)
    cluster.scale(sync.workload, was=1, to=2)
    cluster.suspend(sync)
    assert not one_sync(cluster, ground).running
