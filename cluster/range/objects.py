"""
What the range remembers: its objects, as one small JSON file that web, worker, beat and the range's own process share.

Readers take the file as it is: it is only ever replaced whole. Writers hold a lock on a file beside it, so that what
one process reads, changes and writes cannot lose what another wrote in between. Files of claims are not in here.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal
from uuid import uuid4

import msgspec

from cluster.api import ClaimRef, WorkloadRef
from cluster.errors import Unreachable

EVENTS_KEPT = 300
EVENTS_LAST = timedelta(hours=1)


class ReleasedObject(msgspec.Struct):
    """A volume whose claim, which was `namespace` and `claim`, is gone. Its files are below `released/NAME`."""

    name: str
    uid: str
    namespace: str
    claim: str
    handle: str
    capacity: int
    filesystem: str


class ClaimObject(msgspec.Struct):
    """
    `filesystem` is what a format would change; `since` is when `attached` became what it is. Only one that was made of
    a released volume names its `volume`.
    """

    namespace: str
    name: str
    app: str
    uid: str
    version: int
    capacity: int
    filesystem: str
    attached: Literal["attached", "detaching", "detached"] = "detached"
    since: datetime | None = None
    volume: ReleasedObject | None = None
    labels: dict[str, str] = {}

    @property
    def ref(self) -> ClaimRef:
        return ClaimRef(self.namespace, self.name)


class SyncPart(msgspec.Struct):
    """What a workload copies to the object store by itself, every so many seconds, and when it is next due."""

    claim: str
    verb: Literal["sync", "copy"]
    to: str
    every: float
    due: datetime | None = None


class RevisionObject(msgspec.Struct):
    """What a workload's template was, as far as it matters here. `name` is the same whenever the template is."""

    name: str
    number: int
    made: datetime
    image: str
    security: dict[str, dict[str, Any]] = {}


class Wanted(msgspec.Struct):
    """What Git says of a workload, and since when it is otherwise."""

    replicas: int
    security: dict[str, dict[str, Any]] = {}
    since: datetime | None = None


class WorkloadObject(msgspec.Struct):
    """
    `replicas` is what is wanted; a CronJob has `suspended` instead. `app` names whose files make it ready, `mount`
    where its pods have them. The last of `revisions` is the template that pods are made of. `scaled` are the versions
    at which it was given other replicas, all of those after the version `known`.
    """

    namespace: str
    kind: Literal["Deployment", "StatefulSet", "CronJob"]
    name: str
    uid: str
    version: int
    replicas: int
    claims: list[str]
    image: str
    command: list[str]
    app: str = ""
    sync: SyncPart | None = None
    suspended: bool = False
    annotations: dict[str, str] = {}
    mount: str = ""
    revisions: list[RevisionObject] = []
    scaled: list[tuple[int, int]] = []
    known: int = 0
    git: Wanted | None = None

    @property
    def ref(self) -> WorkloadRef:
        return WorkloadRef(self.namespace, self.kind, self.name)

    @property
    def container(self) -> str:
        return "rclone" if self.sync else self.name

    @property
    def revision(self) -> int:
        """The number of the template that pods are made of."""
        return self.revisions[-1].number if self.revisions else 0

    @property
    def security(self) -> dict[str, dict[str, Any]]:
        return self.revisions[-1].security if self.revisions else {}

    @property
    def wanted(self) -> int:
        return 0 if self.kind == "CronJob" else self.replicas


class PodObject(msgspec.Struct):
    """A pod with its one container. `retry` is when a crashed container starts again; `log` is its last lines."""

    namespace: str
    name: str
    uid: str
    kind: str
    owner: str
    container: str
    image: str
    command: list[str]
    claims: list[str]
    created: datetime
    state: Literal["creating", "running", "backoff"] = "creating"
    started: datetime | None = None
    restarts: int = 0
    finished: datetime | None = None
    exit_code: int | None = None
    retry: datetime | None = None
    deleting: datetime | None = None
    onboarding: bool = False
    log: list[str] = []
    revision: int = 0

    @property
    def key(self) -> str:
        return f"{self.namespace}/{self.name}"

    @property
    def ref(self) -> WorkloadRef:
        return WorkloadRef(self.namespace, self.kind, self.owner)


class SnapshotObject(msgspec.Struct):
    namespace: str
    name: str
    uid: str
    claim: str
    labels: dict[str, str]
    asked: datetime
    taken: datetime | None = None
    size: int = 0
    error: str = ""


