"""
What the rest of the program may ask of a cluster, in our own small values. Nothing here knows who answers.

Two answer: the practice range (`cluster.range`) and a real Kubernetes. The same contract tests run over both.
The verbs that change something say what must be so: called twice, they leave the cluster as called once. With
`dry=True` they ask for the same answer and change nothing. Each has a deadline of its own and raises one of
`cluster.errors`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol


@dataclass(frozen=True, order=True)
class ClaimRef:
    """A PersistentVolumeClaim, by name."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True, order=True)
class WorkloadRef:
    """The top controller of pods: `Deployment`, `StatefulSet`, `DaemonSet`, `CronJob`, `Job` or a bare `Pod`."""

    namespace: str
    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


@dataclass(frozen=True)
class Container:
    """One container of a pod as last reported. `reason` is Kubernetes' own, such as `CrashLoopBackOff`."""

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
    """Something that copies a claim's files away by itself. `running` False: suspended, or scaled to nothing."""

    workload: WorkloadRef
    kind: Literal["Deployment", "CronJob", "DaemonSet", "Sidecar"]
    claim: str
    running: bool
    replicas: int
    command: str = ""

    def __str__(self) -> str:
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
    the paths: `data` for the claim, `source` for the snapshot named here, if any. `needs_store` gives it the
    credentials of the object store in its environment, never in the spec.
    """

    claim: ClaimRef
    name: str
    verb: str
    spec: Mapping[str, Any]
    snapshot: str = ""
    needs_store: bool = False
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


class Cluster(Protocol):
    """Reading first, then what changes something."""

    name: str

    def view(self) -> View: ...
    def workload(self, ref: WorkloadRef) -> Workload: ...
    def workload_using(self, claim: ClaimRef) -> Workload | None:
        """The one workload whose data the claim is (a sync that reads it is not). Refused when there are two."""
        ...

    def pods_using(self, claim: ClaimRef) -> tuple[Pod, ...]:
        """Every pod that mounts the claim, whoever made it, terminating ones too."""
        ...

    def claim(self, ref: ClaimRef) -> Claim: ...
    def syncs(self, claim: ClaimRef) -> tuple[Sync, ...]: ...
    def witnesses(self, claim: ClaimRef) -> tuple[Witness, ...]: ...
    def snapshots(self, claim: ClaimRef) -> tuple[Snapshot, ...]: ...
    def snapshot(self, namespace: str, name: str) -> Snapshot: ...
    def job(self, namespace: str, name: str) -> Job: ...
    def log(self, pod: Pod, container: str, lines: int = 20) -> tuple[str, ...]: ...
    def events(self, claim: ClaimRef) -> tuple[Event, ...]: ...

    def scale(self, ref: WorkloadRef, *, was: int, to: int, dry: bool = False) -> None:
        """Set the replicas from `was` to `to`. Conflict when they are neither."""
        ...

    def suspend(self, sync: Sync, *, dry: bool = False) -> None: ...
    def resume(self, sync: Sync, *, dry: bool = False) -> None:
        """Put the sync back as `sync` says that it was."""
        ...

    def make_snapshot(self, claim: ClaimRef, name: str, *, labels: Mapping[str, str], dry: bool = False) -> None:
        """Ask for a snapshot that is kept. Asked for again by the same name and labels: nothing more happens."""
        ...

    def drop_snapshot(self, namespace: str, name: str, *, dry: bool = False) -> None:
        """Gone already is well. Refused for one that does not carry our labels."""
        ...

    def start_job(self, job: JobSpec, *, dry: bool = False) -> None:
        """Started already by that name is well."""
        ...

    def drop_job(self, namespace: str, name: str, *, dry: bool = False) -> None:
        """End it if it runs, wait for nothing. Gone already is well."""
        ...
