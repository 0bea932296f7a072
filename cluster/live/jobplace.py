"""Where a job finds its files: the claim, what else it reads, and the node that holds them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from cluster.api import ClaimRef, JobSpec
from cluster.errors import Forbidden, NotFound, Refused
from cluster.kubernetes import Api
from cluster.live import snapshots
from cluster.live.jobpod import mounts_claim
from cluster.live.objects import CORE, STORAGE, Meta, Object, below
from cluster.live.pods import at_work

ONCE, ONE_POD = "ReadWriteOnce", "ReadWriteOncePod"


class ClaimSpec(Object):
    access_modes: list[str] = []
    storage_class_name: str = ""
    volume_mode: str = "Filesystem"


class ClaimState(Object):
    phase: str = ""


class ClaimObject(Object):
    metadata: Meta
    spec: ClaimSpec
    status: ClaimState | None = None


class StorageClass(Object):
    metadata: Meta
    provisioner: str = ""
    parameters: dict[str, str] = {}
    mount_options: list[str] = []
    reclaim_policy: str = "Delete"
    volume_binding_mode: str = "Immediate"


@dataclass(frozen=True)
class Place:
    """`node` is the one to run on, empty where any will do; `like` and `size` are the clone's, of a snapshot."""

    node: str = ""
    like: dict[str, Any] = field(default_factory=dict)
    size: str = ""


def look(api: Api, job: JobSpec, *, dry: bool = False) -> Place:
    """
    Raises NotFound for what is not there, Refused for what cannot be mounted as things are. `dry`: it is asked long
    before the job is to run, when pods that use the claim now may be gone; then they are no reason against it.
    """
    claim = find(api, job.claim)
    mounted = [claim] if mounts_claim(job) else []
    if job.source:
        mounted.append(find(api, ClaimRef(job.claim.namespace, job.source)))
    node = one_node(api, mounted) if mounted and not dry else ""
    if not job.snapshot:
        return Place(node)
    like, size = cloned(api, job, claim)
    return Place(node, like, size)


def find(api: Api, ref: ClaimRef) -> ClaimObject:
    here = api.get(below(CORE, "persistentvolumeclaims", ref.namespace, ref.name), ClaimObject)
    if here.spec.volume_mode != "Filesystem":
        raise Refused(f"The claim {ref} is a raw device and has no files.")
    if here.status and here.status.phase == "Lost":
        raise Refused(f"The claim {ref} has lost its volume.")
    if here.metadata.deletion_timestamp is not None:
        raise Refused(f"The claim {ref} is being deleted: no new pod may mount it.")
    return here


def one_node(api: Api, claims: Iterable[ClaimObject]) -> str:
    """The node where claims that only one node may have are in use now."""
    namespace, nodes = "", set()
    for claim in claims:
        namespace = claim.metadata.namespace
        users = at_work(api, ClaimRef(namespace, claim.metadata.name))
        if ONE_POD in claim.spec.access_modes and users:
            raise Refused(
                f"The claim {namespace}/{claim.metadata.name} may be used by one pod only (ReadWriteOncePod), and "
                f"{users[0].metadata.name} uses it: scale its workload to 0 first."
            )
        if claim.spec.access_modes == [ONCE]:
            nodes |= {user.spec.node_name for user in users if user.spec.node_name}
    if len(nodes) > 1:
        raise Refused(f"The claims are in use on several nodes, {' and '.join(sorted(nodes))}: no pod can have all.")
    return nodes.pop() if nodes else ""


def cloned(api: Api, job: JobSpec, claim: ClaimObject) -> tuple[dict[str, Any], str]:
    """How the claim made from the snapshot must be: like the one that the snapshot is of, and of its very size."""
    snapshot = snapshots.find(api, job.claim.namespace, job.snapshot)
    if not snapshots.told(snapshot, snapshots.behind(api, snapshot)).ready:
        raise Refused(f"The snapshot {job.snapshot} is not ready to use.")
    like = claim
    if (name := snapshot.spec.source.persistent_volume_claim_name) not in ("", job.claim.name):
        try:
            like = api.get(below(CORE, "persistentvolumeclaims", job.claim.namespace, name), ClaimObject)
        except NotFound:  # its claim is gone: as the one that the files are for
            like = claim
    modes = [ONCE if mode == ONE_POD else mode for mode in like.spec.access_modes]
    assert snapshot.status is not None
    size = str(snapshot.status.restore_size)
    made = class_of_clone(api, like.spec.storage_class_name, ClaimRef(job.claim.namespace, like.metadata.name))
    return {"storageClassName": made, "accessModes": modes}, size


def class_of_clone(api: Api, name: str, claim: ClaimRef) -> str:
    """
    The claim's own class, or one that differs only in that it lets a volume go with its claim: a copy that is read
    once must not stay on the storage for ever. Raises Refused where no class could make one.
    """
    try:
        found = api.list(below(STORAGE, "storageclasses"), StorageClass).items
    except Forbidden:
        return name  # that of the claim, whatever it says
    here = next((each for each in found if each.metadata.name == name), None)
    if here is None:
        why = f"its StorageClass {name} is not there" if name else "it has no StorageClass"
        raise Refused(f"No copy of the snapshot can be made like the claim {claim}: {why}.")
    if here.reclaim_policy == "Delete":
        return name
    alike = sorted(each.metadata.name for each in found if each.reclaim_policy == "Delete" and made_alike(each, here))
    return alike[0] if alike else name


def made_alike(one: StorageClass, other: StorageClass) -> bool:
    def how(each: StorageClass) -> tuple[object, ...]:
        return each.provisioner, each.parameters, each.mount_options, each.volume_binding_mode

    return how(one) == how(other)