class JobObject(msgspec.Struct):
    """A job of the agent. What it says is below `jobs/UID`. `ended` is when it was seen to have ended."""

    namespace: str
    name: str
    uid: str
    claim: str
    verb: str
    spec: dict[str, Any]
    snapshot: str
    needs_store: bool
    labels: dict[str, str]
    deadline: int
    asked: datetime
    started: datetime | None = None
    stopped: datetime | None = None  # when it was asked to end
    ended: datetime | None = None
    dropped: bool = False
    source: str = ""  # another claim whose files it reads

    @property
    def claims(self) -> tuple[str, ...]:
        return (self.claim, self.source) if self.source else (self.claim,)

    @property
    def pod(self) -> str:
        return f"{self.name}-{self.uid[:5]}"


class EventObject(msgspec.Struct):
    at: datetime
    namespace: str
    subject: str
    reason: str
    message: str
    claims: list[str] = []
    warning: bool = False

    def equals(self, other: EventObject) -> bool:
        return (self.namespace, self.subject, self.reason, self.message) == (
            other.namespace,
            other.subject,
            other.reason,
            other.message,
        )


class Faults(msgspec.Struct):
    """
    What is made to go wrong: attachments that will not go (claims), claims whose driver has no class of snapshots, why
    no snapshot becomes ready, why the node has no place for one more pod; and whether what Git says is put back.
    """

    attached: list[str] = []
    classless: list[str] = []
    snapshots: str = ""
    full: str = ""
    heals: bool = False


class State(msgspec.Struct):
    """
    Everything. Keys: `ns/name`; of workloads `ns/Kind/name`; of released volumes their name; of jobs their uid, for a
    dropped one may go on.
    """

    seeded: datetime | None = None
    small: bool = False
    owners: Literal["real", "beside"] = "real"
    serial: int = 0
    claims: dict[str, ClaimObject] = {}
    workloads: dict[str, WorkloadObject] = {}
    pods: dict[str, PodObject] = {}
    snapshots: dict[str, SnapshotObject] = {}
    released: dict[str, ReleasedObject] = {}
    jobs: dict[str, JobObject] = {}
    events: list[EventObject] = []
    faults: Faults = msgspec.field(default_factory=Faults)

    def next(self) -> int:
        """The version of an object that was changed just now."""
        self.serial += 1
        return self.serial

    def tell(
        self,
        now: datetime,
        namespace: str,
        subject: str,
        reason: str,
        message: str,
        *claims: str,
        warning: bool = False,
    ) -> None:
        """Add an event, in place of an equal one. Old ones go, as they do in Kubernetes after an hour."""
        new = EventObject(now, namespace, subject, reason, message, list(claims), warning)
        kept = (e for e in self.events if now - e.at < EVENTS_LAST and not e.equals(new))
        self.events = [*kept, new][-EVENTS_KEPT:]

    def job_named(self, namespace: str, name: str) -> JobObject | None:
        here = (j for j in self.jobs.values() if not j.dropped and (j.namespace, j.name) == (namespace, name))
        return next(here, None)

    def active_jobs(self, claim: ClaimRef | None = None) -> list[JobObject]:
        """Jobs whose pod is there or about to be, dropped ones that still go on too."""
        return [
            job
            for job in self.jobs.values()
            if job.ended is None and (claim is None or (claim.namespace == job.namespace and claim.name in job.claims))
        ]


def new_uid() -> str:
    return str(uuid4())


class Objects:
    """The one file of objects below a range's directory."""

    def __init__(self, directory: Path) -> None:
        self.path = directory / "objects.json"
        self.lock = directory / "objects.lock"

    def read(self) -> State:
        try:
            return msgspec.json.decode(self.path.read_bytes(), type=State)
        except FileNotFoundError:
            return State()
        except OSError as e:
            raise Unreachable(f"The range's objects cannot be read: {e}") from e

    @contextmanager
    def change(self) -> Iterator[State]:
        """Read, let the caller change, write. If it raises nothing is written. Keep it short: others wait."""
        with locked(self.lock):
            state = self.read()
            before = msgspec.json.encode(state)
            yield state
            after = msgspec.json.encode(state)
            if after != before:
                self.write(after)

    def write(self, content: bytes) -> None:
        try:
            replace(self.path, content)
        except OSError as e:
            raise Unreachable(f"The range's objects cannot be written: {e}") from e


@contextmanager
def locked(path: Path, *, wait: bool = True) -> Iterator[bool]:
    """Hold a lock that the kernel takes back when this process ends. Yields False if it is taken and we do not wait."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(descriptor)


def replace(path: Path, content: bytes, mode: int = 0o600) -> None:
    """Put a whole file in place of the old one, so that a reader sees either and a crash loses neither."""
    new = path.with_name(f".{path.name}.{os.getpid()}.{uuid4().hex[:8]}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        os.replace(new, path)
    except BaseException:
        new.unlink(missing_ok=True)
        raise
