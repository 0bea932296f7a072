"""
What the controllers and the kubelet of a cluster do, in small: pods come and go as workloads want them, volumes are
attached and detached, and containers fare as the files that they find allow.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

from cluster.api import ClaimRef
from cluster.range import errands, jobs, syncs, volumes
from cluster.range.ground import NODE, Ground, Pace
from cluster.range.objects import ClaimObject, PodObject, State, WorkloadObject
from cluster.range.sample import APPLICATIONS
from cluster.range.sample.application import Health

LOG_LINES = 60
WELL = Health(True)


def turn(ground: Ground, now: datetime) -> None:
    seen = ground.objects.read()
    health = {key: look(ground, seen, workload) for key, workload in seen.workloads.items() if workload.app}
    busy = {key for key, workload in seen.workloads.items() if errands.alive(syncs.folder(ground, workload))}
    with ground.objects.change() as state:
        for key, workload in state.workloads.items():
            retire(state, workload, now)
            bury(state, workload, now, ground.pace, busy=key in busy)
            create(state, workload, now)
        for claim in state.claims.values():
            attach(ground, state, claim, now)
        for pod in state.pods.values():
            run(state, pod, health.get(workload_key(pod), WELL), now, ground.pace)
    write_fresh(ground)


def look(ground: Ground, state: State, workload: WorkloadObject) -> Health:
    app = APPLICATIONS[workload.app]
    if why := app.forbidden(workload.security):
        return Health(False, why=why)
    return app.health(ground.volumes.data(app.claim_ref), state.owners)


def workload_key(pod: PodObject) -> str:
    return f"{pod.namespace}/{pod.kind}/{pod.owner}"


# --- Pods come and go -------------------------------------------------------------------------------------------------


def retire(state: State, workload: WorkloadObject, now: datetime) -> None:
    """Pods of an older template are asked to go, then more than are wanted, the newest first."""
    staying = [pod for pod in syncs.pods(state, workload) if not pod.deleting]
    staying.sort(key=lambda pod: pod.revision != workload.revision)
    current = sum(pod.revision == workload.revision for pod in staying)
    may_stay = workload.wanted if workload.kind != "CronJob" else 0 if workload.suspended else len(staying)
    for pod in staying[min(may_stay, current) :]:
        pod.deleting = now
        state.tell(now, pod.namespace, f"Pod/{pod.name}", "Killing", f"Stopping container {pod.container}", *pod.claims)


def bury(state: State, workload: WorkloadObject, now: datetime, pace: Pace, *, busy: bool) -> None:
    """A pod that was asked to go is gone after a moment, but never before its program is."""
    for pod in syncs.pods(state, workload):
        if pod.deleting and now - pod.deleting >= timedelta(seconds=pace.gone) and not busy:
            del state.pods[pod.key]


def create(state: State, workload: WorkloadObject, now: datetime) -> None:
    here = syncs.pods(state, workload)
    if workload.kind == "Deployment" and any(pod.deleting for pod in here):
        return  # strategy Recreate: the old ones go first
    for _ in range(workload.wanted - len(here)):
        uid = str(uuid4())
        pod = PodObject(
            namespace=workload.namespace,
            name=f"{workload.name}-{uid[:8]}",
            uid=uid,
            kind=workload.kind,
            owner=workload.name,
            container=workload.container,
            image=workload.image,
            command=workload.command,
            claims=workload.claims,
            created=now,
            revision=workload.revision,
        )
        state.pods[pod.key] = pod


# --- Volumes are attached and detached --------------------------------------------------------------------------------


def attach(ground: Ground, state: State, claim: ClaimObject, now: datetime) -> None:
    if used(ground, state, claim.ref):
        set_attached(state, claim, "attached", now)
    elif claim.attached == "attached":
        set_attached(state, claim, "detaching", now)
    stuck = str(claim.ref) in state.faults.attached
    over = now - (claim.since or now) >= timedelta(seconds=ground.pace.detach)
    if claim.attached == "detaching" and over and not stuck:
        set_attached(state, claim, "detached", now)


def used(ground: Ground, state: State, claim: ClaimRef) -> bool:
    mine = (p for p in state.pods.values() if p.namespace == claim.namespace and claim.name in p.claims)
    return any(mine) or bool(jobs.busy(ground, state, claim))


def set_attached(state: State, claim: ClaimObject, to: str, now: datetime) -> None:
    if claim.attached == to:
        return
    if to == "attached":
        told = f"AttachVolume.Attach succeeded for volume {claim.name} on {NODE}"
        state.tell(
            now, claim.namespace, f"PersistentVolumeClaim/{claim.name}", "SuccessfulAttachVolume", told, claim.name
        )
        claim.attached, claim.since = "attached", now
    else:
        claim.attached, claim.since = ("detaching" if to == "detaching" else "detached"), now


# --- Containers -------------------------------------------------------------------------------------------------------


def run(state: State, pod: PodObject, health: Health, now: datetime, pace: Pace) -> None:
    """One container's next step: it starts, starts again, goes on, or ends because of what it finds."""
    if pod.deleting:
        return
    if pod.state == "creating" and now - pod.created >= timedelta(seconds=pace.start):
        begin(pod, now)
    elif pod.state == "backoff" and pod.retry and pod.retry <= now:
        pod.restarts += 1
        begin(pod, now)
    if pod.state == "running" and not health.ready:
        crash(state, pod, health.why, now, pace)
    elif pod.state == "running":
        settle(state, pod, health, now)


def begin(pod: PodObject, now: datetime) -> None:
    pod.state, pod.started, pod.retry = "running", now, None
    if app := APPLICATIONS.get(pod.owner):
        say(pod, now, f"starting {app.title} as {app.uid}:{app.gid}")


def settle(state: State, pod: PodObject, health: Health, now: datetime) -> None:
    """It runs. What it says depends on whether it found its data or starts as new."""
    if (app := APPLICATIONS.get(pod.owner)) is None:
        return
    if health.onboarding and not pod.onboarding:
        say(pod, now, "no accounts found: starting as new, onboarding is open")
        state.tell(now, pod.namespace, f"Pod/{pod.name}", "Started", "Started as a new installation", *pod.claims)
    elif pod.started == now and not health.onboarding:
        say(pod, now, app.hello)
    pod.onboarding = health.onboarding


def crash(state: State, pod: PodObject, why: str, now: datetime, pace: Pace) -> None:
    pod.state, pod.finished, pod.exit_code, pod.onboarding = "backoff", now, 1, False
    pod.retry = now + pace.next_start(pod.restarts)
    say(pod, now, f"ERROR {why}")
    say(pod, now, "service ended with code 1")
    told = f"Back-off restarting failed container {pod.container}"
    state.tell(now, pod.namespace, f"Pod/{pod.name}", "BackOff", told, *pod.claims, warning=True)


def say(pod: PodObject, now: datetime, line: str) -> None:
    pod.log = [*pod.log, f"{now:%H:%M:%S} {line}"][-LOG_LINES:]


def write_fresh(ground: Ground) -> None:
    """An application that started as new really writes its first files; written already is well."""
    state = ground.objects.read()
    for pod in state.pods.values():
        app = APPLICATIONS.get(pod.owner)
        if app and app.fresh and pod.onboarding and pod.state == "running" and not pod.deleting:
            root, now = ground.volumes.data(app.claim_ref), ground.clock()
            volumes.fill(root, app.fresh(), uid=app.uid, gid=app.gid, now=now, kind=state.owners)
