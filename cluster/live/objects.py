"""Kubernetes' objects, cut down to the fields that somebody here uses; and where each kind is found."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from cluster.api import WorkloadRef
from cluster.errors import Refused

CORE, APPS, BATCH = "/api/v1", "/apis/apps/v1", "/apis/batch/v1"
STORAGE, SNAPSHOTS = "/apis/storage.k8s.io/v1", "/apis/snapshot.storage.k8s.io/v1"
WORKLOADS = {
    "Deployment": f"{APPS}/{{}}/deployments",
    "StatefulSet": f"{APPS}/{{}}/statefulsets",
    "DaemonSet": f"{APPS}/{{}}/daemonsets",
    "ReplicaSet": f"{APPS}/{{}}/replicasets",
    "CronJob": f"{BATCH}/{{}}/cronjobs",
    "Job": f"{BATCH}/{{}}/jobs",
    "Pod": f"{CORE}/{{}}/pods",
}
MANAGED = "app.kubernetes.io/managed-by"
US = "aftermath"


class Object(msgspec.Struct, rename="camel"):
    """Whatever is decoded here: Kubernetes writes its fields in camelCase."""


class Owner(Object):
    kind: str
    name: str
    uid: str
    controller: bool = False


class Meta(Object):
    name: str
    uid: str = ""
    namespace: str = ""
    resource_version: str = ""
    generation: int = 0
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    owner_references: list[Owner] = []
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None
    finalizers: list[str] = []


class Bare(Object):
    """Any object, by its metadata alone."""

    metadata: Meta


def below(base: str, resource: str, namespace: str = "", name: str = "") -> str:
    """The path of a kind's objects, in a namespace or in all, or of one of them."""
    place = f"{base}/namespaces/{namespace}/{resource}" if namespace else f"{base}/{resource}"
    return f"{place}/{name}" if name else place


def path_of(ref: WorkloadRef) -> str:
    """Raises Refused for a kind that is no workload of ours."""
    if ref.kind not in WORKLOADS:
        raise Refused(f"{ref.kind} is no workload that this program knows.")
    return f"{WORKLOADS[ref.kind].format(f'namespaces/{ref.namespace}')}/{ref.name}"


def pointer(*parts: str) -> str:
    """A JSON pointer (RFC 6901)."""
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts)


def test_and_set(path: str, was: Any, to: Any) -> list[dict[str, Any]]:
    """A JSON patch that sets a value only if it still is what it was; None for one that is absent."""
    if was is None:
        return [{"op": "add", "path": path, "value": to}]
    held: dict[str, Any] = {"op": "test", "path": path, "value": was}
    return [held, {"op": "remove", "path": path} if to is None else {"op": "replace", "path": path, "value": to}]
