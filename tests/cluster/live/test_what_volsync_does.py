"""On a real Kubernetes with VolSync's kinds: what it copies is seen, stopped with its mover, and resumed."""

from __future__ import annotations

import pytest

from cluster.api import ClaimRef, WorkloadRef
from cluster.errors import Conflict, Forbidden, NotFound, Refused
from cluster.kubernetes import Api
from cluster.live import syncs
from tests.cluster import volsync
from tests.cluster.kit import FOREVER, TRAPPED, claim, container, deployment, one_node, pods
from tests.cluster.live.losing import losing_each

SOURCE, DESTINATION = "ReplicationSource", "ReplicationDestination"
KINDS = ("apps", "deployments", "statefulsets", "daemonsets", "replicasets")
FEW = (("", "pods", "persistentvolumeclaims"), KINDS, ("batch", "jobs", "cronjobs"))


@pytest.fixture(scope="module", autouse=True)
def house(ground):
    """An application that works with the claim `data`, on the node where a mover of the claim itself has to be, too."""
    app = pods(("data",), container("app", f"{TRAPPED}echo ready; {FOREVER}", "data"), node=one_node(ground.api))
    ground.make(claim("data"), deployment("house", app))
    ground.until(lambda: ground.get("Deployment", "house").status.get("readyReplicas"), "its pod")
    return WorkloadRef(ground.namespace, "Deployment", "house")


@pytest.fixture(scope="module")
def kinds(ground, house):
    with volsync.installed(ground):
        yield


@pytest.fixture
def installed(ground, kinds):
    yield
    volsync.clear(ground)


@pytest.fixture
def operator(ground, installed):
    with volsync.Operator(ground) as running:
        yield running


@pytest.fixture
def data(ground):
    return ClaimRef(ground.namespace, "data")


def make(ground, *bodies):
    for each in bodies:
        ground.api.create(volsync.path(ground, each["kind"]), each)


def spec(ground, kind, name):
    return ground.api.get(volsync.path(ground, kind, name), volsync.Anything).spec


def generation(ground, kind, name):
    return ground.api.get(volsync.path(ground, kind, name), volsync.Anything).metadata["generation"]


def only(cluster, data):
    (found,) = cluster.syncs(data)
    return found


def copies(ground, cluster, sync):
    """Its mover is at work."""

    def running():
        return [p for p in cluster.pods_of(sync) if p.phase == "Running" and not p.deleting]

    return ground.until(running, f"a mover of {sync}")


# --- Seen ---


def test_a_source_copies_its_claim_and_owns_nothing(cluster, ground, data, house, operator):
    make(ground, volsync.source("house", "data"), volsync.source("another", "other", "kopia"))
    sync = only(cluster, data)
    assert sync.workload == WorkloadRef(ground.namespace, SOURCE, "house")
    assert (sync.kind, sync.claim, sync.running, sync.replicas) == (SOURCE, "data", True, 0)
    assert (sync.container, sync.command) == ("rclone", "VolSync rclone (Direct)")
    assert str(sync) == f"ReplicationSource {house}", "it is called as the application is"
    assert sync in cluster.view().syncs
    assert cluster.workload_using(data).ref == house
    copies(ground, cluster, sync)
    assert {p.workload for p in cluster.pods_using(data)} == {house, sync.workload}
    assert {p.workload for p in cluster.view().pods if p.namespace == ground.namespace} == {house, sync.workload}
    assert cluster.workload(sync.workload).replicas == 0


def test_a_destination_writes_into_the_claim_it_is_given_or_has_made(cluster, ground, data, installed):
    make(ground, volsync.destination("given", destinationPVC="data", copyMethod="Snapshot"))
    make(ground, volsync.destination("made", copyMethod="Direct"), volsync.destination("image", copyMethod="Snapshot"))
    image = {"kind": "PersistentVolumeClaim", "name": "data"}
    for name, latest in (("made", image), ("image", {**image, "kind": "VolumeSnapshot"})):
        where = f"{volsync.path(ground, DESTINATION, name)}/status"
        ground.api.merge(where, {"status": {"latestImage": latest}})
    found = cluster.syncs(data)
    assert [(s.kind, s.workload.name, s.running) for s in found] == [
        (DESTINATION, "given", True),
        (DESTINATION, "made", True),
    ]
    assert {s for s in cluster.view().syncs if s.claim == "data" and s.workload.namespace == ground.namespace} == set(
        found
    )


def test_a_mover_that_is_not_known_yet_is_seen_all_the_same(cluster, ground, data, installed):
    make(ground, volsync.source("nightly", "data", "kopia", copyMethod="Clone"))
    assert only(cluster, data).command == "VolSync kopia (Clone)"


# --- Stopped and resumed ---


