"""What the rest of the program knows of a cluster, in our own small values. `cluster.port` says what may be asked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal


@dataclass(frozen=True, order=True)
class ClaimRef:
    """A PersistentVolumeClaim, by name."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, order=True)
class WorkloadRef:
    """
    The top controller of pods: `Deployment`, `StatefulSet`, `DaemonSet`, `CronJob`, `Job` or a bare `Pod`; of VolSync's
    movers a `ReplicationSource` or `ReplicationDestination`.
    """

    namespace: str
    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True)
class Container:
    """
    One container of a pod as last reported. `reason` is Kubernetes' own, such as `CrashLoopBackOff`. `curbed`: it runs
    as root without the rights that root usually has.
    """

    name: str
    state: Literal["running", "waiting", "terminated"]
    image: str = ""
    command: tuple[str, ...] = ()
    ready: bool = False
    restarts: int = 0
    reason: str = ""
    message: str = ""
    exit_code: int | None = None
    last_exit_code: int | None = None
    last_finished: datetime | None = None
    started: datetime | None = None
    init: bool = False
    curbed: bool = False


@dataclass(frozen=True)
class Pod:
    namespace: str
    name: str
    uid: str
    node: str
    phase: Literal["Pending", "Running", "Succeeded", "Failed", "Unknown"]
    ready: bool
    workload: WorkloadRef
    claims: tuple[str, ...] = ()
    containers: tuple[Container, ...] = ()
    created: datetime | None = None
    started: datetime | None = None
    deleting: bool = False
    onboarding: bool = False  # the application answers, but as if it had never been set up

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True)
class Workload:
    """`version` changes with every change of the object: what was approved is held against it."""

    ref: WorkloadRef
    uid: str
    version: str
    replicas: int
    ready: int
    claims: tuple[str, ...] = ()
    annotations: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, order=True)
class Keeper:
    """
    Something that changes a workload by itself, and so undoes or hinders what is done by hand: GitOps puts it back,
    an autoscaler sets its replicas, a budget forbids that its pods go. `name` is the keeper's own object.

    `pausable`: it can be told to leave the workload alone, and `paused` says whether it is. `detail` is what a person
    should know of it, in the cluster's words.
    """

    kind: Literal["ArgoCD", "Flux", "Helm", "KEDA", "HPA", "VPA", "PDB"]
    namespace: str
    name: str
    uid: str = ""
    pausable: bool = False
    paused: bool = False
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


@dataclass(frozen=True)
class Revision:
    """
    A workload's pod template as it once was, by the ReplicaSet or ControllerRevision that keeps it. `security` has the
    `securityContext` of the pod under "" and of each container under its name, where there is one. `ready` says
    whether its pods are ready; None where the cluster no longer knows whether they ever were.
    """

    name: str
    number: int
    made: datetime | None
    current: bool
    ready: bool | None
    security: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class Template:
    """What a patch to commit must know of a workload's pods: who they run as, and where the claim is mounted."""

    containers: tuple[str, ...]
    mount: str  # of the claim, in the first container that has it; empty where none has
    volume: str  # the claim's name inside the pod
    security: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    fs_group_works: bool | None = None  # whether the driver pays attention to fsGroup on this volume; None: unknown


@dataclass(frozen=True)
class Room:
    """
    Whether a workload's pod would find a place, its own pods counted as gone. `against` says of each node that has none
    for it why not; a node in both may have one, and why says what is not known of it.
    """

    nodes: tuple[str, ...] = ()
    against: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Claim:
    """A claim and the volume behind it. `capacity` and `used` in bytes; `used` None where nobody can say."""

    ref: ClaimRef
    uid: str
    phase: Literal["Bound", "Pending", "Lost"]
    volume: str
    handle: str
    driver: str
    capacity: int
    used: int | None = None
    reclaim: Literal["Retain", "Delete", ""] = ""
    storage_class: str = ""


