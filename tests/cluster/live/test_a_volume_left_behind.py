"""On a real Kubernetes: what the witnesses say of a volume, also when only a node knows of it any more."""

from __future__ import annotations

import contextlib

import pytest

from cluster.api import ClaimRef
from cluster.errors import NotFound
from cluster.live.attachment import by_nodes
from cluster.live.objects import Meta
from cluster.live.storage import VolumeObject, VolumeSpec
from tests.cluster.kit import CORE, FOREVER, TRAPPED, bare, claim, container, one_node, pods

GHOST = "zz-am-ghost"  # the last of all nodes by name; nothing is ever put there


@pytest.fixture(scope="module")
def data(ground):
    ground.make(claim("data"))
    ground.until(lambda: ground.get("PersistentVolumeClaim", "data").status.get("phase") == "Bound", "the volume")
    return ClaimRef(ground.namespace, "data")


@pytest.fixture
def ghost(ground):
    """A node that answers to nobody, as one whose machine has gone."""
    taint = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
    node = {"metadata": {"name": GHOST}, "spec": {"unschedulable": True, "taints": [taint]}}
    ground.api.create(f"{CORE}/nodes", node)

    def holds(*volumes):
        ground.api.merge(f"{CORE}/nodes/{GHOST}/status", {"status": {"volumesInUse": list(volumes)}})

    yield holds
    with contextlib.suppress(NotFound):
        ground.api.delete(f"{CORE}/nodes/{GHOST}")


def said(cluster, claim):
    return {w.what: w for w in cluster.witnesses(claim)}


def test_a_volume_that_was_never_attached_is_free_by_every_witness(cluster, data):
    assert {w.says for w in cluster.witnesses(data)} == {"detached"}


def test_each_witness_names_what_it_saw(cluster, ground, data):
    node = one_node(ground.api)
    ground.make(bare("user", pods(("data",), container("app", f"{TRAPPED}{FOREVER}", "data"), node=node)))
    ground.until(lambda: {w.says for w in cluster.witnesses(data)} == {"attached"}, "the attachment")
    seen = said(cluster, data)
    assert seen["pods"].detail == f"{ground.namespace}/user ({node})"
    assert f"attached to {node} (csi-" in seen["attachment"].detail
    assert seen["node"].detail.startswith(f"{node} (volumes")
    assert "left behind" not in seen["node"].detail
    ground.drop("Pod", "user")
    ground.until(lambda: {w.says for w in cluster.witnesses(data)} == {"detached"}, "the detachment")


def test_what_only_a_node_still_lists_is_left_behind_and_its_cure_is_named(cluster, ground, data, ghost):
    volume = cluster.claim(data)
    ghost(f"kubernetes.io/csi/{volume.driver}^{volume.handle}")
    seen = said(cluster, data)
    assert (seen["pods"].says, seen["attachment"].says, seen["node"].says) == ("detached", "detached", "attached")
    assert f"{GHOST} (volumesInUse)" in seen["node"].detail
    assert "not ready: leave its attachments alone" in seen["node"].detail
    assert "left behind there" in seen["node"].detail
    assert f"restart the driver {volume.driver} on {GHOST}" in seen["node"].detail


def test_another_volume_of_the_same_node_does_not_matter(cluster, data, ghost):
    volume = cluster.claim(data)
    ghost(f"kubernetes.io/csi/{volume.driver}^{volume.handle}-other", f"kubernetes.io/csi/other^{volume.handle}")
    assert said(cluster, data)["node"].says == "detached"


def test_an_attachment_that_will_not_go_says_why(cluster, ground, data):
    """The driver's own words are what a person needs at that hour."""
    node, volume = one_node(ground.api), cluster.claim(data)
    path = "/apis/storage.k8s.io/v1/volumeattachments"
    name = f"zz-{ground.namespace}"
    spec = {"attacher": "nobody.example", "nodeName": node, "source": {"persistentVolumeName": volume.volume}}
    ground.api.create(path, {"metadata": {"name": name, "finalizers": ["example.org/stuck"]}, "spec": spec})
    try:
        assert said(cluster, data)["attachment"].detail == f"attaching to {node} ({name})"
        error = {"status": {"attached": True, "detachError": {"message": "target is busy"}}}
        ground.api.merge(f"{path}/{name}/status", error)
        ground.api.delete(f"{path}/{name}")
        told = said(cluster, data)["attachment"]
        assert (told.says, told.detail) == ("attached", f"detaching from {node} ({name}): target is busy")
    finally:
        ground.api.merge(f"{path}/{name}", {"metadata": {"finalizers": None}})


def test_a_claim_without_a_volume_is_attached_nowhere(cluster, ground):
    ground.make(claim("waiting", kind="csi-hostpath-wait"))
    ref = ClaimRef(ground.namespace, "waiting")
    assert cluster.claim(ref).phase == "Pending"
    assert [w.says for w in cluster.witnesses(ref)] == ["detached"] * 3


def test_of_a_sort_that_is_in_the_nodes_lists_by_names_that_nobody_here_knows_it_is_unknown(cluster):
    odd = VolumeObject(Meta("old"), VolumeSpec())  # such as an iSCSI target that was written down by hand
    shared = VolumeObject(Meta("shared"), VolumeSpec(nfs={"server": "nas", "path": "/x"}))
    assert by_nodes(cluster.api, odd, [], [], known=True).says == "unknown"
    assert by_nodes(cluster.api, shared, [], [], known=True).says == "detached"
