"""What makes pods, whatever its kind, as our values: what it mounts, and which of its containers are copying."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from cluster.api import ClaimRef, Workload, WorkloadRef
from cluster.errors import Forbidden
from cluster.kubernetes import Api
from cluster.live.copying import is_sync, said
from cluster.live.objects import CORE, Bare, ContainerSpec, Controller, PodObject, PodTemplate, below, path_of, paths_of
from cluster.live.pods import ENDED, claims_of, controller

LASTING = ("Deployment", "StatefulSet", "DaemonSet")
KINDS = (*LASTING, "CronJob")
MOVED = ("ReplicationSource", "ReplicationDestination")  # whose pods VolSync makes
NOISE = "kubectl.kubernetes.io/last-applied-configuration"
NUMBERED = re.compile(r"(.+)-(\d+)")


class Numbered:
    """The claims of a namespace, or of all, that end in a number, as a StatefulSet makes one for each of its pods."""

    def __init__(self, claims: Iterable[ClaimRef]) -> None:
        self.found: dict[tuple[str, str], list[int]] = {}
        for claim in claims:
            if match := NUMBERED.fullmatch(claim.name):
                self.found.setdefault((claim.namespace, match[1]), []).append(int(match[2]))

    def of(self, namespace: str, stem: str) -> tuple[str, ...]:
        return tuple(f"{stem}-{number}" for number in sorted(self.found.get((namespace, stem), ())))


@dataclass(frozen=True)
class Made:
    """A workload. `claims` has for each volume of its pods the claims that stand behind it."""

    ref: WorkloadRef
    object: Controller
    claims: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def template(self) -> PodTemplate:
        return self.object.template

    @property
    def replicas(self) -> int:
        spec, status = self.object.spec, self.object.status
        match self.ref.kind:
            case "DaemonSet":
                return status.desired_number_scheduled
            case "CronJob" | "ReplicationSource" | "ReplicationDestination":
                return 0
            case "Job":
                return 0 if over(self.object) else given(spec.parallelism)
            case _:
                return given(spec.replicas)

    @property
    def word(self) -> str:
        """What is said of it as a sync, by people."""
        meta, pods = self.object.metadata, self.template.metadata
        return said(meta.annotations, meta.labels, pods.annotations, pods.labels)

    @property
    def syncs(self) -> tuple[ContainerSpec, ...]:
        """
        Its containers that copy files by themselves, as long as they run: an init container copies once and ends,
        unless it is a native sidecar.
        """
        return tuple(c for c in self.running if is_sync(c, self.word))

    @property
    def running(self) -> tuple[ContainerSpec, ...]:
        spec = self.template.spec
        return (*spec.containers, *(c for c in spec.init_containers if c.restart_policy == "Always"))

    @property
    def others(self) -> tuple[ContainerSpec, ...]:
        """Its containers that are no syncs, also those that end before the others start."""
        copying = {c.name for c in self.syncs}
        spec = self.template.spec
        return tuple(c for c in (*spec.containers, *spec.init_containers) if c.name not in copying)

    def mounted(self, container: ContainerSpec) -> tuple[str, ...]:
        """The claims that a container has."""
        names = [m.name for m in (*container.volume_mounts, *container.volume_devices)]
        return tuple(dict.fromkeys(claim for name in names for claim in self.claims.get(name, ())))

    def owns(self, claim: str) -> bool:
        """Whether it works with the claim's files, rather than copy them away, as what VolSync has made does."""
        above = controller(self.object.metadata)
        moved = above is not None and above.kind in MOVED
        return not moved and any(claim in self.mounted(c) for c in self.others)

    def value(self) -> Workload:
        meta, status = self.object.metadata, self.object.status
        return Workload(
            self.ref,
            meta.uid,
            str(meta.generation),
            self.replicas,
            status.number_ready if self.ref.kind == "DaemonSet" else status.ready_replicas or status.ready,
            tuple(dict.fromkeys(claim for names in self.claims.values() for claim in names)),
            {key: text for key, text in meta.annotations.items() if key != NOISE},
        )


def given(number: int | None) -> int:
    return 1 if number is None else number


def over(job: Controller) -> bool:
    """Whether a Job has ended, well or not."""
    return any(c.type in ("Complete", "Failed") and c.status == "True" for c in job.status.conditions)


def made(kind: str, here: Controller, numbered: Numbered) -> Made:
    meta = here.metadata
    ref = WorkloadRef(meta.namespace, kind, meta.name)
    volumes = here.template.spec.volumes
    claims: dict[str, tuple[str, ...]] = {
        v.name: (v.persistent_volume_claim.claim_name,) for v in volumes if v.persistent_volume_claim
    }
    for template in here.spec.volume_claim_templates:
        stem = f"{template.metadata.name}-{meta.name}"
        claims[template.metadata.name] = numbered.of(meta.namespace, stem)
    return Made(ref, here, claims)


def one(api: Api, ref: WorkloadRef) -> Made:
    """Raises NotFound, and Refused for a kind that is none of ours."""
    if ref.kind == "Pod":
        return bare(ref, api.get(path_of(ref), PodObject))
    here = api.get(path_of(ref), Controller)
    return made(ref.kind, here, numbered_in(api, ref.namespace, [here]))


def bare(ref: WorkloadRef, pod: PodObject) -> Made:
    """A pod that nobody made is one replica of itself, until it has ended."""
    ended = pod.status.phase in ENDED
    here = Controller(pod.metadata)
    here.spec.replicas = 0 if ended else 1
    here.spec.template = PodTemplate(spec=pod.spec)
    ready = any(c.type == "Ready" and c.status == "True" for c in pod.status.conditions)
    here.status.ready_replicas = int(ready)
    return Made(ref, here, {name: (name,) for name in claims_of(pod.spec, ref.name)})


def in_namespace(api: Api, namespace: str) -> tuple[Made, ...]:
    """All that make pods again and again. Raises Forbidden if a kind may not be read: the one sought may be there."""
    found = {kind: api.list(paths_of(kind, namespace), Controller).whole(kind) for kind in KINDS}
    numbered = numbered_in(api, namespace, found["StatefulSet"])
    return tuple(made(kind, here, numbered) for kind, objects in found.items() for here in objects)


def numbered_in(api: Api, namespace: str, sets: Sequence[Controller]) -> Numbered:
    """The claims that StatefulSets made are found by their names, for their pods may all be gone."""
    if not any(here.spec.volume_claim_templates for here in sets):
        return Numbered(())
    try:
        listed = api.list(below(CORE, "persistentvolumeclaims", namespace), Bare).items
        return Numbered(ClaimRef(namespace, o.metadata.name) for o in listed)
    except Forbidden:
        return Numbered(expected(sets))


def expected(sets: Sequence[Controller]) -> Iterable[ClaimRef]:
    for here in sets:
        for template in here.spec.volume_claim_templates:
            for number in range(max(1, given(here.spec.replicas))):
                name = f"{template.metadata.name}-{here.metadata.name}-{number}"
                yield ClaimRef(here.metadata.namespace, name)
