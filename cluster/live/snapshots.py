"""
Snapshots: a VolumeSnapshot with a class that is named, and the content behind it that keeps the data.

What is deleted in Kubernetes goes from the storage too, unless the content's policy is Retain. So ours are made with a
class that retains; where there is none, the content is told to as soon as it is there, before the snapshot is said to
be ready.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from cluster.api import ClaimRef, Snapshot
from cluster.errors import Conflict, Forbidden, NotFound, Refused
from cluster.kubernetes import Api, Listing
from cluster.live.objects import CORE, MANAGED, SNAPSHOTS, STORAGE, US, Bare, Meta, Object, below, pointer
from cluster.live.quantity import whole

log = logging.getLogger(__name__)

LAST = datetime.max.replace(tzinfo=UTC)
API_VERSION = "snapshot.storage.k8s.io/v1"
DEFAULT = "snapshot.storage.kubernetes.io/is-default-class"
NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")
NONE = "This cluster has no snapshots: it does not know VolumeSnapshot (snapshot.storage.k8s.io/v1)."


class Origin(Object):
    persistent_volume_claim_name: str = ""
    volume_snapshot_content_name: str = ""


class Wanted(Object):
    source: Origin
    volume_snapshot_class_name: str = ""


class Trouble(Object):
    message: str = ""


class State(Object):
    bound_volume_snapshot_content_name: str = ""
    ready_to_use: bool = False
    restore_size: str | int = 0
    creation_time: datetime | None = None
    error: Trouble | None = None


class SnapshotObject(Object):
    metadata: Meta
    spec: Wanted
    status: State | None = None

    @property
    def content(self) -> str:
        """The name of what is behind it, also before it is bound."""
        bound = self.status.bound_volume_snapshot_content_name if self.status else ""
        return bound or self.spec.source.volume_snapshot_content_name or f"snapcontent-{self.metadata.uid}"


class Back(Object):
    uid: str = ""


class Kept(Object):
    driver: str = ""
    deletion_policy: str = ""
    volume_snapshot_ref: Back = msgspec.field(default_factory=Back)


class Content(Object):
    metadata: Meta
    spec: Kept


class Class(Object):
    metadata: Meta
    driver: str
    deletion_policy: str


class ClaimSpec(Object):
    volume_name: str = ""
    storage_class_name: str = ""


class ClaimObject(Object):
    metadata: Meta
    spec: ClaimSpec


class Csi(Object):
    driver: str


class VolumeSpec(Object):
    csi: Csi | None = None


class Volume(Object):
    metadata: Meta
    spec: VolumeSpec


class StorageClass(Object):
    metadata: Meta
    provisioner: str


# --- Reading ---


def of(api: Api, claim: ClaimRef) -> tuple[Snapshot, ...]:
    """Those of the claim, oldest first. Raises NotFound without the claim, Refused where there are none at all."""
    api.get(below(CORE, "persistentvolumeclaims", claim.namespace, claim.name), ClaimObject)
    return tuple(s for s in every(api, claim.namespace).items if s.claim == claim.name)


def every(api: Api, namespace: str = "") -> Listing[Snapshot]:
    """Those of a namespace or of all, oldest first."""
    try:
        found = api.list(below(SNAPSHOTS, "volumesnapshots", namespace), SnapshotObject)
    except NotFound:
        raise Refused(NONE) from None
    contents: dict[str, Content] | str = {}
    if found.items:
        try:
            contents = {c.metadata.name: c for c in api.list(below(SNAPSHOTS, "volumesnapshotcontents"), Content).items}
        except Forbidden as e:
            contents = str(e)
    ordered = sorted(found.items, key=lambda s: (s.metadata.creation_timestamp or LAST, s.metadata.name))
    seen = (told(s, contents if isinstance(contents, str) else contents.get(s.content)) for s in ordered)
    return Listing(tuple(seen), found.unreadable)


def one(api: Api, namespace: str, name: str) -> Snapshot:
    """It, and if it is one of ours that its class would not keep, its content is told to from now on."""
    here = find(api, namespace, name)
    content = behind(api, here)
    if isinstance(content, Content) and lost(here, content):
        content = keep(api, here, content)
    return told(here, content)


def told(here: SnapshotObject, content: Content | str | None) -> Snapshot:
    """`content` as text is why it cannot be read: whether the snapshot is bound to it is then not known."""
    status, meta = here.status or State(), here.metadata
    bound = isinstance(content, Content) and content.spec.volume_snapshot_ref.uid == meta.uid
    kept = isinstance(content, Content) and bound and content.spec.deletion_policy == "Retain"
    error = status.error.message if status.error and not status.ready_to_use else ""
    if status.ready_to_use and not bound:
        error = content if isinstance(content, str) else "Its content is not bound back to it."
    return Snapshot(
        meta.namespace,
        meta.name,
        meta.uid,
        here.spec.source.persistent_volume_claim_name,
        ready=status.ready_to_use and bound and whole(status.restore_size) > 0 and meta.deletion_timestamp is None,
        size=whole(status.restore_size),
        taken=status.creation_time,
        error=error,
        kept=kept,
        labels=meta.labels,
    )


def find(api: Api, namespace: str, name: str) -> SnapshotObject:
    path = below(SNAPSHOTS, "volumesnapshots", namespace, name)
    try:
        return api.get(path, SnapshotObject)
    except NotFound as e:
        if f'"{name}"' in str(e):
            raise
        raise Refused(NONE) from e


def behind(api: Api, here: SnapshotObject) -> Content | str | None:
    try:
        return api.get(below(SNAPSHOTS, "volumesnapshotcontents", name=here.content), Content)
    except NotFound:
        return None
    except Forbidden as e:
        return str(e)


def ours(meta: Meta) -> bool:
    return meta.labels.get(MANAGED) == US


# --- Changing ---


def make(api: Api, claim: ClaimRef, name: str, labels: Mapping[str, str], *, dry: bool = False) -> None:
    """Ask for it, with a class of the claim's driver that keeps it where there is one."""
    if not NAME.fullmatch(name):
        raise Refused(f"{name!r} is no name for an object: lower case letters, digits, '-' and '.' only.")
    source = api.get(below(CORE, "persistentvolumeclaims", claim.namespace, claim.name), ClaimObject)
    if same(api, claim, name, labels):
        return
    body = {
        "apiVersion": API_VERSION,
        "kind": "VolumeSnapshot",
        "metadata": {"name": name, "namespace": claim.namespace, "labels": dict(labels)},
        "spec": {
            "volumeSnapshotClassName": chosen(api, driver(api, source)).metadata.name,
            "source": {"persistentVolumeClaimName": claim.name},
        },
    }
    try:
        api.create(below(SNAPSHOTS, "volumesnapshots", claim.namespace), body, dry=dry)
    except Conflict:
        if not same(api, claim, name, labels):
            raise


