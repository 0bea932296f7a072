"""On a real Kubernetes: what keeps a pod from a node, said as the scheduler would; and what nobody can say."""

from __future__ import annotations

import contextlib
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from cluster.api import WorkloadRef
from cluster.errors import Forbidden, NotFound
from cluster.kubernetes import Api
from cluster.live.room import UNKNOWN, of
from tests.cluster.kit import CORE, FOREVER, TRAPPED, Anything, claim, container, deployment, meta, pods

LEASES = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
NODE = "zz-aftermath-test"
LABELS = {"kubernetes.io/hostname": NODE, "zone": "east", "cores": "8"}


@pytest.fixture(scope="module")
def node(ground):
    with made(ground, NODE):
        yield NODE
    ground.api.delete(f"{LEASES}/{NODE}")


@contextlib.contextmanager
def made(ground, name, ready="True"):
    """A node that only the API server knows: empty and small; the scheduler sends nothing there."""
    with contextlib.suppress(NotFound):
        ground.api.delete(f"{CORE}/nodes/{name}")
    ground.api.create(f"{CORE}/nodes", {"metadata": meta(name, labels=LABELS), "spec": {"taints": TAINTS}})
    status(ground, name, ready)
    yield
    ground.api.delete(f"{CORE}/nodes/{name}")


def status(ground, name=NODE, ready="True", **allocatable):
    given = {"cpu": "2", "memory": "1Gi", "pods": "3", **allocatable}
    condition = {"type": "Ready", "status": ready, "reason": "Test", "message": ""}
    condition["lastHeartbeatTime"] = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    body = {"status": {"allocatable": given, "capacity": given, "conditions": [condition]}}
    ground.api.merge(f"{CORE}/nodes/{name}/status", body)


@pytest.fixture(autouse=True)
def as_at_first(ground, node):
    """Its heart beats, and what was tainted because it did not is taken away."""
    ground.until(lambda: well(ground), "a node that is well")


def well(ground):
    here = f"{CORE}/nodes/{NODE}"
    beat(ground)
    status(ground)
    if (ground.api.get(here, Anything).spec.get("taints"), cordoned(ground)) != (TAINTS, False):
        ground.api.merge(here, {"spec": {"unschedulable": None, "taints": TAINTS}})
        return False
    return True


def cordoned(ground):
    return ground.api.get(f"{CORE}/nodes/{NODE}", Anything).spec.get("unschedulable", False)


def beat(ground):
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
    spec = {"holderIdentity": NODE, "leaseDurationSeconds": 40, "renewTime": now}
    try:
        ground.api.merge(f"{LEASES}/{NODE}", {"spec": spec})
    except NotFound:
        ground.api.create(LEASES, {"metadata": meta(NODE), "spec": spec})


# So that the scheduler leaves it alone; what the tests ask for tolerates it.
TAINTS = [{"key": "aftermath-test", "value": "test", "effect": "NoSchedule"}]
TOLERATES = [{"key": "aftermath-test", "operator": "Exists"}]


@pytest.fixture
def room(ground, cluster):
    """What is said of a workload with such pods, which is asked for without any."""

    def of(spec=None, requests=None, claims=(), limits=None, **more):
        resources = {"requests": requests or {}, "limits": limits or {}}
        app = container("app", f"{TRAPPED}{FOREVER}", *claims, resources=resources)
        body = pods(claims, app, **{"tolerations": TOLERATES, **(spec or {}), **more})
        ground.make(deployment("asks", body, replicas=0))
        try:
            return cluster.room(WorkloadRef(ground.namespace, "Deployment", "asks"))
        finally:
            ground.drop("Deployment", "asks")

    return of


def affinity(**expression):
    terms = {"nodeSelectorTerms": [{"matchExpressions": [expression]}]}
    return {"affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": terms}}}


def test_without_any_wish_it_may_go_anywhere_that_takes_it(room):
    found = room()
    assert NODE in found.nodes
    assert NODE not in found.against


def test_a_taint_keeps_out_who_does_not_tolerate_it(room):
    assert room(tolerations=[]).against[NODE] == "taint aftermath-test=test:NoSchedule"
    assert room(tolerations=[{"key": "aftermath-test", "value": "other"}]).against[NODE]
    for tolerated in ({"operator": "Exists"}, {"key": "aftermath-test", "value": "test", "effect": "NoSchedule"}):
        assert NODE in room(tolerations=[tolerated]).nodes


