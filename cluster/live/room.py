"""Where a workload's pod would find a place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from cluster.api import ClaimRef, Room, WorkloadRef
from cluster.errors import Forbidden, NotFound
from cluster.kubernetes import Api
from cluster.live.changing import dig
from cluster.live.demand import Pod, PodSpec, needs, short
from cluster.live.objects import CORE, STORAGE, Meta, Object, below, path_of
from cluster.live.selecting import NodeAffinity, Selector, Taint
from cluster.live.templates import way

UNKNOWN = "unknown: "
RUNNING = "status.phase!=Succeeded,status.phase!=Failed"
CORDONED = Taint("node.kubernetes.io/unschedulable", "NoSchedule")


class NodeSpec(Object):
    unschedulable: bool = False
    taints: list[Taint] = []


class Condition(Object):
    type: str
    status: str = ""


class NodeStatus(Object):
    allocatable: dict[str, str | int] = {}
    conditions: list[Condition] = []


class Node(Object):
    metadata: Meta
    spec: NodeSpec = msgspec.field(default_factory=NodeSpec)
    status: NodeStatus = msgspec.field(default_factory=NodeStatus)

    @property
    def ready(self) -> bool:
        return any((c.type, c.status) == ("Ready", "True") for c in self.status.conditions)


class Source(Object):
    driver: str = ""


class VolumeSpec(Object):
    csi: Source | None = None
    node_affinity: NodeAffinity = msgspec.field(default_factory=NodeAffinity)


class Volume(Object):
    metadata: Meta
    spec: VolumeSpec = msgspec.field(default_factory=VolumeSpec)


class Count(Object):
    count: int | None = None


class DriverOnNode(Object):
    name: str
    allocatable: Count = msgspec.field(default_factory=Count)


class CSINodeSpec(Object):
    drivers: list[DriverOnNode] = []


class CSINode(Object):
    metadata: Meta
    spec: CSINodeSpec = msgspec.field(default_factory=CSINodeSpec)


class AttachedSource(Object):
    persistent_volume_name: str = ""


class AttachmentSpec(Object):
    attacher: str = ""
    node_name: str = ""
    source: AttachedSource = msgspec.field(default_factory=AttachedSource)


class Attachment(Object):
    metadata: Meta
    spec: AttachmentSpec = msgspec.field(default_factory=AttachmentSpec)


@dataclass
class Wanted:
    """One pod of the workload. `doubts` are what would keep it from anywhere, as far as could be read: not at all."""

    spec: PodSpec
    volumes: list[Volume] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)
    nowhere: str = ""


def of(api: Api, ref: WorkloadRef) -> Room:
    """
    Where a pod of the workload could run once its own pods of now have gone, if they run. A node with a place of which
    something could not be read has that in `against`, as unknown, and is among the `nodes` all the same.
    """
    here = api.get(path_of(ref), dict[str, Any])
    wanted = wanted_by(api, ref, here)
    pods = others(api, ref, here, wanted)
    limits = Limits.read(api, wanted)
    nodes, against = [], {}
    for node in sorted(api.list(below(CORE, "nodes"), Node).items, key=lambda node: node.metadata.name):
        name = node.metadata.name
        there = [pod for pod in pods if pod.spec.node_name == name]
        if reasons := [*obstacles(node, wanted), *short(node.status.allocatable, there, needs(wanted.spec)),
                       *limits.reached(name, wanted)]:  # fmt: skip
            against[name] = "; ".join(reasons)
            continue
        nodes.append(name)
        if wanted.doubts:
            against[name] = UNKNOWN + "; ".join(wanted.doubts)
    return Room(tuple(nodes), against)


# --- What is asked ---


def wanted_by(api: Api, ref: WorkloadRef, here: Mapping[str, Any]) -> Wanted:
    template = dig(here, *way(ref), "spec") or {}
    wanted = Wanted(msgspec.convert(template, PodSpec))
    affinity = wanted.spec.affinity
    if affinity.pod_affinity.required or affinity.pod_anti_affinity.required:
        wanted.doubts.append("which pods it must run beside, or away from, is not weighed")
    if any(spread.when_unsatisfiable == "DoNotSchedule" for spread in wanted.spec.topology_spread_constraints):
        wanted.doubts.append("how its pods must be spread is not weighed")
    for claim in claims(ref, template, here):
        add_volume(api, claim, wanted)
    return wanted


def claims(ref: WorkloadRef, template: Mapping[str, Any], here: Mapping[str, Any]) -> Iterator[ClaimRef]:
    for volume in dig(template, "volumes") or ():
        if name := dig(volume, "persistentVolumeClaim", "claimName"):
            yield ClaimRef(ref.namespace, name)
    for made in dig(here, "spec", "volumeClaimTemplates") or ():
        yield ClaimRef(ref.namespace, f"{made['metadata']['name']}-{ref.name}-0")


def add_volume(api: Api, claim: ClaimRef, wanted: Wanted) -> None:
    try:
        path = below(CORE, "persistentvolumeclaims", claim.namespace, claim.name)
        name = dig(api.get(path, dict[str, Any]), "spec", "volumeName")
        if name:
            wanted.volumes.append(api.get(below(CORE, "persistentvolumes", name=name), Volume))
        else:
            wanted.doubts.append(f"the claim {claim} has no volume yet")
    except NotFound as e:
        wanted.nowhere = str(e)
    except Forbidden as e:
        wanted.doubts.append(str(e))


def others(api: Api, ref: WorkloadRef, here: Mapping[str, Any], wanted: Wanted) -> list[Pod]:
    """Every pod that runs or is about to, but the workload's own."""
    selector = msgspec.convert(dig(here, "spec", "selector") or {}, Selector)
    try:
        found = api.list(below(CORE, "pods"), Pod, fieldSelector=RUNNING)
    except Forbidden as e:
        wanted.doubts.append(str(e))
        return []
    if found.unreadable:
        wanted.doubts.append(f"{found.unreadable} of the pods could not be understood")

    def own(pod: Pod) -> bool:
        meta = pod.metadata
        if meta.namespace != ref.namespace:
            return False
        chosen = bool(selector.match_labels or selector.match_expressions) and selector.matches(meta.labels)
        return chosen or (ref.kind == "Pod" and meta.name == ref.name)

    return [pod for pod in found.items if not own(pod)]


