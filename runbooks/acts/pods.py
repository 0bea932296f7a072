"""Acts on a recovery pod: a place beside the files where a person can work, for a set time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from cluster.api import ClaimRef, JobSpec
from cluster.errors import NotFound
from runbooks import rights
from runbooks.acts.agent import found, told
from runbooks.base import Act, Facts, Failed, NotYet, facts
from runbooks.world import World

SPARE = 120  # seconds that the job may last longer than the pod is to be open


@dataclass(frozen=True)
class OpenPod(Act):
    """Start a pod that has the claim and does nothing, for `seconds`."""

    claim: ClaimRef
    name: str
    seconds: int
    minutes: ClassVar[float] = 10
    needs: ClassVar = rights.JOB

    def told(self) -> Facts:
        return facts("open-pod", claim=self.claim, seconds=self.seconds)

    def job(self, world: World) -> JobSpec:
        spec = {"run": world.tag, "seconds": self.seconds}
        return JobSpec(self.claim, self.name, "hold", spec, labels=world.labels(), deadline=self.seconds + SPARE)

    def do(self, world: World) -> Mapping[str, Any]:
        job = found(world, self.claim.namespace, self.name)
        if job is None:
            world.cluster.start_job(self.job(world))
        if job is None or job.state == "pending":
            raise NotYet(facts("pod-to-start", name=self.name))
        if job.state == "failed":
            raise Failed(facts("agent", verb="hold", job=self.name, **told(job)))
        return {"job": self.name}

    def dry(self, world: World) -> str:
        world.cluster.start_job(self.job(world), dry=True)
        return "accepted"

    def inverse(self) -> Act:
        return ClosePod(self.claim, self.name)


@dataclass(frozen=True)
class ClosePod(Act):
    """End the recovery pod, and wait until it is gone. What was done in it stays done."""

    claim: ClaimRef
    name: str
    minutes: ClassVar[float] = 10
    needs: ClassVar = rights.needed(rights.LOOK, rights.JOB)

    def told(self) -> Facts:
        return facts("close-pod", claim=self.claim)

    def do(self, world: World) -> None:
        world.cluster.drop_job(self.claim.namespace, self.name)
        if found(world, self.claim.namespace, self.name):
            raise NotYet(facts("pods-to-go", pods=[self.name]))
        if pods := self.pods(world):  # the job goes at once, and its pod when it has ended
            raise NotYet(facts("pods-to-go", pods=sorted(pods)))

    def pods(self, world: World) -> list[str]:
        try:
            using = world.cluster.pods_using(self.claim)
        except NotFound:
            return []
        return [str(pod) for pod in using if (pod.workload.kind, pod.workload.name) == ("Job", self.name)]


@dataclass(frozen=True)
class PodOpen(Act):
    """Wait until the recovery pod has ended: by itself when its time is over, or because it was closed."""

    claim: ClaimRef
    name: str
    asks_only: ClassVar[bool] = True
    minutes: ClassVar[float] = 25 * 60
    needs: ClassVar = rights.JOB

    def told(self) -> Facts:
        return facts("pod-open", claim=self.claim)

    def do(self, world: World) -> Mapping[str, Any]:
        job = found(world, self.claim.namespace, self.name)
        if job is None or job.state in ("done", "failed"):
            return {"lasted": job.result.get("seconds") if job else None}
        command = world.cluster.entering(self.claim.namespace, self.name)
        shown = {"command": command, "seconds_left": job.progress.get("seconds_left")}
        raise NotYet(facts("pod-is-open", claim=self.claim), again_in=2.0, progress=shown)
