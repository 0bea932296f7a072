"""A Job of ours and its pod, cut down to what tells how it fares."""

from __future__ import annotations

from datetime import datetime

import msgspec

from cluster.live.jobpod import CONTAINER, STARTED
from cluster.live.objects import MANAGED, US, Condition, ContainerState, Meta, Object, PodObject, PodTemplate
from cluster.live.pods import has_ended


class JobBody(Object):
    template: PodTemplate
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


class Pod(PodObject):
    @property
    def agent(self) -> ContainerState:
        found = (c.state for c in self.status.container_statuses if c.name == CONTAINER)
        return next(found, ContainerState())

    @property
    def runs(self) -> bool:
        return self.agent.running is not None and self.metadata.deletion_timestamp is None

    @property
    def over(self) -> bool:
        return has_ended(self)