@pytest.mark.parametrize("kind", [SOURCE, DESTINATION])
def test_paused_its_mover_goes_and_resumed_it_comes_back(cluster, ground, data, operator, kind):
    direct = {"copyMethod": "Direct"}
    make(
        ground,
        volsync.source("copier", "data")
        if kind == SOURCE
        else volsync.destination("copier", **direct, destinationPVC="data"),
    )
    sync = only(cluster, data)
    copies(ground, cluster, sync)
    cluster.suspend(sync, dry=True)
    assert only(cluster, data) == sync
    assert "paused" not in spec(ground, kind, "copier")

    cluster.suspend(sync)
    once = generation(ground, kind, "copier")
    cluster.suspend(sync)
    assert generation(ground, kind, "copier") == once
    assert spec(ground, kind, "copier")["paused"] is True
    assert not only(cluster, data).running
    ground.until(lambda: not cluster.pods_of(sync), "the end of its pods")
    assert {p.workload.kind for p in cluster.pods_using(data)} == {"Deployment"}

    cluster.resume(sync, dry=True)
    assert not only(cluster, data).running
    cluster.resume(sync)
    once = generation(ground, kind, "copier")
    cluster.resume(sync)
    assert generation(ground, kind, "copier") == once
    assert only(cluster, data) == sync
    copies(ground, cluster, sync)


def test_where_the_operator_is_down_its_mover_goes_too(cluster, ground, data, installed):
    with volsync.Operator(ground):
        make(ground, volsync.source("copier", "data"))
        sync = only(cluster, data)
        copies(ground, cluster, sync)
    cluster.suspend(sync)
    ground.until(lambda: not cluster.pods_of(sync), "the end of its pods")
    with volsync.Operator(ground):
        cluster.resume(sync)
        copies(ground, cluster, sync)


def test_the_mover_of_a_copy_counts_too_and_the_copy_waits_while_it_is_paused(cluster, ground, data, operator):
    make(ground, volsync.source("copier", "data", copyMethod="Clone"))
    sync = only(cluster, data)
    (pod,) = copies(ground, cluster, sync)
    assert pod.claims == ("volsync-copier-src",)
    assert {p.workload.kind for p in cluster.pods_using(data)} == {"Deployment"}
    cluster.suspend(sync)
    ground.until(lambda: not cluster.pods_of(sync), "the end of its pods")
    assert cluster.waiting(sync) == (ClaimRef(ground.namespace, "volsync-copier-src"),)


def test_a_claim_of_that_name_that_is_not_its_own_is_no_copy(cluster, ground, data, installed):
    make(ground, volsync.source("copier", "data", copyMethod="Snapshot"))
    sync = only(cluster, data)
    assert cluster.waiting(sync) == ()
    ground.make(claim("volsync-copier-src"))
    try:
        assert cluster.waiting(sync) == ()
    finally:
        ground.drop("PersistentVolumeClaim", "volsync-copier-src")


def test_a_pod_whose_job_is_gone_already_still_copies(cluster, ground, data, installed):
    with volsync.Operator(ground):
        make(ground, volsync.source("copier", "data"))
        sync = only(cluster, data)
        (pod,) = copies(ground, cluster, sync)
    here = ground.get("Pod", pod.name)
    held = {"metadata": {"resourceVersion": here.metadata["resourceVersion"], "finalizers": ["example.com/held"]}}
    ground.api.merge(ground.path("Pod", pod.name), held)
    ground.drop("Job", "volsync-rclone-src-copier")
    try:
        ground.until(lambda: not ground.every("Job"), "the end of its job")
        ground.until(lambda: "deletionTimestamp" in ground.get("Pod", pod.name).metadata, "that its pod is to go")
        assert [(p.name, p.deleting) for p in cluster.pods_of(sync)] == [(pod.name, True)]
    finally:
        ground.api.merge(ground.path("Pod", pod.name), {"metadata": {"finalizers": None}})
    ground.until(lambda: not cluster.pods_of(sync), "its end")


def test_one_that_was_paused_before_is_so_again(cluster, ground, data, installed):
    make(ground, volsync.source("copier", "data"))
    ground.api.merge(volsync.path(ground, SOURCE, "copier"), {"spec": {"paused": True}})
    was = only(cluster, data)
    assert not was.running
    cluster.resume(was)
    assert spec(ground, SOURCE, "copier")["paused"] is True


# --- When it goes wrong ---


def test_when_an_answer_is_lost_nothing_is_done_twice(cluster, ground, data, operator):
    make(ground, volsync.source("copier", "data"))
    sync = only(cluster, data)
    copies(ground, cluster, sync)
    begun = [generation(ground, SOURCE, "copier")]

    def undo():
        cluster.resume(sync)
        copies(ground, cluster, sync)
        begun.append(generation(ground, SOURCE, "copier"))

    for _ in losing_each(ground.api, lambda api: syncs.suspend(api, sync), undo):
        assert not only(cluster, data).running
        assert generation(ground, SOURCE, "copier") == begun[-1] + 1
        ground.until(lambda: not cluster.pods_of(sync), "the end of its pods")


