"""What the pods of a workload are made of, and were before."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from cluster.api import ClaimRef, Revision, Template, WorkloadRef
from cluster.errors import Conflict, Refused
from cluster.range.finding import find_claim, find_workload
from cluster.range.objects import RevisionObject, State, WorkloadObject

Security = Mapping[str, Mapping[str, Any]]
KEPT = 10  # older templates, as a Deployment keeps
VOLUME = "data"  # what a pod calls its claim


def revisions(state: State, ref: WorkloadRef) -> tuple[Revision, ...]:
    here = find_workload(state, ref)
    newest = here.revisions[-1:]
    return tuple(
        Revision(old.name, old.number, old.made, old in newest, ready(state, here, old), old.security)
        for old in reversed(here.revisions)
    )


def ready(state: State, here: WorkloadObject, of: RevisionObject) -> bool | None:
    """Whether its pods are; None where it has none."""
    pods = [p for p in state.pods.values() if p.ref == here.ref and p.revision == of.number and not p.deleting]
    return any(p.state == "running" for p in pods) if pods else None


def template(state: State, ref: WorkloadRef, claim: ClaimRef) -> Template:
    here = find_workload(state, ref)
    find_claim(state, claim)
    mounts = claim.namespace == here.namespace and claim.name in here.claims
    return Template(
        containers=(here.container,),
        mount=here.mount if mounts else "",
        volume=VOLUME if mounts else "",
        security=here.security,
        fs_group_works=False,  # the range gives no file to a pod's group
    )


def set_security(state: State, ref: WorkloadRef, was: Security, to: Security, now: datetime) -> None:
    here = find_workload(state, ref)
    if strange := plain(to).keys() - {"", here.container}:
        raise Refused(f"{ref} has no container {' or '.join(sorted(strange))}.")
    if here.security not in (plain(was), plain(to)):
        raise Conflict(f"The security context of {ref} is not what it was when that was approved.")
    put(state, here, to, now)


def put(state: State, here: WorkloadObject, to: Security, now: datetime) -> None:
    if here.security != plain(to):
        here.version = state.next()
        revise(here, here.image, plain(to), now)


def revise(here: WorkloadObject, image: str, security: dict[str, dict[str, Any]], now: datetime) -> None:
    """Another template from now on. One that there was before is the newest again, under its name."""
    name = f"{here.name}-{digest(image, security)}"
    kept = [old for old in here.revisions if old.name != name]
    made = next((old.made for old in here.revisions if old.name == name), now)
    here.revisions = [*kept, RevisionObject(name, here.revision + 1, made, image, security)][-KEPT - 1 :]
    here.image = image


def plain(security: Security) -> dict[str, dict[str, Any]]:
    """Without the contexts that say nothing."""
    return {name: dict(context) for name, context in security.items() if context}


def digest(image: str, security: Security) -> str:
    return hashlib.sha256(msgspec.json.encode([image, security], order="sorted")).hexdigest()[:10]
