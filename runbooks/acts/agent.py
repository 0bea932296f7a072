"""The agent in a job beside a volume's files: asked, waited for, asked again when its pod was killed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from cluster.api import ClaimRef, Job, JobSpec
from cluster.errors import NotFound
from runbooks.base import Failed, NotYet, facts
from runbooks.world import World

TIMES = 3  # a job whose pod was killed is started again this often
PARTS = ("", *(f"-{n}" for n in range(2, TIMES + 1)))  # of the names of those
CHANGED = "changed-while-read"  # what somebody writes to may stand still the next time
ASK_AGAIN = {"busy", "unreachable", CHANGED}


class Beside:
    """
    An act that the agent does. `job` is what it is asked; `nothing` the error by which it says that there is nothing
    to take back, which is well where the act stopped half-way.
    """

    nothing: ClassVar[str] = ""

    def job(self, world: World) -> JobSpec:
        raise NotImplementedError

    def do(self, world: World) -> Mapping[str, Any] | None:
        job = self.job(world)
        if world.back:
            end_what_is_taken_back(world, job.claim)
        return agent(world, job, nothing=self.nothing)

    def dry(self, world: World) -> str:
        world.cluster.start_job(self.job(world), dry=True)
        return "accepted"


def beside(
    world: World, claim: ClaimRef, verb: str, spec: Mapping[str, Any], *, minutes: float = 60, **more: Any
) -> JobSpec:
    """The job that does `verb` beside the claim's files. `more` is of `JobSpec`."""
    return JobSpec(claim, world.name(), verb, spec, labels=world.labels(), deadline=round(minutes * 60), **more)


def agent(world: World, job: JobSpec, *, nothing: str = "", mark: str = "") -> Mapping[str, Any]:
    """
    The agent's result. Starts its job, or finds the one that was started before; raises NotYet while it works.

    Every verb of the agent may be started twice, so a job that ended without a word (its pod was killed) or that only
    asks for patience is started again under the next name, TIMES at most. Raises Failed with any other error of the
    agent but `nothing`. `mark` is in the names of the jobs of an act that has more than one asked.
    """
    name, here = "", Job("", "failed")
    for part in PARTS:
        name = world.name(f"{mark}{part}")
        there = found(world, job.claim.namespace, name)
        if there is None:
            world.cluster.start_job(replace(job, name=name))
            raise NotYet(facts("job", verb=job.verb), again_in=0.3)
        here = there
        if here.state in ("pending", "running"):
            raise NotYet(facts("job", verb=job.verb), again_in=0.5, progress=here.progress)
        if here.state == "done":
            return here.result
        if nothing and not world.was_done and here.error.get("code") == nothing:
            return {}
        if here.error and here.error.get("code") not in ASK_AGAIN:
            break
    raise Failed(facts("agent", verb=job.verb, job=name, **told(here)))


def let_go(world: World, namespace: str, mark: str) -> None:
    """Take the jobs of this mark away, whose pods would hold the claim of somebody who wants it gone."""
    for part in PARTS:
        if found(world, namespace, name := world.name(f"{mark}{part}")):
            world.cluster.drop_job(namespace, name)


def end_what_is_taken_back(world: World, claim: ClaimRef) -> None:
    """
    The job of the act that is taken back may still be at work, for hours: it is ended, and its pod is gone, before
    anything else comes near the files. Raises NotYet until then.
    """
    names = set(begun(world, claim.namespace))
    for name in sorted(names):
        here = found(world, claim.namespace, name)
        if here is not None and here.state in ("pending", "running"):
            world.cluster.drop_job(claim.namespace, name)
    pods = [str(pod) for pod in world.cluster.pods_using(claim) if pod.workload.name in names]
    if pods:
        raise NotYet(facts("pods-to-go", pods=sorted(pods)))


def begun(world: World, namespace: str) -> Iterator[str]:
    """The names of the jobs that the act itself may have: each try of a person's, and each that was started again."""
    attempt = 1
    while True:
        forth = replace(world, back=False, attempt=attempt)
        if attempt > 1 and found(world, namespace, forth.name()) is None:
            return
        yield from (forth.name(part) for part in PARTS)
        attempt += 1


def found(world: World, namespace: str, name: str) -> Job | None:
    try:
        return world.cluster.job(namespace, name)
    except NotFound:
        return None


def told(job: Job) -> dict[str, Any]:
    """The agent's error, small enough to keep."""
    params = {k: v for k, v in dict(job.error.get("params") or {}).items() if isinstance(v, str | int | float | list)}
    return {"error": str(job.error.get("code") or "killed"), "message": str(job.error.get("message") or ""), **params}


def parent(key: str) -> str:
    """The prefix that an object is under."""
    return key.rpartition("/")[0]
