"""What is asked of the range and happens at its next ticks: snapshots, jobs, syncs that run or do not."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from datetime import datetime

from cluster.api import ClaimRef, JobSpec, Sync
from cluster.errors import Conflict, NotFound, Refused
from cluster.range import jobs, replicas
from cluster.range.finding import check_name, find_claim, find_workload
from cluster.range.ground import Ground
from cluster.range.looks import DRIVER
from cluster.range.objects import JobObject, SnapshotObject, State, new_uid

MANAGED = ("app.kubernetes.io/managed-by", "aftermath")


def make_snapshot(state: State, claim: ClaimRef, name: str, labels: Mapping[str, str], now: datetime) -> None:
    check_name(name)
    key = f"{claim.namespace}/{name}"
    lacking = lacks(state, claim)
    if here := state.snapshots.get(key):
        if (here.claim, here.labels) != (claim.name, dict(labels)):
            raise Conflict(f'volumesnapshots "{name}" already exists, and is another\'s')
        return
    if lacking:
        raise Refused(lacking["snapshots"])
    state.snapshots[key] = SnapshotObject(claim.namespace, name, new_uid(), claim.name, dict(labels), now)


def lacks(state: State, claim: ClaimRef) -> Mapping[str, str]:
    """A claim whose driver has no class has no snapshots."""
    find_claim(state, claim)
    if str(claim) not in state.faults.classless:
        return {}
    return {"snapshots": f"This cluster has no VolumeSnapshotClass of the driver {DRIVER}."}


def drop_snapshot(state: State, namespace: str, name: str) -> None:
    here = state.snapshots.get(f"{namespace}/{name}")
    if here is None:
        return
    if here.labels.get(MANAGED[0]) != MANAGED[1]:
        raise Refused(f"The snapshot {name} in {namespace} was not made by Aftermath.")
    del state.snapshots[f"{namespace}/{name}"]


def start_job(state: State, job: JobSpec, now: datetime) -> None:
    check_name(job.name)
    find_claim(state, job.claim)
    if here := state.job_named(job.claim.namespace, job.name):
        if (here.claim, here.labels) != (job.claim.name, dict(job.labels)):
            raise Conflict(f'jobs "{job.name}" already exists, and is another\'s')
        return
    check_source(state, job)
    made = job_object(job, now)
    state.jobs[made.uid] = made


def check_source(state: State, job: JobSpec) -> None:
    if job.snapshot and job.source:
        raise Refused("A job has one source: a snapshot, or another claim.")
    if job.source:
        find_claim(state, ClaimRef(job.claim.namespace, job.source))
    if job.snapshot:
        here = state.snapshots.get(f"{job.claim.namespace}/{job.snapshot}")
        if here is None:
            raise NotFound(f'volumesnapshots "{job.snapshot}" not found in {job.claim.namespace}')
        if here.taken is None:
            raise Refused(f"The snapshot {job.snapshot} is not ready to use.")


def job_object(job: JobSpec, now: datetime) -> JobObject:
    return JobObject(
        namespace=job.claim.namespace,
        name=job.name,
        uid=new_uid(),
        claim=job.claim.name,
        verb=job.verb,
        spec=dict(job.spec),
        snapshot=job.snapshot,
        source=job.source,
        needs_store=bool(job.lent),
        labels=dict(job.labels),
        deadline=job.deadline,
        asked=now,
    )


def entering(ground: Ground, state: State, namespace: str, name: str) -> str:
    """Where a person goes to be where the job is: here it is a directory of this machine."""
    here = state.job_named(namespace, name)
    if here is None or not jobs.lives(ground, here):
        return ""
    return f"cd {shlex.quote(str(ground.volumes.data(ClaimRef(here.namespace, here.claim)).absolute()))}"


def put_sync(state: State, sync: Sync, *, running: bool) -> None:
    here = find_workload(state, sync.workload)
    if here.sync is None:
        raise Refused(f"{sync} copies nothing by itself.")
    if here.kind != "CronJob":
        replicas.put(state, here, sync.replicas if running else 0)
    elif here.suspended == running:
        here.suspended, here.version = not running, state.next()
