"""Claims, the volumes behind them, and where those are attached, as the API server has them."""

from __future__ import annotations

from typing import Any

import msgspec

from cluster.api import Claim, ClaimRef
from cluster.errors import Forbidden, NotFound, Refused
from cluster.kubernetes import Api
from cluster.live.objects import CORE, Condition, Meta, Object, below
from cluster.live.quantity import whole


class ClaimSpec(Object):
    volume_name: str = ""
    storage_class_name: str = ""


class ClaimStatus(Object):
    phase: str = "Pending"
    capacity: dict[str, str] = {}


class ClaimObject(Object):
    metadata: Meta
    spec: ClaimSpec = msgspec.field(default_factory=ClaimSpec)
    status: ClaimStatus = msgspec.field(default_factory=ClaimStatus)


class CSISource(Object):
    driver: str
    volume_handle: str
    fs_type: str = ""
    volume_attributes: dict[str, str] = {}


class VolumeSpec(Object):
    csi: CSISource | None = None
    persistent_volume_reclaim_policy: str = ""
    capacity: dict[str, str] = {}
    nfs: dict[str, Any] | None = None
    local: dict[str, Any] | None = None
    host_path: dict[str, Any] | None = None


class VolumeObject(Object):
    """A PersistentVolume."""

    metadata: Meta
    spec: VolumeSpec = msgspec.field(default_factory=VolumeSpec)


class AttachmentSource(Object):
    persistent_volume_name: str = ""


class AttachmentSpec(Object):
    attacher: str
    node_name: str
    source: AttachmentSource


class AttachmentError(Object):
    message: str = ""


class AttachmentStatus(Object):
    attached: bool = False
    attach_error: AttachmentError | None = None
    detach_error: AttachmentError | None = None


class Attachment(Object):
    """A VolumeAttachment."""

    metadata: Meta
    spec: AttachmentSpec
    status: AttachmentStatus = msgspec.field(default_factory=AttachmentStatus)


class AttachedVolume(Object):
    name: str


class NodeStatus(Object):
    conditions: list[Condition] = []
    volumes_in_use: list[str] = []
    volumes_attached: list[AttachedVolume] = []


class Node(Object):
    metadata: Meta
    status: NodeStatus = msgspec.field(default_factory=NodeStatus)


# --- As values ---


def claim_at(api: Api, ref: ClaimRef) -> ClaimObject:
    return api.get(below(CORE, "persistentvolumeclaims", ref.namespace, ref.name), ClaimObject)


def must_stay(here: ClaimObject) -> None:
    """Raises Refused for a claim that only the pods that use it keep from being gone."""
    if here.metadata.deletion_timestamp is not None:
        raise Refused(
            f"The claim {here.metadata.namespace}/{here.metadata.name} is being deleted: it goes as soon as no pod "
            "uses it, and its data too unless its volume's reclaim policy is Retain. Nothing may stop its pods before "
            "that is set."
        )


def volume_of(api: Api, here: ClaimObject) -> VolumeObject | None:
    """What is behind a claim; None while there is nothing. Raises Forbidden."""
    if not here.spec.volume_name:
        return None
    try:
        return api.get(below(CORE, "persistentvolumes", name=here.spec.volume_name), VolumeObject)
    except NotFound:
        return None


def claim(api: Api, ref: ClaimRef) -> Claim:
    here = claim_at(api, ref)
    try:
        return claim_value(here, volume_of(api, here))
    except Forbidden:
        return claim_value(here, None)


def claim_value(here: ClaimObject, volume: VolumeObject | None) -> Claim:
    """Nobody on the API knows how much of it is used. Without a volume its handle and its driver are empty."""
    behind = volume.spec if volume else VolumeSpec()
    return Claim(
        ClaimRef(here.metadata.namespace, here.metadata.name),
        here.metadata.uid,
        phase=next((p for p in ("Bound", "Lost") if p == here.status.phase), "Pending"),
        volume=here.spec.volume_name,
        handle=behind.csi.volume_handle if behind.csi else "",
        driver=driver(behind),
        capacity=whole(here.status.capacity.get("storage") or behind.capacity.get("storage", "0")),
        reclaim=next((p for p in ("Retain", "Delete") if p == behind.persistent_volume_reclaim_policy), ""),
        storage_class=here.spec.storage_class_name,
    )


def driver(volume: VolumeSpec) -> str:
    """The CSI driver; for a volume of another sort the sort's own word, where we know it."""
    if volume.csi:
        return volume.csi.driver
    return next((name for name in ("nfs", "local", "hostPath") if getattr(volume, PLAIN[name]) is not None), "")


PLAIN = {"nfs": "nfs", "local": "local", "hostPath": "host_path"}
