"""The templates that the cluster still has of a workload: a Deployment's ReplicaSets, others' ControllerRevisions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from cluster.api import Revision, WorkloadRef
from cluster.kubernetes import Api
from cluster.live.changing import dig
from cluster.live.objects import APPS, CORE, Meta, Object, below, path_of
from cluster.live.templates import security

NUMBER = "deployment.kubernetes.io/revision"
HASH = "controller-revision-hash"  # of a pod: the revision's name, or the end of it


class SetSpec(Object):
    template: dict[str, Any] = {}


class SetStatus(Object):
    replicas: int = 0
    ready_replicas: int = 0


class ReplicaSet(Object):
    metadata: Meta
    spec: SetSpec = msgspec.field(default_factory=SetSpec)
    status: SetStatus = msgspec.field(default_factory=SetStatus)


class ControllerRevision(Object):
    metadata: Meta
    revision: int = 0
    data: dict[str, Any] = {}


class PodCondition(Object):
    type: str
    status: str = ""


class PodStatus(Object):
    conditions: list[PodCondition] = []


class OwnedPod(Object):
    metadata: Meta
    status: PodStatus = msgspec.field(default_factory=PodStatus)

    @property
    def ready(self) -> bool:
        return any((c.type, c.status) == ("Ready", "True") for c in self.status.conditions)


def of(api: Api, ref: WorkloadRef) -> tuple[Revision, ...]:
    """Newest first; none for a kind that keeps none."""
    here = api.get(path_of(ref), dict[str, Any])
    match ref.kind:
        case "Deployment":
            found = [*of_deployment(api, ref, here)]
        case "StatefulSet" | "DaemonSet":
            found = [*of_others(api, ref, here)]
        case _:
            found = []
    return tuple(sorted(found, key=lambda revision: revision.number, reverse=True))


def is_owned(meta: Meta, here: Mapping[str, Any]) -> bool:
    return any(owner.uid == dig(here, "metadata", "uid") for owner in meta.owner_references)


def of_deployment(api: Api, ref: WorkloadRef, here: Mapping[str, Any]) -> Iterator[Revision]:
    newest = dig(here, "metadata", "annotations", NUMBER)
    seen = dig(here, "status", "observedGeneration") == dig(here, "metadata", "generation")
    for one in api.list(below(APPS, "replicasets", ref.namespace), ReplicaSet).items:
        number = one.metadata.annotations.get(NUMBER, "")
        if is_owned(one.metadata, here) and number.isdecimal():
            yield Revision(
                one.metadata.name,
                int(number),
                one.metadata.creation_timestamp,
                current=seen and number == newest,
                ready=one.status.ready_replicas > 0 if one.status.replicas else None,
                security=security(one.spec.template),
            )


def of_others(api: Api, ref: WorkloadRef, here: Mapping[str, Any]) -> Iterator[Revision]:
    listed = api.list(below(APPS, "controllerrevisions", ref.namespace), ControllerRevision).items
    mine = [one for one in listed if is_owned(one.metadata, here)]
    pods = api.list(below(CORE, "pods", ref.namespace), OwnedPod).items
    newest = max((one.revision for one in mine), default=0)
    seen = dig(here, "status", "observedGeneration") == dig(here, "metadata", "generation")
    for one in mine:
        made = [pod.ready for pod in pods if is_owned(pod.metadata, here) and is_of(pod, one)]
        yield Revision(
            one.metadata.name,
            one.revision,
            one.metadata.creation_timestamp,
            current=seen and one.revision == newest,
            ready=any(made) if made else None,
            security=security(dig(one.data, "spec", "template") or {}),
        )


def is_of(pod: OwnedPod, revision: ControllerRevision) -> bool:
    mark = pod.metadata.labels.get(HASH, "")
    return bool(mark) and (revision.metadata.name == mark or revision.metadata.name.endswith(f"-{mark}"))
