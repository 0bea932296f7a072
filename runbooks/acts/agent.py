"""The agent in a job beside a volume's files: asked, waited for, asked again when its pod was killed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from cluster.api import ClaimRef, Job, JobSpec
from cluster.errors import NotFound
from runbooks.base import Failed, NotYet, facts
from runbooks.world import World

TIMES = 3  # a job whose pod was killed is started again this often
ASK_AGAIN = {"busy", "unreachable"}


class Beside:
    """
    An act that the agent does. `job` is what it is asked; `nothing` the error by which it says that there is nothing
    to take back, which is well where the act stopped half-way.
    """

    nothing: ClassVar[str] = ""

    def job(self, world: World) -> JobSpec:
        raise NotImplementedError

    def do(self, world: World) -> Mapping[str, Any] | None:
        return agent(world, self.job(world), nothing=self.nothing)

    def dry(self, world: World) -> str:
        world.cluster.start_job(self.job(world), dry=True)
        return "accepted"


def beside(
    world: World, claim: ClaimRef, verb: str, spec: Mapping[str, Any], *, minutes: float = 60, **more: Any
) -> JobSpec:
    """The job that does `verb` beside the claim's files. `more` is of `JobSpec`."""
    return JobSpec(claim, world.name(), verb, spec, labels=world.labels(), deadline=round(minutes * 60), **more)


def agent(world: World, job: JobSpec, *, nothing: str = "") -> Mapping[str, Any]:
    """
    The agent's result. Starts its job, or finds the one that was started before; raises NotYet while it works.

    Every verb of the agent may be started twice, so a job that ended without a word (its pod was killed) or that only
    asks for patience is started again under the next name, TIMES at most. Raises Failed with any other error of the
    agent but `nothing`.
    """
    name, here = "", Job("", "failed")
    for part in ("", *(f"-{n}" for n in range(2, TIMES + 1))):
        name = world.name(part)
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