@dataclass(frozen=True)
class Released:
    """A volume whose claim is gone and whose data is still there: often the only copy. `was` is the claim it had."""

    volume: str
    uid: str
    was: ClaimRef
    handle: str
    driver: str
    capacity: int
    reclaim: Literal["Retain", "Delete", ""] = "Retain"
    storage_class: str = ""

    def __str__(self) -> str:
        return self.volume


@dataclass(frozen=True)
class Snapshot:
    """`ready` means usable, bound back to its content, and of a size above zero."""

    namespace: str
    name: str
    uid: str
    claim: str
    ready: bool
    size: int
    taken: datetime | None
    error: str = ""
    kept: bool = False  # deleting the object would keep the data
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Sync:
    """
    Something that copies a claim's files away by itself, or as a `ReplicationDestination` others into it. `running`
    False: suspended, or scaled to nothing.

    A `Sidecar` lives in the pods of the workload that owns the data, as the container named here: it cannot be stopped
    alone, only with its workload, whose `replicas` are those of the sync.
    """

    workload: WorkloadRef
    kind: Literal[
        "Deployment", "StatefulSet", "CronJob", "DaemonSet", "Sidecar", "ReplicationSource", "ReplicationDestination"
    ]
    claim: str
    running: bool
    replicas: int
    command: str = ""
    container: str = ""

    def __str__(self) -> str:
        match self.kind:
            case "Sidecar":
                return f"{self.workload}/{self.container}"
            case "ReplicationSource" | "ReplicationDestination":  # often called as the application is
                return f"{self.kind} {self.workload}"
            case _:
                return str(self.workload)


@dataclass(frozen=True)
class Witness:
    """One thing that can be read about whether a volume is attached. What cannot be read is `unknown`."""

    what: Literal["pods", "attachment", "node", "storage"]
    says: Literal["attached", "detached", "unknown"]
    detail: str = ""


@dataclass(frozen=True)
class JobSpec:
    """
    The agent, run beside a claim's files. `verb` and `spec` are the agent's own; whoever runs it adds to the spec
    the paths: `data` for the claim, `source` for the files of the snapshot, or of the other claim of the namespace,
    that is named here. `lent` is for its environment: the credentials of the object store, never in the spec.
    """

    claim: ClaimRef
    name: str
    verb: str
    spec: Mapping[str, Any]
    snapshot: str = ""
    source: str = ""
    lent: Mapping[str, str] = field(default_factory=dict, repr=False)
    read_only: bool = False
    labels: Mapping[str, str] = field(default_factory=dict)
    deadline: int = 3600  # seconds


@dataclass(frozen=True)
class Job:
    """`progress`, `result` and `error` are the agent's last lines of each kind."""

    name: str
    state: Literal["pending", "running", "done", "failed"]
    progress: Mapping[str, Any] = field(default_factory=dict)
    result: Mapping[str, Any] = field(default_factory=dict)
    error: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, order=True)
class Right:
    """What an account may be asked to be allowed: a verb on a kind of object. Group "" is the core of Kubernetes."""

    verb: str
    group: str
    resource: str
    subresource: str = ""
    namespaced: bool = True

    def __str__(self) -> str:
        what = f"{self.resource}/{self.subresource}" if self.subresource else self.resource
        return f"{self.verb} {what}{f'.{self.group}' if self.group else ''}"


@dataclass(frozen=True)
class Event:
    at: datetime
    subject: str
    reason: str
    message: str
    warning: bool = False


@dataclass(frozen=True)
class View:
    """
    One look at everything, for the sweep. A part that could not be read is named in `blind` with the reason, and
    nothing may be concluded from its absence.
    """

    at: datetime
    workloads: tuple[Workload, ...] = ()
    pods: tuple[Pod, ...] = ()
    claims: tuple[Claim, ...] = ()
    snapshots: tuple[Snapshot, ...] = ()
    syncs: tuple[Sync, ...] = ()
    events: tuple[Event, ...] = ()
    logs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # "ns/pod/container": last lines of failing ones
    blind: Mapping[str, str] = field(default_factory=dict)
    unreadable: int = 0