def same(api: Api, claim: ClaimRef, name: str, labels: Mapping[str, str]) -> bool:
    """Whether it was asked for before. Raises Conflict when the name is another's."""
    try:
        here = find(api, claim.namespace, name)
    except NotFound:
        return False
    asked = labels.items() <= here.metadata.labels.items()  # a policy may have added some
    if here.spec.source.persistent_volume_claim_name != claim.name or not asked:
        raise Conflict(f'volumesnapshots "{name}" already exists, and is another\'s')
    if here.metadata.deletion_timestamp is not None:
        raise Conflict(f'volumesnapshots "{name}" already exists, and is being deleted')
    return True


def driver(api: Api, claim: ClaimObject) -> str:
    """Who makes the claim's volume. Raises Refused for one that no CSI driver has made."""
    if claim.spec.volume_name:
        volume = api.get(below(CORE, "persistentvolumes", name=claim.spec.volume_name), Volume)
        if volume.spec.csi:
            return volume.spec.csi.driver
    elif claim.spec.storage_class_name:
        return api.get(below(STORAGE, "storageclasses", name=claim.spec.storage_class_name), StorageClass).provisioner
    raise Refused(f"The volume of {claim.metadata.namespace}/{claim.metadata.name} is of no CSI driver: no snapshots.")


