"""Finding the range's objects by name, in the words of a real cluster where they are not there, and making new ones."""

from __future__ import annotations

import re
from datetime import datetime

from cluster.api import ClaimRef, JobSpec, WorkloadRef
from cluster.errors import NotFound, Refused
from cluster.range.objects import ClaimObject, JobObject, State, WorkloadObject, new_uid

NAME = re.compile(r"[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?")


def find_workload(state: State, ref: WorkloadRef) -> WorkloadObject:
    here = state.workloads.get(f"{ref.namespace}/{ref.kind}/{ref.name}")
    if here is None:
        raise NotFound(f'{ref.kind.lower()}s "{ref.name}" not found in {ref.namespace}')
    return here


def find_claim(state: State, ref: ClaimRef) -> ClaimObject:
    here = state.claims.get(str(ref))
    if here is None:
        raise NotFound(f'persistentvolumeclaims "{ref.name}" not found in {ref.namespace}')
    return here


def set_replicas(state: State, here: WorkloadObject, to: int) -> None:
    if here.replicas != to:
        here.replicas, here.version = to, state.next()


def check_name(name: str) -> None:
    if not NAME.fullmatch(name):
        raise Refused(f"{name!r} is no name for an object: lower case letters, digits, '-' and '.' only.")


def job_object(job: JobSpec, now: datetime) -> JobObject:
    return JobObject(
        namespace=job.claim.namespace,
        name=job.name,
        uid=new_uid(),
        claim=job.claim.name,
        verb=job.verb,
        spec=dict(job.spec),
        snapshot=job.snapshot,
        needs_store=bool(job.lent),
        labels=dict(job.labels),
        deadline=job.deadline,
        asked=now,
    )
