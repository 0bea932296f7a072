"""Jobs: the real agent as a program beside a claim's files, as in a pod. Its main file's docstring is the protocol."""

from __future__ import annotations

import json
import signal
import sys
from datetime import datetime, timedelta
from typing import Any

import msgspec

from cluster.api import ClaimRef, Job
from cluster.range import errands, store
from cluster.range.ground import Ground
from cluster.range.objects import JobObject, State, replace
from cluster.range.volumes import remove

GRACE = timedelta(seconds=5)  # between being asked to end and being ended
KEPT = timedelta(days=1)  # an ended job can be read this long


def turn(ground: Ground, now: datetime) -> None:
    """Start what is pending, end what is overdue or dropped, note what has ended, forget what is old."""
    seen = ground.objects.read()
    for job in seen.jobs.values():
        if job.started is None and not job.dropped:
            start(ground, job, now, seen)
        elif job.ended is None and lives(ground, job):
            hurry(ground, job, now)
    reap(ground)
    settle(ground, now)


def start(ground: Ground, job: JobObject, now: datetime, seen: State) -> None:
    folder = ground.volumes.job(job.uid)
    with errands.place(folder) as lock:
        replace(folder / "spec.json", json.dumps(spec(ground, job, seen)).encode())
        with ground.objects.change() as state:
            here = state.jobs.get(job.uid)
            if here is None or here.started or here.dropped:
                return
            here.started = now
        env = store.access(ground.directory).environment if job.needs_store else {}
        command = [sys.executable, "-m", "backups.agent", job.verb, "--spec", str(folder / "spec.json")]
        ground.children[folder] = errands.begin(folder, lock, command, env)
    if ground.pace.waits:
        ground.children[folder].wait(job.deadline)


def spec(ground: Ground, job: JobObject, seen: State) -> dict[str, Any]:
    """The agent's spec with what only the range knows: paths, how owners are kept, and what stands for a disk here."""
    claim = seen.claims[f"{job.namespace}/{job.claim}"]
    whole: dict[str, Any] = {
        **job.spec,
        "data": str(ground.volumes.data(claim.ref)),
        "owners": seen.owners,
        "filesystem": claim.filesystem,
        "capacity": claim.capacity,
    }
    if job.snapshot:
        whole["source"] = str(ground.volumes.snapshot(seen.snapshots[f"{job.namespace}/{job.snapshot}"].uid))
    elif job.source:
        whole["source"] = str(ground.volumes.data(ClaimRef(job.namespace, job.source)))
    return whole


def lives(ground: Ground, job: JobObject) -> bool:
    return job.started is not None and job.ended is None and errands.alive(ground.volumes.job(job.uid))


def hurry(ground: Ground, job: JobObject, now: datetime) -> None:
    """A job that was dropped or is past its deadline is asked to end, then ended."""
    overdue = job.started is not None and now - job.started > timedelta(seconds=job.deadline)
    if not (job.dropped or overdue):
        return
    late = job.stopped is not None and now - job.stopped > GRACE
    errands.end(ground.volumes.job(job.uid), signal.SIGKILL if late else signal.SIGTERM)
    if job.stopped is None:
        with ground.objects.change() as state:
            if here := state.jobs.get(job.uid):
                here.stopped = now


def reap(ground: Ground) -> None:
    for folder, child in list(ground.children.items()):
        if child.poll() is not None:
            del ground.children[folder]


def settle(ground: Ground, now: datetime) -> None:
    gone = []
    with ground.objects.change() as state:
        for job in list(state.jobs.values()):
            if job.started and job.ended is None and not lives(ground, job):
                job.ended = now
                tell(ground, state, job, now)
            never = job.dropped and job.started is None
            if never or (job.ended and (job.dropped or now - job.ended > KEPT)):
                gone.append(state.jobs.pop(job.uid))
    for job in gone:
        remove(ground.volumes.job(job.uid))


def tell(ground: Ground, state: State, job: JobObject, now: datetime) -> None:
    told = read(ground, job)
    if told.state == "done":
        state.tell(now, job.namespace, f"Job/{job.name}", "Completed", "Job completed", job.claim)
        return
    late = job.stopped and not job.dropped
    reason = "DeadlineExceeded" if late else "BackoffLimitExceeded"
    why = str(told.error.get("message") or "its pod was killed before it could say anything")
    state.tell(now, job.namespace, f"Job/{job.name}", reason, f"Job failed: {why}", job.claim, warning=True)


def read(ground: Ground, job: JobObject) -> Job:
    """How the job fares, by what the agent said last of each kind. A pod that was killed leaves no error."""
    if job.started is None:
        return Job(job.name, "pending")
    running = lives(ground, job)  # asked before reading: when it has ended, all that it said is there
    said: dict[str, dict[str, Any]] = {}
    for line in errands.lines(ground.volumes.job(job.uid) / "out"):
        said |= message(line)
    done = "result" in said
    return Job(
        job.name,
        "running" if running else "done" if done else "failed",
        progress=said.get("progress", {}),
        result=said.get("result", {}),
        error={} if done else said.get("error", {}),
    )


def message(line: str) -> dict[str, dict[str, Any]]:
    try:
        return msgspec.json.decode(line, type=dict[str, dict[str, Any]])
    except msgspec.DecodeError:
        return {}  # not of the agent's making


def busy(ground: Ground, state: State, claim: ClaimRef) -> list[JobObject]:
    """The jobs at this claim that run or are about to."""
    return [job for job in state.active_jobs(claim) if job.started is None or lives(ground, job)]
