"""
Replicas: set by the subresource `scale`, so that the account needs no right to change a pod template; and what they
were since, which the API server remembers for some minutes.
"""

from __future__ import annotations

import msgspec

from cluster.api import ClaimRef, WorkloadRef
from cluster.errors import Conflict, Forbidden, NotFound, Refused
from cluster.kubernetes import Api, Gone
from cluster.live import workloads
from cluster.live.objects import Controller, Meta, Object, path_of, paths_of
from cluster.live.storage import claim_at, must_stay

SCALABLE = ("Deployment", "StatefulSet", "ReplicaSet")
FURTHEST = 300  # versions of an object that are read back


class ScaleSpec(Object):
    replicas: int = 0


class Scale(Object):
    metadata: Meta
    spec: ScaleSpec


class Retention(Object):
    when_scaled: str = "Retain"


class SetSpec(Object):
    persistent_volume_claim_retention_policy: Retention = msgspec.field(default_factory=Retention)


class Set(Object):
    """A StatefulSet, by what becomes of the claims that it made."""

    metadata: Meta
    spec: SetSpec = msgspec.field(default_factory=SetSpec)

    @property
    def deletes(self) -> bool:
        return self.spec.persistent_volume_claim_retention_policy.when_scaled == "Delete"


def scale(api: Api, ref: WorkloadRef, was: int, to: int, *, dry: bool = False) -> None:
    """
    Set the replicas of the very object that is read now. Conflict when they are neither, or change meanwhile. Refused
    where the claims of the pods that go, and so their data, would be deleted with them.
    """
    if to < 0:
        raise Refused(f"{to} replicas cannot be: must be 0 or more.")
    must_scale(ref)
    path = f"{path_of(ref)}/scale"
    here = api.get(path, Scale)
    now = here.spec.replicas
    if now == to:
        return
    if now != was:
        raise Conflict(f"{ref} has {now} replicas, neither {was} nor {to}.")
    if to < now:
        must_keep_claims(api, ref)
    try:
        api.patch(path, asked(here, to), dry=dry)
    except Conflict as e:
        if (now := api.get(path, Scale).spec.replicas) != to:
            raise Conflict(f"{ref} was changed by somebody else just now, and has {now} replicas: {e}") from e


def must_keep_claims(api: Api, ref: WorkloadRef) -> None:
    if ref.kind == "StatefulSet" and api.get(path_of(ref), Set).deletes:
        raise Refused(
            f"{ref} deletes the claims of the pods that go, with all their data, when it is scaled down: its "
            "persistentVolumeClaimRetentionPolicy.whenScaled is Delete. Set that to Retain first."
        )
    try:
        claims = workloads.one(api, ref).value().claims
    except Forbidden:
        return  # whoever may scale and not read has looked with another account
    for name in claims:
        try:
            must_stay(claim_at(api, ClaimRef(ref.namespace, name)))
        except (NotFound, Forbidden):
            continue


def must_scale(ref: WorkloadRef) -> None:
    if ref.kind not in SCALABLE:
        raise Refused(f"A {ref.kind} such as {ref} has no replicas.")


def asked(here: Scale, to: int) -> list[dict[str, object]]:
    """A JSON patch. An API server leaves out replicas of 0: so the whole of `spec` is held, which has nothing else."""
    now = {"replicas": here.spec.replicas} if here.spec.replicas else {}
    return [
        {"op": "test", "path": "/metadata/uid", "value": here.metadata.uid},
        {"op": "test", "path": "/spec", "value": now},
        {"op": "add", "path": "/spec/replicas", "value": to},
    ]


# --- What they were ---


def since(api: Api, ref: WorkloadRef, version: str) -> tuple[int, ...]:
    """
    A version is the object's generation, which counts the changes of its spec: as long as it is the same, nobody has
    touched the replicas, not even for a moment. When it has moved on, each state that the object was in between is
    read back, the newest first. (An object made anew counts from 1 again: that it is the same one, its uid tells.)
    """
    must_scale(ref)
    now = api.get(path_of(ref), Controller)
    if not version.isdecimal() or int(version) > now.metadata.generation:
        raise forgotten(ref, version)
    later, given = now, list[int]()
    for _ in range(FURTHEST):
        if later.metadata.generation <= int(version):
            return tuple(reversed(given))
        earlier = before(api, ref, later)
        if earlier is None or earlier.metadata.uid != now.metadata.uid:
            break
        if replicas(earlier) != replicas(later):
            given.append(replicas(later))
        later = earlier
    raise forgotten(ref, version)


def before(api: Api, ref: WorkloadRef, here: Controller) -> Controller | None:
    """
    The object as it was before its last change. All objects of an API server share one count of changes, and it
    answers for any number of it that it has not yet thrown away (five minutes, by default).
    """
    if not here.metadata.resource_version.isdecimal():
        return None
    at = {"resourceVersion": str(int(here.metadata.resource_version) - 1), "resourceVersionMatch": "Exact"}
    where = {"fieldSelector": f"metadata.name={ref.name}"}
    try:
        found = api.pages(paths_of(ref.kind, ref.namespace), Controller, {**at, **where}).items
    except Gone:
        return None
    return found[0] if found else None


def replicas(here: Controller) -> int:
    return 1 if here.spec.replicas is None else here.spec.replicas


def forgotten(ref: WorkloadRef, version: str) -> Conflict:
    return Conflict(f"What became of {ref} since its version {version} is no longer known.")
