"""A Job of ours, its pod and its events, cut down to what tells how it fares."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from cluster.live.jobpod import CONTAINER, STARTED
from cluster.live.objects import MANAGED, US, Meta, Object


class Condition(Object):
    type: str
    status: str = ""
    reason: str = ""
    message: str = ""


class SecretName(Object):
    secret_name: str = ""


class ClaimName(Object):
    claim_name: str = ""


class Volume(Object):
    name: str
    secret: SecretName | None = None
    persistent_volume_claim: ClaimName | None = None


class PodSpec(Object):
    volumes: list[Volume] = []


class Template(Object):
    spec: PodSpec


class JobBody(Object):
    template: Template
    suspend: bool = False
    active_deadline_seconds: int = 0


class JobState(Object):
    start_time: datetime | None = None
    conditions: list[Condition] = []


class JobObject(Object):
    metadata: Meta
    spec: JobBody
    status: JobState = msgspec.field(default_factory=JobState)

    @property
    def ours(self) -> bool:
        return self.metadata.labels.get(MANAGED) == US

    @property
    def half(self) -> bool:
        """Made, and never let go. One that somebody has suspended since is another matter."""
        return self.ours and self.spec.suspend and STARTED not in self.metadata.annotations

    @property
    def beside(self) -> str:
        """The name of what it needs and owns."""
        found = [v.secret.secret_name for v in self.spec.template.spec.volumes if v.name == "spec" and v.secret]
        return found[0] if found else ""

    @property
    def claims(self) -> set[str]:
        volumes = self.spec.template.spec.volumes
        return {v.persistent_volume_claim.claim_name for v in volumes if v.persistent_volume_claim}

    def is_(self, kind: str) -> Condition | None:
        return next((c for c in self.status.conditions if c.type == kind and c.status == "True"), None)


class Waiting(Object):
    reason: str = ""
    message: str = ""


class Running(Object):
    started_at: datetime | None = None


class Terminated(Object):
    exit_code: int = 0
    reason: str = ""
    message: str = ""


class State(Object):
    waiting: Waiting | None = None
    running: Running | None = None
    terminated: Terminated | None = None


class ContainerState(Object):
    name: str
    state: State = msgspec.field(default_factory=State)


class PodState(Object):
    phase: str = ""
    reason: str = ""
    message: str = ""
    conditions: list[Condition] = []
    container_statuses: list[ContainerState] = []


class Placed(Object):
    node_name: str = ""


class Pod(Object):
    metadata: Meta
    spec: Placed = msgspec.field(default_factory=Placed)
    status: PodState = msgspec.field(default_factory=PodState)

    @property
    def agent(self) -> State:
        found = (c.state for c in self.status.container_statuses if c.name == CONTAINER)
        return next(found, State())

    @property
    def runs(self) -> bool:
        return self.agent.running is not None and self.metadata.deletion_timestamp is None

    @property
    def over(self) -> bool:
        return self.status.phase in ("Succeeded", "Failed")


class About(Object):
    kind: str = ""
    name: str = ""


class Event(Object):
    metadata: Meta
    involved_object: About
    reason: str = ""
    message: str = ""
    type: str = ""
    last_timestamp: datetime | None = None
    event_time: datetime | None = None

    @property
    def at(self) -> datetime:
        at = self.last_timestamp or self.event_time or self.metadata.creation_timestamp
        return at or datetime.min.replace(tzinfo=UTC)
