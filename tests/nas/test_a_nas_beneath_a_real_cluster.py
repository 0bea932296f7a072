"""The witnesses of a real Kubernetes about a volume of the Synology driver: the NAS is one of them."""

from __future__ import annotations

import itertools
import os

import pytest

from cluster.api import ClaimRef
from cluster.live.live import Live
from cluster.live.profile import Profile
from cluster.nas.connect import DRIVER
from tests.cluster.kit import CORE, IMAGE, Ground, connected

NAME = f"am-nas-{os.getpid()}"
NUMBERS = itertools.count()  # a volume's name is free again only a while after it was deleted


@pytest.fixture(scope="module")
def ground():
    here = Ground.made(connected(), NAME)
    yield here
    here.end()


@pytest.fixture
def bound(ground):
    """Binds a claim to a volume by hand, as it is when a cluster is rebuilt: there is no driver here that could."""
    made = []

    def bound(handle, **attributes):
        name = f"{NAME}-{next(NUMBERS)}"
        made.append(name)
        size = {"storage": "64Mi"}
        access = {"accessModes": ["ReadWriteOnce"], "storageClassName": ""}
        csi = {"driver": DRIVER, "volumeHandle": handle, "volumeAttributes": attributes}
        volume = {**access, "capacity": size, "csi": csi, "persistentVolumeReclaimPolicy": "Retain"}
        claim = {**access, "resources": {"requests": size}, "volumeName": name}
        for kind, path, spec in (
            ("PersistentVolume", f"{CORE}/persistentvolumes", volume),
            ("PersistentVolumeClaim", f"{CORE}/namespaces/{NAME}/persistentvolumeclaims", claim),
        ):
            ground.api.create(path, {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, "spec": spec})
        return ClaimRef(NAME, name)

    yield bound
    for name in made:
        ground.api.delete(f"{CORE}/namespaces/{NAME}/persistentvolumeclaims/{name}")
        ground.api.delete(f"{CORE}/persistentvolumes/{name}")


@pytest.fixture
def said(ground):
    def said(claim):
        return {witness.what: witness.says for witness in Live(ground.api, Profile(IMAGE)).witnesses(claim)}

    return said


FREE = {"pods": "detached", "attachment": "detached", "node": "detached"}


def test_the_nas_contradicts_a_cluster_that_has_forgotten(twin, configured, bound, said):
    lun = twin.lun()
    target = twin.target(lun, sessions=[{"iqn": "iqn.1993-08.org.debian:node-1", "ip": "10.0.0.1"}])
    claim = bound(lun.uuid, protocol="iscsi", dsm="10.0.0.2")
    assert said(claim) == FREE | {"storage": "attached"}
    target["connected_sessions"] = []
    assert said(claim) == FREE | {"storage": "detached"}
    twin.cut.append("list")
    assert said(claim) == FREE | {"storage": "unknown"}


def test_a_share_of_the_same_driver_has_the_other_witnesses(twin, configured, bound, said):
    assert said(bound("share", protocol="smb")) == FREE
    assert twin.asked == []


def test_without_a_nas_nothing_is_different(settings, bound, said):
    settings.NAS_URL = settings.NAS_USER = settings.NAS_PASSWORD = settings.NAS_CERTIFICATE = ""
    assert said(bound("lun")) == FREE