def test_a_resume_whose_answer_is_lost_is_one_resume(cluster, ground, data, installed):
    make(ground, volsync.source("copier", "data"))
    sync = only(cluster, data)
    cluster.suspend(sync)
    for _ in losing_each(ground.api, lambda api: syncs.resume(api, sync), lambda: cluster.suspend(sync)):
        assert only(cluster, data) == sync


class ChangedJustThen(Api):
    """Somebody else changes it after it was read, just before it is patched."""

    def __init__(self, api, path):
        self.client, self.path = api.client, path

    def patch(self, path, operations, *, dry=False):
        if path == self.path:
            super().merge(self.path, {"spec": {"sourcePVC": "other"}})
        return super().patch(path, operations, dry=dry)


def test_one_that_somebody_changes_just_then_is_left_as_they_want_it(cluster, ground, data, installed):
    make(ground, volsync.source("copier", "data"))
    sync = only(cluster, data)
    with pytest.raises(Conflict, match="changed by somebody else"):
        syncs.suspend(ChangedJustThen(ground.api, volsync.path(ground, SOURCE, "copier")), sync)
    assert spec(ground, SOURCE, "copier") == {"sourcePVC": "other", "rclone": {"copyMethod": "Direct"}}


def test_one_that_is_gone_is_not_found(cluster, ground, data, installed):
    make(ground, volsync.source("copier", "data"))
    sync = only(cluster, data)
    ground.api.delete(volsync.path(ground, SOURCE, "copier"))
    for act in (cluster.suspend, cluster.resume):
        with pytest.raises(NotFound):
            act(sync)


@pytest.mark.parametrize(("mover", "runs"), [("syncthing", True), ("external", False)])
def test_one_that_does_not_heed_a_pause_is_said_to_be_so(cluster, ground, data, installed, mover, runs):
    make(ground, volsync.source("copier", "data", mover))
    sync = only(cluster, data)
    for dry in (True, False):
        with pytest.raises(Refused, match=f"ReplicationSource {ground.namespace}/copier cannot be suspended: its"):
            cluster.suspend(sync, dry=dry)
    assert "paused" not in spec(ground, SOURCE, "copier")
    ground.api.merge(volsync.path(ground, SOURCE, "copier"), {"spec": {"paused": True}})
    assert only(cluster, data).running is runs


def test_the_deployment_by_which_it_syncs_owns_no_data(cluster, ground, data, house, installed):
    make(ground, volsync.source("copier", "data", "syncthing"))
    uid = ground.api.get(volsync.path(ground, SOURCE, "copier"), volsync.Anything).metadata["uid"]
    owner = {
        "apiVersion": f"{volsync.GROUP}/v1alpha1",
        "kind": SOURCE,
        "name": "copier",
        "uid": uid,
        "controller": True,
    }
    moving = deployment("volsync-copier", pods(("data",), container("moving", FOREVER, "data")), replicas=0)
    moving["metadata"]["ownerReferences"] = [owner]
    ground.make(moving)
    try:
        assert cluster.workload_using(data).ref == house
    finally:
        ground.drop("Deployment", "volsync-copier")


# --- Where it is not, and where it may not be seen ---


def test_where_it_may_not_be_seen_nobody_says_that_there_is_none(may, data, installed):
    few = may(*FEW)
    blind = few.view().blind
    assert {part for part in blind if part.startswith("syncs")} == {f"syncs:{SOURCE}", f"syncs:{DESTINATION}"}
    assert "cannot list resource" in blind[f"syncs:{SOURCE}"]
    with pytest.raises(Forbidden, match="replicationsources"):
        few.syncs(data)


def test_who_declares_it_elsewhere_is_told_to_leave_it_alone(cluster, ground, data, installed):
    marks = {"kustomize.toolkit.fluxcd.io/name": "apps", "kustomize.toolkit.fluxcd.io/namespace": "flux-system"}
    body = volsync.source("copier", "data")
    body["metadata"]["labels"] = marks
    make(ground, body)
    sync = only(cluster, data)
    (keeper,) = cluster.keepers(sync.workload)
    assert (keeper.kind, keeper.pausable, keeper.paused) == ("Flux", True, False)
    cluster.pause(keeper, sync.workload, {"run": "am-7-1"})
    assert [k.paused for k in cluster.keepers(sync.workload)] == [True]
    cluster.suspend(sync)
    cluster.resume(sync)
    cluster.unpause(keeper, sync.workload)
    assert cluster.keepers(sync.workload) == (keeper,)
