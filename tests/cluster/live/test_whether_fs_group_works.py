"""On a real Kubernetes: whether a pod's group gets the files of a volume is for the driver to say."""

from __future__ import annotations

import contextlib
from uuid import uuid4

import pytest

from cluster.api import ClaimRef, WorkloadRef
from cluster.errors import NotFound
from tests.cluster.kit import CORE, Anything, claim, container, deployment, meta, pods

DRIVERS = "/apis/storage.k8s.io/v1/csidrivers"


@pytest.fixture(scope="module", autouse=True)
def house(ground):
    ground.make(deployment("house", pods((), container("app", "true")), replicas=0))


def says(cluster, ground, name):
    return cluster.template(WorkloadRef(ground.namespace, "Deployment", "house"), ClaimRef(ground.namespace, name))


@pytest.fixture
def on(ground, cluster):
    """What is said of a claim with such a volume, which nobody ever mounts."""
    made = []

    def of(policy="", modes=("ReadWriteOnce",), **source):
        name = f"fs-{uuid4().hex[:12]}"
        driver = f"{name}.example.com"
        if policy:
            spec = {"attachRequired": False, "fsGroupPolicy": policy}
            ground.api.create(DRIVERS, {"metadata": meta(driver), "spec": spec})
        csi = {"csi": {"driver": driver, "volumeHandle": name, **source}}
        spec = {
            "capacity": {"storage": "1Mi"},
            "accessModes": list(modes),
            "storageClassName": "",
            "claimRef": {"namespace": ground.namespace, "name": name},
            **(source if "nfs" in source or "local" in source else csi),
        }
        ground.api.create(f"{CORE}/persistentvolumes", {"metadata": meta(name), "spec": spec})
        wanted = claim(name, "1Mi", "")
        wanted["spec"] |= {"volumeName": name, "accessModes": list(modes)}
        ground.make(wanted)
        made.append((name, driver))
        return says(cluster, ground, name).fs_group_works

    yield of
    for name, driver in made:
        ground.drop("PersistentVolumeClaim", name)
        with contextlib.suppress(NotFound):
            ground.api.delete(f"{CORE}/persistentvolumes/{name}")
        with contextlib.suppress(NotFound):
            ground.api.delete(f"{DRIVERS}/{driver}")


def test_the_drivers_policy_decides(on):
    assert on("File") is True
    assert on("None", fsType="ext4") is False
    assert on("ReadWriteOnceWithFSType", fsType="ext4") is True


def test_the_usual_policy_asks_for_a_type_of_filesystem_and_one_node(on):
    assert on("ReadWriteOnceWithFSType") is False, "synology-csi's volumes without fsType"
    assert on("ReadWriteOnceWithFSType", modes=("ReadWriteMany",), fsType="ext4") is False
    assert on(fsType="ext4") is True, "a driver without an object has the usual policy"


def test_other_sorts_of_volumes_each_have_their_way(on):
    assert on(nfs={"server": "192.0.2.1", "path": "/"}) is False


def test_a_claim_without_a_volume_cannot_tell(ground, cluster):
    ground.make(claim("waits", kind="csi-hostpath-wait"))
    assert says(cluster, ground, "waits").fs_group_works is None
    ground.drop("PersistentVolumeClaim", "waits")


def test_what_is_said_is_what_happens(ground, cluster):
    """A pod with the group 1234 looks at the root of its volume."""
    ground.make(claim("real"))
    look = container("look", "stat -c %g /real > /dev/termination-log", "real")
    spec = pods(("real",), look, restartPolicy="Never", securityContext={"fsGroup": 1234})
    ground.make({"apiVersion": "v1", "kind": "Pod", "metadata": meta("look"), "spec": spec})
    ground.until(lambda: ground.get("Pod", "look").status.get("phase") in ("Succeeded", "Failed"), "the look")
    (status,) = ground.api.get(ground.path("Pod", "look"), Anything).status["containerStatuses"]
    group = status["state"]["terminated"]["message"].strip()
    assert says(cluster, ground, "real").fs_group_works is (group == "1234")
