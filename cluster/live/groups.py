"""The kinds that a cluster may have or not: each has an API group, which the server names when it is there."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from cluster.errors import NotFound
from cluster.kubernetes import Api
from cluster.live.objects import Object, below

ARGO, FLUX, HELM = "argoproj.io", "kustomize.toolkit.fluxcd.io", "helm.toolkit.fluxcd.io"
KEDA, KEDA_HTTP = "keda.sh", "http.keda.sh"
HPA, VPA, PDB = "autoscaling", "autoscaling.k8s.io", "policy"
VOLSYNC = "volsync.backube"


class Version(Object):
    group_version: str


class Group(Object):
    name: str
    preferred_version: Version


class Groups(Object):
    groups: list[Group] = msgspec.field(default_factory=list)


def served(api: Api) -> Mapping[str, str]:
    """The path of each group that the server has, in the version that it prefers."""
    return {group.name: f"/apis/{group.preferred_version.group_version}" for group in api.get("/apis", Groups).groups}


def has(api: Api, group: str) -> bool:
    """Asked before its kinds are: of one that is not there, a server says to most accounts that it is forbidden."""
    try:
        return bool(api.get(f"/apis/{group}", Group).name)
    except NotFound:
        return False


def path(api: Api, group: str, resource: str, namespace: str, name: str) -> str:
    """The path of one object. Raises NotFound where the cluster does not have its group."""
    try:
        base = f"/apis/{api.get(f'/apis/{group}', Group).preferred_version.group_version}"
    except NotFound:
        raise NotFound(f"This cluster has no {resource}.{group}.") from None
    return below(base, resource, namespace, name)
