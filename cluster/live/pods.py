"""Pods as our values: their containers, their claims, and who made them at the top."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime

from cluster.api import ClaimRef, Container, Pod, WorkloadRef
from cluster.errors import Forbidden, NotFound
from cluster.hardening import curbed
from cluster.kubernetes import Api
from cluster.live.objects import (
    CORE,
    Bare,
    ContainerSpec,
    ContainerState,
    ContainerStatus,
    Meta,
    Owner,
    PodObject,
    PodSpec,
    below,
    path_of,
    paths_of,
)

ENDED = ("Succeeded", "Failed")
NOT_ENDED = ",".join(f"status.phase!={phase}" for phase in ENDED)  # a fieldSelector
HASH = "pod-template-hash"
BETWEEN = {"ReplicaSet": "Deployment", "Job": "CronJob"}  # who may stand above whom


def pod_value(here: PodObject, top: WorkloadRef) -> Pod:
    meta, status = here.metadata, here.status
    deleting = meta.deletion_timestamp is not None
    ready = any(c.type == "Ready" and c.status == "True" for c in status.conditions)
    return Pod(
        meta.namespace,
        meta.name,
        meta.uid,
        here.spec.node_name,
        phase=next((p for p in ("Pending", "Running", "Succeeded", "Failed") if p == status.phase), "Unknown"),
        ready=ready and not deleting,
        workload=top,
        claims=claims_of(here.spec, meta.name),
        containers=tuple(containers(here)),
        created=meta.creation_timestamp,
        started=status.start_time,
        deleting=deleting,
    )


def claims_of(spec: PodSpec, pod: str) -> tuple[str, ...]:
    """The claims that a pod of this name mounts, those that were made for it alone too."""
    named = (v.persistent_volume_claim.claim_name for v in spec.volumes if v.persistent_volume_claim)
    own = (f"{pod}-{v.name}" for v in spec.volumes if v.ephemeral is not None)
    return tuple(dict.fromkeys([*named, *own]))


def containers(here: PodObject) -> Iterable[Container]:
    """The application's own first. One without a status, as before the kubelet has seen the pod, waits."""
    statuses = {s.name: s for s in [*here.status.init_container_statuses, *here.status.container_statuses]}
    for init, specs in ((False, here.spec.containers), (True, here.spec.init_containers)):
        for spec in specs:
            told = container_value(spec, statuses.get(spec.name) or ContainerStatus(spec.name), init=init)
            yield replace(told, curbed=curbed(here.spec.security_context or {}, spec.security_context or {}))


def container_value(spec: ContainerSpec, status: ContainerStatus, *, init: bool) -> Container:
    now, last = status.state, status.last_state.terminated
    word = now.terminated or now.waiting
    return Container(
        spec.name,
        "running" if now.running else "terminated" if now.terminated else "waiting",
        image=spec.image,
        command=(*spec.command, *spec.args),
        ready=status.ready,
        restarts=status.restart_count,
        reason=word.reason if word else "",
        message=word.message if word else "",
        exit_code=now.terminated.exit_code if now.terminated else None,
        last_exit_code=last.exit_code if last else None,
        last_finished=last.finished_at if last else None,
        started=began(now),
        init=init,
    )


def images(api: Api, namespace: str) -> Mapping[str, str]:
    """By name, the digest of each image that a node has run here; an image that was brought by hand has none."""
    found = {}
    for here in api.list(below(CORE, "pods", namespace), PodObject).items:
        ids = {s.name: s.image_id for s in [*here.status.init_container_statuses, *here.status.container_statuses]}
        for spec in [*here.spec.init_containers, *here.spec.containers]:
            reference = ids.get(spec.name, "").rpartition("://")[2]  # docker-pullable://
            if "@sha256:" in reference:
                found[spec.image] = reference
    return found


def began(state: ContainerState) -> datetime | None:
    return state.running.started_at if state.running else None


def has_ended(here: PodObject) -> bool:
    return here.status.phase in ENDED


def is_using(here: PodObject) -> bool:
    """A pod that has ended holds nothing any more. One that is going does, until its node has let all of it go."""
    return not has_ended(here) or here.metadata.deletion_timestamp is not None


def at_work(api: Api, claim: ClaimRef) -> list[PodObject]:
    """The pods that mount the claim and have not ended. Raises Refused when there are pods that make no sense."""
    found = api.list(below(CORE, "pods", claim.namespace), PodObject).whole("Pod")
    return [here for here in found if claim.name in claims_of(here.spec, here.metadata.name) and not has_ended(here)]


# --- Who made it ---


def controller(meta: Meta) -> Owner | None:
    return next((o for o in meta.owner_references if o.controller), None)


Read = Callable[[WorkloadRef], Meta | None]


class Owners:
    """
    Who is at the top of each pod. `known` are the workloads that are there for certain: with them the name of what
    stands between, which its controller makes from theirs, is enough. Otherwise `read` is asked for its owner.
    """

    def __init__(self, read: Read, known: Collection[WorkloadRef] = ()) -> None:
        self.read, self.known = read, known
        self.found: dict[WorkloadRef, WorkloadRef] = {}

    def top(self, meta: Meta) -> WorkloadRef:
        owner = controller(meta)
        if owner is None or owner.kind == "Node":  # a node's own pods are bare ones
            return WorkloadRef(meta.namespace, "Pod", meta.name)
        direct = WorkloadRef(meta.namespace, owner.kind, owner.name)
        if owner.kind not in BETWEEN:
            return direct
        if direct not in self.found:
            self.found[direct] = self.above(direct, meta.labels.get(HASH, ""))
        return self.found[direct]

    def above(self, direct: WorkloadRef, mark: str) -> WorkloadRef:
        guess = WorkloadRef(direct.namespace, BETWEEN[direct.kind], stem(direct, mark))
        if guess in self.known:
            return guess
        try:
            meta = self.read(direct)
        except Forbidden:
            meta = None
        if meta is None:  # it is not to be read, or was deleted and its pods are still going
            return guess if guess.name else direct
        owner = controller(meta)
        return WorkloadRef(direct.namespace, owner.kind, owner.name) if owner else direct


def stem(direct: WorkloadRef, mark: str) -> str:
    """The name of who is above, if the name has the form that its controller gives: NAME-HASH, or NAME-MINUTES."""
    name, _, end = direct.name.rpartition("-")
    made = end == mark if direct.kind == "ReplicaSet" else len(end) >= 8 and end.isdecimal()
    return name if end and made else ""


def one_by_one(api: Api) -> Read:
    def read(ref: WorkloadRef) -> Meta | None:
        try:
            return api.get(path_of(ref), Bare).metadata
        except NotFound:
            return None

    return read


def all_at_once(api: Api) -> Read:
    """For a look at everything: each kind is listed when first asked for."""
    listed: dict[str, dict[tuple[str, str], Meta]] = {}

    def read(ref: WorkloadRef) -> Meta | None:
        if ref.kind not in listed:
            found = api.list(paths_of(ref.kind), Bare).items
            listed[ref.kind] = {(o.metadata.namespace, o.metadata.name): o.metadata for o in found}
        return listed[ref.kind].get((ref.namespace, ref.name))

    return read
