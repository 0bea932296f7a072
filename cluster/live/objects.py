"""Kubernetes' objects, cut down to the fields that somebody here uses; and where each kind is found."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import msgspec

from cluster.api import WorkloadRef
from cluster.errors import Refused

CORE, APPS, BATCH = "/api/v1", "/apis/apps/v1", "/apis/batch/v1"
VOLSYNC = "/apis/volsync.backube/v1alpha1"
STORAGE, SNAPSHOTS = "/apis/storage.k8s.io/v1", "/apis/snapshot.storage.k8s.io/v1"
WORKLOADS = {
    "Deployment": f"{APPS}/{{}}/deployments",
    "StatefulSet": f"{APPS}/{{}}/statefulsets",
    "DaemonSet": f"{APPS}/{{}}/daemonsets",
    "ReplicaSet": f"{APPS}/{{}}/replicasets",
    "CronJob": f"{BATCH}/{{}}/cronjobs",
    "Job": f"{BATCH}/{{}}/jobs",
    "Pod": f"{CORE}/{{}}/pods",
    "ReplicationSource": f"{VOLSYNC}/{{}}/replicationsources",
    "ReplicationDestination": f"{VOLSYNC}/{{}}/replicationdestinations",
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


# --- Pods ---


class Mount(Object):
    name: str
    mount_path: str = ""


class ContainerSpec(Object):
    """An init container whose `restart_policy` is Always is a native sidecar: it runs beside the others."""

    name: str
    image: str = ""
    command: list[str] = []
    args: list[str] = []
    volume_mounts: list[Mount] = []
    volume_devices: list[Mount] = []
    restart_policy: str = ""
    security_context: dict[str, Any] | None = None


class ClaimSource(Object):
    claim_name: str


class SecretSource(Object):
    secret_name: str = ""


class HostPath(Object):
    path: str


class Volume(Object):
    """`ephemeral` makes a claim of its own for each pod."""

    name: str
    persistent_volume_claim: ClaimSource | None = None
    ephemeral: dict[str, Any] | None = None
    host_path: HostPath | None = None
    secret: SecretSource | None = None


class PodSpec(Object):
    containers: list[ContainerSpec] = []
    init_containers: list[ContainerSpec] = []
    volumes: list[Volume] = []
    node_name: str = ""
    node_selector: dict[str, str] = {}
    security_context: dict[str, Any] | None = None


class Running(Object):
    started_at: datetime | None = None


class Waiting(Object):
    reason: str = ""
    message: str = ""


class Terminated(Object):
    exit_code: int = 0
    reason: str = ""
    message: str = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None


class ContainerState(Object):
    """At most one of them."""

    running: Running | None = None
    waiting: Waiting | None = None
    terminated: Terminated | None = None


class ContainerStatus(Object):
    name: str
    state: ContainerState = msgspec.field(default_factory=ContainerState)
    last_state: ContainerState = msgspec.field(default_factory=ContainerState)
    ready: bool = False
    restart_count: int = 0
    image_id: str = msgspec.field(default="", name="imageID")


class Condition(Object):
    type: str
    status: str = ""
    reason: str = ""
    message: str = ""


class PodStatus(Object):
    phase: str = ""
    reason: str = ""
    message: str = ""
    conditions: list[Condition] = []
    container_statuses: list[ContainerStatus] = []
    init_container_statuses: list[ContainerStatus] = []
    start_time: datetime | None = None
    pod_ip: str = msgspec.field(default="", name="podIP")


class PodObject(Object):
    metadata: Meta
    spec: PodSpec = msgspec.field(default_factory=PodSpec)
    status: PodStatus = msgspec.field(default_factory=PodStatus)


# --- What makes pods ---


class TemplateMeta(Object):
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}


class PodTemplate(Object):
    metadata: TemplateMeta = msgspec.field(default_factory=TemplateMeta)
    spec: PodSpec = msgspec.field(default_factory=PodSpec)


class JobSpec(Object):
    template: PodTemplate = msgspec.field(default_factory=PodTemplate)


class JobTemplate(Object):
    spec: JobSpec = msgspec.field(default_factory=JobSpec)


class ClaimMeta(Object):
    name: str


class ClaimTemplate(Object):
    metadata: ClaimMeta


class ControllerSpec(Object):
    """Of every kind at once: a Deployment has no `suspend`, a CronJob no `replicas`."""

    replicas: int | None = None
    parallelism: int | None = None
    suspend: bool | None = None
    template: PodTemplate | None = None
    job_template: JobTemplate | None = None
    volume_claim_templates: list[ClaimTemplate] = []


class ControllerStatus(Object):
    ready_replicas: int = 0
    number_ready: int = 0
    desired_number_scheduled: int = 0
    ready: int = 0
    completion_time: datetime | None = None
    conditions: list[Condition] = []


class Controller(Object):
    """Whatever makes pods. In a list the kind of an object is not told: who lists knows it."""

    metadata: Meta
    spec: ControllerSpec = msgspec.field(default_factory=ControllerSpec)
    status: ControllerStatus = msgspec.field(default_factory=ControllerStatus)

    @property
    def template(self) -> PodTemplate:
        if self.spec.job_template:
            return self.spec.job_template.spec.template
        return self.spec.template or PodTemplate()


# --- Events ---


class Subject(Object):
    kind: str = ""
    namespace: str = ""
    name: str = ""


class Series(Object):
    last_observed_time: datetime | None = None


class EventObject(Object):
    metadata: Meta
    involved_object: Subject
    reason: str = ""
    message: str = ""
    type: str = ""
    first_timestamp: datetime | None = None
    last_timestamp: datetime | None = None
    event_time: datetime | None = None
    series: Series | None = None

    @property
    def at(self) -> datetime:
        """An event that is repeated is the same object: when it last happened counts."""
        last = self.series.last_observed_time if self.series else None
        times = (last, self.last_timestamp, self.event_time, self.first_timestamp, self.metadata.creation_timestamp)
        return next((t for t in times if t), datetime.min.replace(tzinfo=UTC))


def below(base: str, resource: str, namespace: str = "", name: str = "") -> str:
    """The path of a kind's objects, in a namespace or in all, or of one of them."""
    place = f"{base}/namespaces/{namespace}/{resource}" if namespace else f"{base}/{resource}"
    return f"{place}/{name}" if name else place


def path_of(ref: WorkloadRef) -> str:
    """Raises Refused for a kind that is no workload of ours."""
    if ref.kind not in WORKLOADS:
        raise Refused(f"{ref.kind} is no workload that this program knows.")
    return f"{WORKLOADS[ref.kind].format(f'namespaces/{ref.namespace}')}/{ref.name}"


def paths_of(kind: str, namespace: str = "") -> str:
    """Where all of a kind of workload are found, in a namespace or everywhere."""
    return WORKLOADS[kind].format(f"namespaces/{namespace}" if namespace else "").replace("//", "/")


def pointer(*parts: str) -> str:
    """A JSON pointer (RFC 6901)."""
    return "".join("/" + part.replace("~", "~0").replace("/", "~1") for part in parts)


def test_and_set(path: str, was: Any, to: Any) -> list[dict[str, Any]]:
    """A JSON patch that sets a value only if it still is what it was; None for one that is absent."""
    if was is None:
        return [{"op": "add", "path": path, "value": to}]
    held: dict[str, Any] = {"op": "test", "path": path, "value": was}
    return [held, {"op": "remove", "path": path} if to is None else {"op": "replace", "path": path, "value": to}]
