"""
Volumes whose claim is gone, and claims made of them again. Such a volume is often the only copy of what it holds: it
is kept before anything else happens to it, and nothing here ever deletes one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from cluster.api import ClaimRef, Released
from cluster.errors import Conflict, NotFound, Refused
from cluster.kubernetes import Api
from cluster.live.changing import Operations, Raw, annotate, dig, put, settle, tested
from cluster.live.objects import CORE, Meta, Object, below
from cluster.live.pods import at_work
from cluster.live.quantity import whole

REBOUND = "aftermath.dev/rebound-from"  # of a volume: the claim that it had
KEEP = ("spec", "persistentVolumeReclaimPolicy")
CLAIM = ("spec", "claimRef")


class Bound(Object):
    namespace: str = ""
    name: str = ""
    uid: str = ""


class Source(Object):
    driver: str = ""
    volume_handle: str = ""


class VolumeSpec(Object):
    claim_ref: Bound | None = None
    csi: Source | None = None
    capacity: dict[str, str] = {}
    access_modes: list[str] = []
    volume_mode: str = ""
    storage_class_name: str = ""
    volume_attributes_class_name: str = ""
    persistent_volume_reclaim_policy: str = ""


class VolumeStatus(Object):
    phase: str = ""


class Volume(Object):
    metadata: Meta
    spec: VolumeSpec = msgspec.field(default_factory=VolumeSpec)
    status: VolumeStatus = msgspec.field(default_factory=VolumeStatus)


class ClaimSpec(Object):
    volume_name: str = ""


class Claim(Object):
    metadata: Meta
    spec: ClaimSpec = msgspec.field(default_factory=ClaimSpec)


def every(api: Api) -> tuple[Released, ...]:
    found = (value(one) for one in api.list(below(CORE, "persistentvolumes"), Volume).items if is_released(one))
    return tuple(sorted(found, key=lambda one: one.volume))


def is_released(here: Volume) -> bool:
    """Also one that waits for a claim that we meant to make of it. One that is being deleted can no longer be had."""
    if here.metadata.deletion_timestamp or not here.spec.claim_ref:
        return False
    ours = REBOUND in here.metadata.annotations and not here.spec.claim_ref.uid
    return here.status.phase == "Released" or (here.status.phase == "Available" and ours)


def value(here: Volume) -> Released:
    spec, was = here.spec, here.spec.claim_ref or Bound()
    csi = spec.csi or Source()
    return Released(
        here.metadata.name,
        here.metadata.uid,
        ClaimRef(was.namespace, was.name),
        csi.volume_handle,
        csi.driver,
        whole(spec.capacity.get("storage", "0")),
        reclaim="Retain" if spec.persistent_volume_reclaim_policy == "Retain" else "Delete",
        storage_class=spec.storage_class_name,
    )


# --- To a claim ---


def rebind(api: Api, volume: Released, to: ClaimRef, labels: Mapping[str, str], *, dry: bool = False) -> None:
    """
    The claim is asked for dry first: a quota or a policy says no before the volume is touched. Then the volume is kept
    and told whose it is; then the claim is made.
    """
    path = below(CORE, "persistentvolumes", name=volume.volume)
    here = of_that_name(api, volume)
    claims, body = below(CORE, "persistentvolumeclaims", to.namespace), claim_body(here, to, labels)
    claim = ours(api, to, volume, labels)
    if claim is None:
        api.create(claims, body, dry=True)
    settle(api, path, handing(volume, to, claim), dry=dry)
    if claim is None and not dry:
        try:
            api.create(claims, body)
        except Conflict:
            ours(api, to, volume, labels)  # made meanwhile: by an asking whose answer was lost, or by somebody else


def of_that_name(api: Api, volume: Released) -> Volume:
    try:
        return api.get(below(CORE, "persistentvolumes", name=volume.volume), Volume)
    except NotFound as e:
        raise Conflict(f"The volume {volume} is no longer there: {e}") from e


def ours(api: Api, to: ClaimRef, volume: Released, labels: Mapping[str, str]) -> Claim | None:
    """The claim if it is there. Raises Conflict when it is another's."""
    claim = claim_named(api, to)
    if claim is None:
        return None
    if claim.spec.volume_name != volume.volume or not carries(claim, labels):
        raise Conflict(f'persistentvolumeclaims "{to.name}" already exists, and is another\'s')
    if claim.metadata.deletion_timestamp:
        raise Conflict(f"The claim {to} is being deleted.")
    return claim


def claim_named(api: Api, ref: ClaimRef) -> Claim | None:
    try:
        return api.get(below(CORE, "persistentvolumeclaims", ref.namespace, ref.name), Claim)
    except NotFound:
        return None


def carries(claim: Claim, labels: Mapping[str, str]) -> bool:
    return bool(labels) and labels.items() <= claim.metadata.labels.items()


def handing(volume: Released, to: ClaimRef, claim: Claim | None) -> Callable[[Raw], Operations]:
    """Keep the volume, and reserve it for the claim of that name, which has no uid yet unless it is there already."""

    def plan(here: Raw) -> Operations:
        if dig(here, "metadata", "uid") != volume.uid:
            raise Conflict(f"The volume {volume} is another one of the same name.")
        keep = put(here, KEEP, "Retain")
        bound = dig(here, *CLAIM) or {}
        whose, uid = ClaimRef(bound.get("namespace", ""), bound.get("name", "")), bound.get("uid", "")
        if whose == to and (not uid or (claim and claim.metadata.uid == uid)):
            return keep
        free = dig(here, "status", "phase") == "Released" or not uid
        if whose not in (volume.was, to) or not free:
            raise Conflict(f"The volume {volume} is no longer released: it is of {whose}.")
        reserved = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": to.namespace, "name": to.name}
        note = {} if dig(here, "metadata", "annotations", REBOUND) else {REBOUND: str(volume.was)}
        return [*keep, tested(here, *CLAIM), {"op": "replace", "path": "/spec/claimRef", "value": reserved},
                *annotate(here, note)]  # fmt: skip

    return plan


def claim_body(volume: Volume, to: ClaimRef, labels: Mapping[str, str]) -> dict[str, Any]:
    spec = volume.spec
    attributes = {"volumeAttributesClassName": name} if (name := spec.volume_attributes_class_name) else {}
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": to.name, "namespace": to.namespace, "labels": dict(labels)},
        "spec": {
            "volumeName": volume.metadata.name,
            "storageClassName": spec.storage_class_name,
            "volumeMode": spec.volume_mode or "Filesystem",
            "accessModes": spec.access_modes,
            "resources": {"requests": {"storage": spec.capacity.get("storage", "0")}},
            **attributes,
        },
    }


# --- And back ---


def release(api: Api, ref: ClaimRef, labels: Mapping[str, str], *, dry: bool = False) -> None:
    """Its volume is kept first, whoever changed that meanwhile. Conflict while a pod still uses the claim."""
    claim = claim_named(api, ref)
    if claim is None or claim.metadata.deletion_timestamp:
        return
    if not carries(claim, labels):
        raise Refused(f"The claim {ref} was not made by this run.")
    if users := at_work(api, ref):
        raise Conflict(f"{ref} is still used by {', '.join(f'{ref.namespace}/{u.metadata.name}' for u in users)}.")
    if name := claim.spec.volume_name:
        settle(api, below(CORE, "persistentvolumes", name=name), lambda here: put(here, KEEP, "Retain"), dry=dry)
    try:
        path = below(CORE, "persistentvolumeclaims", ref.namespace, ref.name)
        api.delete(path, uid=claim.metadata.uid, dry=dry)
    except NotFound:
        return