def chosen(api: Api, of_driver: str) -> Class:
    """The class to name: one that keeps, the default one if there is a choice. Raises Refused where there is none."""
    try:
        found = api.list(below(SNAPSHOTS, "volumesnapshotclasses"), Class).items
    except NotFound:
        raise Refused(NONE) from None
    mine = [c for c in found if c.driver == of_driver]
    if not mine:
        raise Refused(f"This cluster has no VolumeSnapshotClass of the driver {of_driver}.")

    def rank(c: Class) -> tuple[bool, bool, str]:
        return c.deletion_policy != "Retain", c.metadata.annotations.get(DEFAULT) != "true", c.metadata.name

    return min(mine, key=rank)


def lacking(api: Api, claim: ClaimRef) -> Mapping[str, str]:
    """
    Why there are no snapshots of the claim, and that its driver has no object here. Such an object is often a sign that
    a driver is installed and not always: one that has a class is believed.
    """
    source = api.get(below(CORE, "persistentvolumeclaims", claim.namespace, claim.name), ClaimObject)
    told: dict[str, str] = {}
    try:
        mine = driver(api, source)
        if not known(api, mine):
            told["driver"] = f"This cluster has no CSIDriver {mine}: the driver may not be installed any more."
        chosen(api, mine)
    except Refused as e:
        told["snapshots"] = str(e)
    return told


def known(api: Api, of_driver: str) -> bool:
    """Also where the account may not see these objects: that says nothing against it."""
    try:
        api.get(below(STORAGE, "csidrivers", name=of_driver), Bare)
    except NotFound:
        return False
    except Forbidden:
        return True
    return True


def lost(here: SnapshotObject, content: Content) -> bool:
    """Whether deleting one of ours would delete its data, though nobody has deleted it."""
    alive = here.metadata.deletion_timestamp is None and content.metadata.deletion_timestamp is None
    bound = content.spec.volume_snapshot_ref.uid == here.metadata.uid
    return ours(here.metadata) and alive and bound and content.spec.deletion_policy != "Retain"


def keep(api: Api, here: SnapshotObject, content: Content) -> Content | str | None:
    """The content after it was told to stay. Where the account may not, the snapshot is simply not kept."""
    try:
        policy(api, here, content, "Retain")
    except (Forbidden, Refused) as e:
        log.warning("The snapshot %s/%s will not be kept: %s", here.metadata.namespace, here.metadata.name, e)
        return content
    return behind(api, here)


def policy(api: Api, here: SnapshotObject, content: Content, to: str, *, dry: bool = False) -> None:
    at = pointer("spec", "deletionPolicy")
    held = [
        {"op": "test", "path": pointer("spec", "volumeSnapshotRef", "uid"), "value": here.metadata.uid},
        {"op": "test", "path": at, "value": content.spec.deletion_policy},
    ]
    path = below(SNAPSHOTS, "volumesnapshotcontents", name=content.metadata.name)
    api.patch(path, [*held, {"op": "replace", "path": at, "value": to}], dry=dry)


def drop(api: Api, namespace: str, name: str, *, dry: bool = False) -> None:
    """
    Delete one of ours, and the data too: the content is told first no longer to stay. Where the account may not do
    that, nothing is deleted, for data that nothing leads to would stay on the storage for ever.
    """
    try:
        here = find(api, namespace, name)
    except NotFound:
        return
    if not ours(here.metadata):
        raise Refused(f"The snapshot {name} in {namespace} was not made by Aftermath.")
    if here.metadata.deletion_timestamp is None:
        let_go(api, here, dry=dry)
    try:
        api.delete(below(SNAPSHOTS, "volumesnapshots", namespace, name), uid=here.metadata.uid, dry=dry)
    except NotFound:
        return


def let_go(api: Api, here: SnapshotObject, *, dry: bool) -> None:
    content = behind(api, here)
    if isinstance(content, str):
        raise Forbidden(f"Its data would stay on the storage, for its content cannot be read: {content}")
    if content is None or content.spec.deletion_policy == "Delete":
        return
    if content.spec.volume_snapshot_ref.uid != here.metadata.uid:
        return
    try:
        policy(api, here, content, "Delete", dry=dry)
    except Forbidden as e:
        raise Forbidden(f"Its data would stay on the storage, for its content may not be changed: {e}") from e
