"""The range's objects as the values that `cluster.api` promises."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from cluster.api import (
    Claim,
    ClaimRef,
    Container,
    Event,
    Job,
    Pod,
    Room,
    Snapshot,
    Sync,
    Witness,
    Workload,
    WorkloadRef,
)
from cluster.hardening import curbed
from cluster.range import errands, jobs, volumes
from cluster.range.finding import find_workload
from cluster.range.ground import NODE, Ground
from cluster.range.objects import ClaimObject, EventObject, JobObject, PodObject, SnapshotObject, State, WorkloadObject

AGENT_IMAGE = "aftermath"
DRIVER = "range.aftermath.dev"
Says = Literal["attached", "detached", "unknown"]


def workload(state: State, here: WorkloadObject) -> Workload:
    ready = sum(p.ref == here.ref and p.state == "running" and not p.deleting for p in state.pods.values())
    return Workload(
        here.ref, here.uid, str(here.version), here.wanted, ready, tuple(here.claims), dict(here.annotations)
    )


def pod(here: PodObject, of: WorkloadObject | None) -> Pod:
    ready = here.state == "running"
    security = of.security if of else {}
    return Pod(
        here.namespace,
        here.name,
        here.uid,
        NODE,
        "Pending" if here.state == "creating" else "Running",
        ready and not here.deleting,
        here.ref,
        claims=tuple(here.claims),
        containers=(container(here, curbed=curbed(security.get("", {}), security.get(here.container, {}))),),
        created=here.created,
        started=here.created if here.started else None,
        deleting=here.deleting is not None,
        onboarding=here.onboarding,
    )


def container(here: PodObject, *, curbed: bool) -> Container:
    reason = {"creating": "ContainerCreating", "running": "", "backoff": "CrashLoopBackOff"}[here.state]
    return Container(
        here.container,
        "running" if here.state == "running" else "waiting",
        image=here.image,
        command=tuple(here.command),
        ready=here.state == "running",
        restarts=here.restarts,
        reason=reason,
        message=f"back-off restarting failed container {here.container}" if here.state == "backoff" else "",
        last_exit_code=here.exit_code,
        last_finished=here.finished,
        started=here.started if here.state == "running" else None,
        curbed=curbed,
    )


def job_pod(ground: Ground, here: JobObject) -> Pod:
    running = jobs.lives(ground, here)
    agent = Container(
        "agent",
        "running" if running else "waiting",
        image=AGENT_IMAGE,
        command=("python", "-m", "backups.agent", here.verb),
        ready=running,
        reason="" if running else "ContainerCreating",
        started=here.started,
    )
    return Pod(
        here.namespace,
        here.pod,
        here.uid,
        NODE,
        "Running" if running else "Pending",
        running,
        WorkloadRef(here.namespace, "Job", here.name),
        claims=here.claims,
        containers=(agent,),
        created=here.asked,
        started=here.started,
        deleting=here.dropped,
    )


def pods(ground: Ground, state: State, claim: ClaimRef | None = None) -> tuple[Pod, ...]:
    """Every pod, or those that mount the claim. A job's is there from when it was asked for until it has ended."""
    owners = {w.ref: w for w in state.workloads.values()}
    found = [pod(here, owners.get(here.ref)) for here in state.pods.values()]
    found += [job_pod(ground, job) for job in state.active_jobs() if job.started is None or jobs.lives(ground, job)]
    mine = (p for p in found if claim is None or (p.namespace == claim.namespace and claim.name in p.claims))
    return tuple(sorted(mine, key=str))


def claim(ground: Ground, here: ClaimObject) -> Claim:
    root = ground.volumes.data(here.ref)
    return Claim(
        here.ref,
        here.uid,
        "Bound" if root.is_dir() else "Lost",
        here.volume.name if here.volume else f"pv-{here.uid[:8]}",
        here.volume.handle if here.volume else f"range-{here.namespace}-{here.name}",
        DRIVER,
        here.capacity,
        used=volumes.weigh(root) if root.is_dir() else None,
        reclaim="Retain",
    )


def snapshot(here: SnapshotObject) -> Snapshot:
    return Snapshot(
        here.namespace,
        here.name,
        here.uid,
        here.claim,
        ready=here.taken is not None and here.size > 0,
        size=here.size,
        taken=here.taken,
        error=here.error,
        kept=True,
        labels=dict(here.labels),
    )


def sync(here: WorkloadObject) -> Sync | None:
    if here.sync is None:
        return None
    cron = here.kind == "CronJob"
    return Sync(
        here.ref,
        "CronJob" if cron else "Deployment",
        here.sync.claim,
        running=not here.suspended if cron else here.replicas > 0,
        replicas=here.wanted,
        command=here.command[-1],
    )


def syncs(state: State, of: ClaimRef | None = None) -> tuple[Sync, ...]:
    found: Iterable[Sync | None] = (sync(here) for here in state.workloads.values())
    return tuple(
        s for s in found if s and (of is None or (s.workload.namespace == of.namespace and s.claim == of.name))
    )


def room(state: State, ref: WorkloadRef) -> Room:
    """There is one node, which has a place unless it is made to have none."""
    find_workload(state, ref)
    return Room(against={NODE: state.faults.full}) if state.faults.full else Room(nodes=(NODE,))


def event(here: EventObject) -> Event:
    return Event(here.at, f"{here.namespace}/{here.subject}", here.reason, here.message, here.warning)


def witnesses(ground: Ground, state: State, here: ClaimObject) -> tuple[Witness, ...]:
    """Pods, the attachment, and the node's own list, which lets go a little before the attachment does."""
    using = ", ".join(str(p) for p in pods(ground, state, here.ref))
    held = here.attached != "detached"
    stuck = here.attached == "detaching" and str(here.ref) in state.faults.attached
    told = f"{here.attached} {NODE}{': rpc error: code = DeadlineExceeded: target is busy' if stuck else ''}"
    on_node = here.attached == "attached" or stuck
    return (
        Witness("pods", says(bool(using)), using),
        Witness("attachment", says(held), told if held else ""),
        Witness("node", says(on_node), NODE if on_node else ""),
    )


def says(held: bool) -> Says:
    return "attached" if held else "detached"


def log(ground: Ground, state: State, of: Pod, lines: int) -> tuple[str, ...] | None:
    """The last lines of a pod's container; None if there is no such pod."""
    if (here := state.pods.get(str(of))) and here.uid == of.uid:
        return tuple(here.log[-lines:])
    if job := state.jobs.get(of.uid):
        return tuple(errands.lines(ground.volumes.job(job.uid) / "out")[-lines:])
    return None


def failing_logs(state: State) -> dict[str, tuple[str, ...]]:
    bad = (p for p in state.pods.values() if p.state == "backoff")
    return {f"{p.key}/{p.container}": tuple(p.log[-20:]) for p in bad}


def job(ground: Ground, here: JobObject) -> Job:
    return jobs.read(ground, here)