def test_a_cordoned_node_and_one_that_is_not_ready_take_nobody(ground, room):
    ground.api.merge(f"{CORE}/nodes/{NODE}", {"spec": {"unschedulable": True}})
    assert "node.kubernetes.io/unschedulable" in room().against[NODE]
    dead = f"{NODE}-dead"
    with made(ground, dead, ready="Unknown"):
        assert "not ready" in room().against[dead]


@pytest.mark.parametrize(
    ("wish", "there"),
    [
        ({"nodeSelector": {"zone": "east"}}, True),
        ({"nodeSelector": {"zone": "west"}}, False),
        (affinity(key="zone", operator="In", values=["west", "east"]), True),
        (affinity(key="zone", operator="NotIn", values=["east"]), False),
        (affinity(key="cores", operator="Gt", values=["4"]), True),
        (affinity(key="cores", operator="Lt", values=["4"]), False),
        (affinity(key="gpu", operator="Exists"), False),
        (affinity(key="gpu", operator="DoesNotExist"), True),
    ],
)
def test_what_it_wishes_of_a_node_counts(room, wish, there):
    found = room(wish)
    assert (NODE in found.nodes) is there
    if not there:
        assert found.against[NODE] in ("nodeSelector", "nodeAffinity")


def test_more_than_is_left_is_too_much_and_says_how_much(room):
    assert NODE in room(requests={"cpu": "2", "memory": "1Gi"}).nodes
    assert room(requests={"cpu": "2100m"}).against[NODE] == "insufficient cpu: 2100m asked, 2 left"
    assert "insufficient memory: 1025Mi asked, 1024Mi left" in room(requests={"memory": "1025Mi"}).against[NODE]
    assert "insufficient example.com/gpu" in room(limits={"example.com/gpu": "1"}).against[NODE]


def test_who_is_there_already_takes_its_part(ground, room):
    """Bound to the node by hand, so that it counts though no kubelet ever starts it."""
    spec = pods((), container("app", "true", resources={"requests": {"cpu": "1500m"}}), nodeName=NODE)
    ground.make({"apiVersion": "v1", "kind": "Pod", "metadata": meta("there"), "spec": spec})
    try:
        assert NODE in room(requests={"cpu": "500m"}).nodes
        assert "insufficient cpu: 600m asked, 500m left" in room(requests={"cpu": "600m"}).against[NODE]
        status(ground, pods="1")
        assert "insufficient pods: 1 asked, 0 left" in room().against[NODE]
    finally:
        ground.api.ask("DELETE", ground.path("Pod", "there"), {}, {"gracePeriodSeconds": 0})


def test_init_containers_count_by_their_hungriest_moment(room):
    def init(cpu, **more):
        return container(f"init-{cpu}", "true", resources={"requests": {"cpu": cpu}}, **more)

    assert NODE in room(requests={"cpu": "1"}, initContainers=[init("2")]).nodes
    assert "3 asked" in room(requests={"cpu": "1"}, initContainers=[init("3")]).against[NODE]
    beside = init("1500m", restartPolicy="Always")
    assert "2500m asked" in room(requests={"cpu": "1"}, initContainers=[beside]).against[NODE]


def test_its_own_pods_make_room_for_the_next(ground, cluster):
    """The real node holds its pod now: the question is whether it can come back."""
    app = container("app", f"{TRAPPED}{FOREVER}", resources={"requests": {"cpu": "1100m"}})
    ground.make(deployment("big", pods((), app)))
    ground.until(lambda: ground.get("Deployment", "big").status.get("readyReplicas"), "its pod")
    ref = WorkloadRef(ground.namespace, "Deployment", "big")
    (pod,) = [p for p in ground.every("Pod") if p.metadata["labels"]["app"] == "big"]
    assert pod.spec["nodeName"] in cluster.room(ref).nodes
    ground.drop("Deployment", "big")


def test_a_volume_that_is_on_another_node_only_is_out_of_reach(ground, room):
    reach = {
        "required": {
            "nodeSelectorTerms": [{"matchExpressions": [{"key": "zone", "operator": "In", "values": ["west"]}]}]
        }
    }
    volume = "aftermath-test-west"
    body = {
        "capacity": {"storage": "1Mi"}, "accessModes": ["ReadWriteOnce"], "storageClassName": "",
        "local": {"path": "/none"}, "nodeAffinity": reach, "persistentVolumeReclaimPolicy": "Retain",
        "claimRef": {"namespace": ground.namespace, "name": "west"},
    }  # fmt: skip
    ground.api.create(f"{CORE}/persistentvolumes", {"metadata": meta(volume), "spec": body})
    made = claim("west", "1Mi", "")
    made["spec"]["volumeName"] = volume
    ground.make(made)
    try:
        assert room(claims=("west",)).against[NODE] == f"the volume {volume} cannot be reached from there"
    finally:
        ground.drop("PersistentVolumeClaim", "west")
        ground.api.delete(f"{CORE}/persistentvolumes/{volume}")


