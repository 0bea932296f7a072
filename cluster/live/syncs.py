"""
Syncs, and how each kind is stopped: a Deployment or StatefulSet has no replicas, a CronJob is suspended and its Jobs
are deleted, a DaemonSet gets a node selector that no node has. The selector's key is ours alone, so that to take it
away again is to put back what was. What runs beside the application in its pods stops with the application. What
VolSync does is paused by its own object: see `cluster.live.volsync`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

from cluster.api import ClaimRef, Sync
from cluster.errors import NotFound, Refused
from cluster.kubernetes import Api
from cluster.live import scaling, volsync
from cluster.live.changing import change
from cluster.live.objects import Controller, Owner, paths_of, pointer
from cluster.live.pods import controller
from cluster.live.storage import claim_at
from cluster.live.workloads import KINDS, Made, in_namespace, one, over

NOWHERE = "aftermath.dev/suspended"
Kind = Literal["Deployment", "StatefulSet", "CronJob", "DaemonSet", "Sidecar"]


def of(api: Api, claim: ClaimRef) -> tuple[Sync, ...]:
    claim_at(api, claim)
    found = (*among(in_namespace(api, claim.namespace)), *volsync.of(api, claim.namespace))
    return tuple(sorted((s for s in found if s.claim == claim.name), key=str))


def among(workloads: Iterable[Made]) -> tuple[Sync, ...]:
    """Every sync of every claim, sorted."""
    return tuple(sorted((s for each in workloads for s in those_of(each)), key=lambda s: (str(s), s.claim)))


def those_of(here: Made) -> Iterator[Sync]:
    """One for each claim that it copies; of a sidecar's workload one for each container too."""
    seen: set[tuple[str, str]] = set()
    kind = kind_of(here)
    for container in here.syncs:
        for claim in here.mounted(container):
            key = (claim, container.name if kind == "Sidecar" else "")
            if key not in seen:
                seen.add(key)
                yield Sync(
                    here.ref,
                    kind,
                    claim,
                    running=is_running(here),
                    replicas=0 if here.ref.kind in ("CronJob", "DaemonSet") else here.replicas,
                    command=" ".join([*container.command, *container.args]),
                    container=container.name,
                )


def kind_of(here: Made) -> Kind:
    """A sidecar is beside something that works with files; what only tells of itself beside a sync owns nothing."""
    copying = {c.name for c in here.syncs}
    beside = any(here.mounted(c) for c in here.running if c.name not in copying)
    return "Sidecar" if beside else next(kind for kind in SYNC_KINDS if kind == here.ref.kind)


SYNC_KINDS: tuple[Kind, ...] = ("Deployment", "StatefulSet", "CronJob", "DaemonSet")
assert set(SYNC_KINDS) == set(KINDS)


def is_running(here: Made) -> bool:
    match here.ref.kind:
        case "CronJob":
            return not here.object.spec.suspend
        case "DaemonSet":
            return NOWHERE not in here.template.spec.node_selector
        case _:
            return here.replicas > 0


# --- Stopping and going on ---


def suspend(api: Api, sync: Sync, *, dry: bool = False) -> None:
    """Whatever its replicas are by now: a sync that runs away is to be stopped, with the Jobs that a CronJob began."""
    if sync.kind in volsync.KINDS:
        return volsync.suspend(api, sync, dry=dry)
    put(api, sync, running=False, dry=dry)
    if sync.workload.kind == "CronJob":
        end_jobs(api, one(api, sync.workload), dry=dry)
    return None


def resume(api: Api, sync: Sync, *, dry: bool = False) -> None:
    if sync.kind in volsync.KINDS:
        return volsync.resume(api, sync, dry=dry)
    return put(api, sync, running=sync.running, dry=dry)


def put(api: Api, sync: Sync, *, running: bool, dry: bool) -> None:
    here = one(api, sync.workload)
    match sync.workload.kind:
        case "CronJob":
            put_cron(api, here, running=running, dry=dry)
        case "DaemonSet":
            put_daemons(api, here, running=running, dry=dry)
        case "Deployment" | "StatefulSet" if running:
            scaling.scale(api, sync.workload, 0, sync.replicas, dry=dry)
        case "Deployment" | "StatefulSet":
            scaling.scale(api, sync.workload, here.replicas, 0, dry=dry)
        case kind:
            raise Refused(f"A {kind} such as {sync} cannot be suspended.")


def put_cron(api: Api, here: Made, *, running: bool, dry: bool) -> None:
    now = here.object.spec.suspend
    if bool(now) == running:
        change(api, here.ref, here.object.metadata, pointer("spec", "suspend"), now, not running, dry=dry)


def end_jobs(api: Api, here: Made, *, dry: bool) -> None:
    """Those that it has started and that have not ended. Asked for again, those that began meanwhile."""
    for job in api.list(paths_of("Job", here.ref.namespace), Controller).whole("Job"):
        owner: Owner | None = controller(job.metadata)
        going = job.metadata.deletion_timestamp is not None
        if owner and owner.uid == here.object.metadata.uid and not over(job) and not going:
            end_job(api, here, job, dry=dry)


def end_job(api: Api, here: Made, job: Controller, *, dry: bool) -> None:
    try:
        api.delete(f"{paths_of('Job', here.ref.namespace)}/{job.metadata.name}", uid=job.metadata.uid, dry=dry)
    except NotFound:
        return  # it has just ended by itself


def put_daemons(api: Api, here: Made, *, running: bool, dry: bool) -> None:
    now = here.template.spec.node_selector
    then = {key: value for key, value in now.items() if key != NOWHERE} | ({} if running else {NOWHERE: "true"})
    if then != now:
        at = pointer("spec", "template", "spec", "nodeSelector")
        change(api, here.ref, here.object.metadata, at, now or None, then or None, dry=dry)
