"""Who changes a workload by itself: GitOps by the marks that it leaves, autoscalers and budgets by what they aim at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from cluster.api import Keeper, WorkloadRef
from cluster.errors import NotFound
from cluster.kubernetes import Api
from cluster.live import gitops, groups, pausing
from cluster.live.changing import dig
from cluster.live.objects import Meta, Object, below, path_of
from cluster.live.selecting import Selector


class Target(Object):
    kind: str = ""
    name: str = ""
    deployment: str = ""  # an HTTPScaledObject of before v0.8 names one so

    def is_at(self, ref: WorkloadRef) -> bool:
        return (self.kind or "Deployment", self.name or self.deployment) == (ref.kind, ref.name)


class UpdatePolicy(Object):
    update_mode: str = ""


class ScalerSpec(Object):
    """Of a ScaledObject, an HTTPScaledObject, an HPA, a VPA and a PDB at once."""

    scale_target_ref: Target = msgspec.field(default_factory=Target)
    target_ref: Target = msgspec.field(default_factory=Target)
    min_replicas: int | None = None
    max_replicas: int | None = None
    update_policy: UpdatePolicy = msgspec.field(default_factory=UpdatePolicy)
    selector: Selector | None = None


class ScalerStatus(Object):
    disruptions_allowed: int = 0


class Scaler(Object):
    metadata: Meta
    spec: ScalerSpec = msgspec.field(default_factory=ScalerSpec)
    status: ScalerStatus = msgspec.field(default_factory=ScalerStatus)


@dataclass(frozen=True)
class Around:
    """What there is to be asked: the API server, the groups that it has, the workload and its object."""

    api: Api
    served: Mapping[str, str]
    ref: WorkloadRef
    here: Mapping[str, Any]

    def scalers(self, group: str, resource: str) -> tuple[Scaler, ...]:
        """Those of the workload's namespace; none where the cluster has no such kind."""
        if group not in self.served:
            return ()
        try:
            return self.api.list(below(self.served[group], resource, self.ref.namespace), Scaler).items
        except NotFound:
            return ()


def of(api: Api, ref: WorkloadRef) -> tuple[Keeper, ...]:
    around = Around(api, groups.served(api), ref, api.get(path_of(ref), dict[str, Any]))
    found = [*gitops.keepers(api, around.served, ref, around.here)]
    for each in (keda, hpas, vpas, budgets):
        found += each(around)
    return tuple(sorted(found))


def pause(api: Api, keeper: Keeper, ref: WorkloadRef, note: Mapping[str, str], *, dry: bool = False) -> None:
    """What somebody else has paused already is left as it is: that takes no right, and is theirs to resume."""
    if not theirs(api, keeper, ref):
        pausing.pause(api, keeper, ref, note, dry=dry)


def theirs(api: Api, keeper: Keeper, ref: WorkloadRef) -> bool:
    """Whether it is paused, and not by us."""
    here = [one for one in of(api, ref) if str(one) == str(keeper) and one.uid == (keeper.uid or one.uid)]
    return any(one.paused and one.pausable for one in here) and not pausing.noted(api, keeper, ref)


def unpause(api: Api, keeper: Keeper, ref: WorkloadRef, *, dry: bool = False) -> None:
    pausing.unpause(api, keeper, ref, dry=dry)


def keda(around: Around) -> Iterator[Keeper]:
    """
    What an HTTPScaledObject does it does by a ScaledObject of its name, which keeps the annotation that pauses it: the
    add-on merges what it declares into it. Without one, it is told of by itself.

    Source: kedacore/http-add-on, operator/controllers/http/scaled_object.go.
    """
    scaled = [s for s in around.scalers(groups.KEDA, "scaledobjects") if s.spec.scale_target_ref.is_at(around.ref)]
    for one in scaled:
        off = one.metadata.annotations.get(pausing.KEDA.path[-1], "").lower() == pausing.KEDA.off
        yield keeper("KEDA", one, pausable=True, paused=off, detail=above(one))
    for one in around.scalers(groups.KEDA_HTTP, "httpscaledobjects") if not scaled else ():
        if one.spec.scale_target_ref.is_at(around.ref):
            detail = "HTTPScaledObject: a request wakes the workload. It has no ScaledObject, which could be paused."
            yield keeper("KEDA", one, detail=detail)


def hpas(around: Around) -> Iterator[Keeper]:
    for one in around.scalers(groups.HPA, "horizontalpodautoscalers"):
        if one.spec.scale_target_ref.is_at(around.ref):
            spec = one.spec
            span = f"from {1 if spec.min_replicas is None else spec.min_replicas} to {spec.max_replicas} replicas"
            yield keeper("HPA", one, detail=f"{span}, nothing while there are none. {above(one)}".strip())


def vpas(around: Around) -> Iterator[Keeper]:
    for one in around.scalers(groups.VPA, "verticalpodautoscalers"):
        if one.spec.target_ref.is_at(around.ref):
            mode = one.spec.update_policy.update_mode or "Auto"
            yield keeper("VPA", one, paused=mode == "Off", detail=f"updateMode {mode}")


def budgets(around: Around) -> Iterator[Keeper]:
    labels = labels_of_pods(around.here)
    for one in around.scalers(groups.PDB, "poddisruptionbudgets"):
        if one.spec.selector is not None and one.spec.selector.matches(labels):
            yield keeper("PDB", one, detail=f"disruptionsAllowed {one.status.disruptions_allowed}")


def labels_of_pods(here: Mapping[str, Any]) -> Mapping[str, str]:
    """Those that the workload's pods have; a bare Pod's own."""
    template = dig(here, "spec", "jobTemplate", "spec", "template") or dig(here, "spec", "template") or here
    return dig(template, "metadata", "labels") or {}


def above(one: Scaler) -> str:
    owners = ", ".join(f"{owner.kind} {owner.name}" for owner in one.metadata.owner_references)
    return f"Made by {owners}." if owners else ""


def keeper(kind: Any, one: Scaler, **more: Any) -> Keeper:
    return Keeper(kind, one.metadata.namespace, one.metadata.name, one.metadata.uid, **more)