def test_a_node_that_has_as_many_volumes_as_it_takes_takes_no_more(ground, room):
    ground.make(claim("more"))
    ground.until(lambda: ground.get("PersistentVolumeClaim", "more").status["phase"] == "Bound", "its volume")
    limit = {"name": "hostpath.csi.kit", "nodeID": NODE, "topologyKeys": [], "allocatable": {"count": 1}}
    nodes, attachments = "/apis/storage.k8s.io/v1/csinodes", "/apis/storage.k8s.io/v1/volumeattachments"
    ground.api.create(nodes, {"metadata": meta(NODE), "spec": {"drivers": [limit]}})
    source = {"persistentVolumeName": "aftermath-test-other"}
    spec = {"attacher": "hostpath.csi.kit", "nodeName": NODE, "source": source}
    try:
        assert NODE in room(claims=("more",)).nodes
        ground.api.create(attachments, {"metadata": meta("aftermath-test-other"), "spec": spec})
        assert room(claims=("more",)).against[NODE] == "it takes 1 volumes of hostpath.csi.kit and has 1"
    finally:
        ground.api.delete(f"{nodes}/{NODE}")
        with contextlib.suppress(NotFound):
            ground.api.merge(f"{attachments}/aftermath-test-other", {"metadata": {"finalizers": None}})
            ground.api.delete(f"{attachments}/aftermath-test-other")
        ground.drop("PersistentVolumeClaim", "more")


def test_without_its_claim_there_is_no_place_at_all(room):
    found = room(claims=("never",))
    assert found.nodes == ()
    assert '"never" not found' in found.against[NODE]


def test_what_is_not_weighed_is_said_to_be_unknown(ground, room):
    term = {"labelSelector": {"matchLabels": {"app": "x"}}, "topologyKey": "zone"}
    beside = {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [term]}}
    spread = {"maxSkew": 1, "topologyKey": "zone", "whenUnsatisfiable": "DoNotSchedule", "labelSelector": {}}
    for wish in ({"affinity": beside}, {"topologySpreadConstraints": [spread]}):
        found = room(wish)
        assert NODE in found.nodes
        assert found.against[NODE].startswith(UNKNOWN)
    ground.make(claim("waits", kind="csi-hostpath-wait"))
    assert f"{UNKNOWN}the claim {ground.namespace}/waits has no volume yet" in room(claims=("waits",)).against[NODE]
    ground.drop("PersistentVolumeClaim", "waits")


def test_what_may_not_be_read_is_unknown_except_the_nodes_themselves(may, ground):
    ground.make(deployment("few", pods((), container("app", "true"), tolerations=TOLERATES), replicas=0))
    ref = WorkloadRef(ground.namespace, "Deployment", "few")
    few = may(("apps", "deployments"), ("", "nodes"))
    assert 'cannot list resource "pods"' in few.room(ref).against[NODE]
    assert NODE in few.room(ref).nodes
    ground.drop("Deployment", "few")


def test_without_the_nodes_there_is_no_answer(may, ground):
    ground.make(deployment("none", pods((), container("app", "true")), replicas=0))
    with pytest.raises(Forbidden):
        may(("apps", "deployments")).room(WorkloadRef(ground.namespace, "Deployment", "none"))
    ground.drop("Deployment", "none")


class Garbled(Api):
    """One of the pods is told in a way that nobody understands."""

    def __init__(self, api):
        self.client = api.client

    def list(self, path, kind, **query):
        found = super().list(path, kind, **query)
        return replace(found, unreadable=1) if path.endswith("/pods") else found


def test_a_pod_that_cannot_be_understood_may_take_the_place(ground):
    ground.make(deployment("garbled", pods((), container("app", FOREVER)), replicas=0))
    told = of(Garbled(ground.api), WorkloadRef(ground.namespace, "Deployment", "garbled"))
    assert told.nodes
    assert all("1 of the pods could not be understood" in told.against[name] for name in told.nodes)
    ground.drop("Deployment", "garbled")