# --- What a node has against it ---


def obstacles(node: Node, wanted: Wanted) -> Iterator[str]:
    spec, name, labels = wanted.spec, node.metadata.name, node.metadata.labels
    if wanted.nowhere:
        yield wanted.nowhere
    if not node.ready:
        yield "not ready"
    taints = [taint for taint in node.spec.taints if taint.effect in ("NoSchedule", "NoExecute")]
    if node.spec.unschedulable and CORDONED.key not in {taint.key for taint in taints}:
        taints.append(CORDONED)
    for taint in taints:
        if not any(toleration.tolerates(taint) for toleration in spec.tolerations):
            yield f"taint {taint}"
    if not spec.node_selector.items() <= labels.items():
        yield "nodeSelector"
    if not spec.affinity.node_affinity.matches(labels, name):
        yield "nodeAffinity"
    for volume in wanted.volumes:
        if not volume.spec.node_affinity.matches(labels, name):
            yield f"the volume {volume.metadata.name} cannot be reached from there"


@dataclass(frozen=True)
class Limits:
    """How many volumes of a driver a node takes, and which are attached to it, as far as the cluster says so."""

    takes: Mapping[tuple[str, str], int]
    attached: Mapping[tuple[str, str], frozenset[str]]

    @classmethod
    def read(cls, api: Api, wanted: Wanted) -> Limits:
        if not drivers(wanted):
            return cls({}, {})
        try:
            on_nodes = api.list(below(STORAGE, "csinodes"), CSINode).items
            attachments = api.list(below(STORAGE, "volumeattachments"), Attachment).items
        except Forbidden as e:
            wanted.doubts.append(str(e))
            return cls({}, {})
        takes = {
            (one.metadata.name, driver.name): driver.allocatable.count
            for one in on_nodes
            for driver in one.spec.drivers
            if driver.allocatable.count is not None
        }
        attached: dict[tuple[str, str], set[str]] = {}
        for one in attachments:
            key = (one.spec.node_name, one.spec.attacher)
            attached.setdefault(key, set()).add(one.spec.source.persistent_volume_name)
        return cls(takes, {key: frozenset(names) for key, names in attached.items()})

    def reached(self, node: str, wanted: Wanted) -> Iterator[str]:
        for driver, names in drivers(wanted).items():
            limit = self.takes.get((node, driver))
            there = self.attached.get((node, driver), frozenset())
            if limit is not None and len(there | names) > limit and not names <= there:
                yield f"it takes {limit} volumes of {driver} and has {len(there)}"


def drivers(wanted: Wanted) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for volume in wanted.volumes:
        if volume.spec.csi:
            found.setdefault(volume.spec.csi.driver, set()).add(volume.metadata.name)
    return found
