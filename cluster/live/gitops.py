"""Argo CD and Flux, by the marks that they leave on what they keep, and by their own objects where these are here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from cluster.api import Keeper, WorkloadRef
from cluster.errors import NotFound
from cluster.kubernetes import Api
from cluster.live import groups, pausing
from cluster.live.changing import ANNOTATIONS, dig
from cluster.live.objects import Meta, Object, below

TRACKING, INSTANCE = "argocd.argoproj.io/tracking-id", "argocd.argoproj.io/instance"
MANAGERS: dict[str, Any] = {
    "argocd-controller": "ArgoCD",
    "argocd-application-controller": "ArgoCD",
    "kustomize-controller": "Flux",
    "helm-controller": "Helm",
}
ELSEWHERE = "Its own object is not in this cluster."


class Automated(Object):
    enabled: bool | None = None
    self_heal: bool = False


class SyncPolicy(Object):
    automated: Automated | None = None


class Spec(Object):
    """Of an Application, a Kustomization and a HelmRelease at once."""

    sync_policy: SyncPolicy = msgspec.field(default_factory=SyncPolicy)
    suspend: bool = False


class Resource(Object):
    kind: str = ""
    namespace: str = ""
    name: str = ""


class Status(Object):
    resources: list[Resource] = []


class Owner(Object):
    """What keeps other objects."""

    metadata: Meta
    spec: Spec = msgspec.field(default_factory=Spec)
    status: Status = msgspec.field(default_factory=Status)


def keepers(api: Api, served: Mapping[str, str], ref: WorkloadRef, here: Mapping[str, Any]) -> Iterator[Keeper]:
    found = [*argo(api, served, ref, here), *flux(api, served, here), *helm(api, served, here)]
    yield from found
    if not found:
        yield from hinted(here)


def hinted(here: Mapping[str, Any]) -> Iterator[Keeper]:
    """Without any mark, only the managers of its fields tell who writes it."""
    managers = {field.get("manager") for field in dig(here, "metadata", "managedFields") or ()}
    for name in sorted(managers & MANAGERS.keys()):
        detail = f"Its fields are managed by {name}; which object of it that is cannot be read."
        yield Keeper(MANAGERS[name], "", name, detail=detail)


# --- Argo CD ---


def argo(api: Api, served: Mapping[str, str], ref: WorkloadRef, here: Mapping[str, Any]) -> Iterator[Keeper]:
    name = tracked(ref, here)
    apps = [app for app in every(api, served, groups.ARGO, "applications") if lists(app, ref) or is_named(app, name)]
    if listing := [app for app in apps if lists(app, ref)]:
        apps = listing  # of two with the same name, that one
    for app in apps:
        off = pausing.ARGO.is_off(raw(app)) or pausing.ARGO_OLD.is_off(raw(app))
        meta = app.metadata
        yield Keeper("ArgoCD", meta.namespace, meta.name, meta.uid, pausable=True, paused=off, detail=argo_says(app))
    if name and not apps:
        yield Keeper("ArgoCD", "", name, detail=ELSEWHERE)


def tracked(ref: WorkloadRef, here: Mapping[str, Any]) -> str:
    """The Application's name. A tracking id that names another object was only copied along."""
    name, _, what = str(dig(here, *ANNOTATIONS, TRACKING) or "").partition(":")
    if name and what.partition("/")[2] == f"{ref.kind}:{ref.namespace}/{ref.name}":
        return name
    return str(dig(here, "metadata", "labels", INSTANCE) or "")


def is_named(app: Owner, name: str) -> bool:
    """One that is not in the namespace of Argo CD itself is called NAMESPACE_NAME."""
    return name in (app.metadata.name, f"{app.metadata.namespace}_{app.metadata.name}")


def lists(app: Owner, ref: WorkloadRef) -> bool:
    return any((r.kind, r.namespace, r.name) == (ref.kind, ref.namespace, ref.name) for r in app.status.resources)


def argo_says(app: Owner) -> str:
    automated = app.spec.sync_policy.automated
    if automated is None:
        does = "It is synced by hand only."
    else:
        does = "It heals what differs from Git." if automated.self_heal else "It syncs what is new in Git."
    return " ".join([does, *(f"{parent} may undo a pause of it." for parent in parents(app))])


def parents(app: Owner) -> Iterator[str]:
    meta = app.metadata
    yield from (f"{owner.kind} {owner.name}" for owner in meta.owner_references)
    if name := meta.annotations.get(TRACKING, "").partition(":")[0] or meta.labels.get(INSTANCE, ""):
        yield f"Application {name}"
    yield from by_flux(meta.labels)


def raw(app: Owner) -> Mapping[str, Any]:
    policy = msgspec.to_builtins(app.spec.sync_policy)
    return {"metadata": {"annotations": app.metadata.annotations}, "spec": {"syncPolicy": policy}}


# --- Flux ---


def flux(api: Api, served: Mapping[str, str], here: Mapping[str, Any]) -> Iterator[Keeper]:
    """It is told to leave an object alone on the object itself, so that can be done wherever it runs."""
    if not (marked := mark(here, groups.FLUX)):
        return
    owner = one(api, served, groups.FLUX, "kustomizations", *marked)
    off = pausing.FLUX.is_off(here) or (owner is not None and owner.spec.suspend)
    yield Keeper("Flux", *marked, uid(owner), pausable=True, paused=off, detail="" if owner else ELSEWHERE)


def helm(api: Api, served: Mapping[str, str], here: Mapping[str, Any]) -> Iterator[Keeper]:
    if not (marked := mark(here, groups.HELM)):
        return
    owner = one(api, served, groups.HELM, "helmreleases", *marked)
    off = owner is not None and owner.spec.suspend
    yield Keeper("Helm", *marked, uid(owner), pausable=owner is not None, paused=off, detail=helm_says(owner))


def mark(here: Mapping[str, Any], group: str) -> tuple[str, str] | None:
    """The namespace and the name that the labels of a group say."""
    labels = dig(here, "metadata", "labels") or {}
    name, namespace = labels.get(f"{group}/name", ""), labels.get(f"{group}/namespace", "")
    return (namespace, name) if name and namespace else None


def helm_says(owner: Owner | None) -> str:
    if owner is None:
        return ELSEWHERE
    return " ".join(f"{parent} may undo a pause of it." for parent in by_flux(owner.metadata.labels))


def by_flux(labels: Mapping[str, str]) -> Iterator[str]:
    for group, kind in ((groups.FLUX, "Kustomization"), (groups.HELM, "HelmRelease")):
        if name := labels.get(f"{group}/name"):
            yield f"{kind} {name}"


def uid(owner: Owner | None) -> str:
    return owner.metadata.uid if owner else ""


# --- Their objects ---


def every(api: Api, served: Mapping[str, str], group: str, resource: str) -> tuple[Owner, ...]:
    if group not in served:
        return ()
    try:
        return api.list(below(served[group], resource), Owner).items
    except NotFound:
        return ()  # the group has other kinds only


def one(api: Api, served: Mapping[str, str], group: str, resource: str, namespace: str, name: str) -> Owner | None:
    if group not in served:
        return None
    try:
        return api.get(below(served[group], resource, namespace, name), Owner)
    except NotFound:
        return None
