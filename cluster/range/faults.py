"""What can be made to go wrong in the practice world: for people who want to see it, and for tests."""

from __future__ import annotations

import signal
from datetime import datetime, timedelta
from typing import Literal, get_args

from cluster.api import ClaimRef
from cluster.errors import Conflict, Refused
from cluster.range import errands, jobs, owners, replicas, syncs, templates, volumes
from cluster.range.finding import find_workload
from cluster.range.ground import Ground
from cluster.range.objects import State, new_uid
from cluster.range.sample.home_assistant import HOME_ASSISTANT

Break = Literal["wrong-owner", "emptied", "wiped-by-sync", "hardened"]
BREAKS: tuple[Break, ...] = get_args(Break)
VICTIM = HOME_ASSISTANT
HARDENED = {VICTIM.name: {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}}
RESPITE = timedelta(seconds=60)  # how long the emptied volume's sync leaves the mirror alone


def break_(ground: Ground, kind: Break, now: datetime) -> None:
    """Let the incident happen to the sample application. Raises Refused for an unknown one, Conflict while jobs run."""
    if kind not in BREAKS:
        raise Refused(f"There is no way to break it called {kind!r}.")
    refuse_while_busy(ground, VICTIM.claim_ref)
    if kind == "wrong-owner":
        give_away(ground)
    elif kind == "hardened":
        harden(ground, now)
    else:
        empty(ground, now, wipe=kind == "wiped-by-sync")
    with ground.objects.change() as state:
        restart(state, now)


def refuse_while_busy(ground: Ground, claim: ClaimRef | None = None) -> None:
    state = ground.objects.read()
    claims = [claim] if claim else [here.ref for here in state.claims.values()]
    for here in claims:
        if busy := jobs.busy(ground, state, here):
            raise Conflict(f"The job {busy[0].name} is at work on {here}.")


def give_away(ground: Ground) -> None:
    """Everything belongs to root, as after a copy made by the wrong user."""
    root, kind = ground.volumes.data(VICTIM.claim_ref), ground.objects.read().owners
    for path in (*volumes.walk(root), root):
        owners.give(path, 0, 0, kind)


def harden(ground: Ground, now: datetime) -> None:
    """A change that was well meant, committed to Git and put into the cluster from there."""
    with ground.objects.change() as state:
        here = find_workload(state, VICTIM.ref)
        templates.put(state, here, {**here.security, **HARDENED}, now)
        if here.git:
            here.git.security = here.security


def empty(ground: Ground, now: datetime, *, wipe: bool) -> None:
    """A format: another filesystem with nothing on it. The sync's next run is now, or after a respite."""
    end_syncs(ground)
    state = ground.objects.read()
    root = ground.volumes.data(VICTIM.claim_ref)
    volumes.remake(root, (), uid=VICTIM.uid, gid=VICTIM.gid, now=now, kind=state.owners)
    with ground.objects.change() as state:
        state.claims[str(VICTIM.claim_ref)].filesystem = new_uid().replace("-", "")[:16]
        for workload in state.workloads.values():
            if workload.sync and workload.sync.claim == VICTIM.claim and workload.namespace == VICTIM.namespace:
                workload.sync.due = now if wipe else now + RESPITE
                if wipe and workload.replicas == 0:
                    replicas.put(state, workload, 1)


def end_syncs(ground: Ground) -> None:
    for workload in ground.objects.read().workloads.values():
        if workload.sync:
            errands.end(syncs.folder(ground, workload), signal.SIGKILL)


def restart(state: State, now: datetime) -> None:
    """The node came back: the application's pods are made anew."""
    for pod in state.pods.values():
        if pod.ref == VICTIM.ref and not pod.deleting:
            pod.deleting = now
            told = f"Stopping container {pod.container}"
            state.tell(now, pod.namespace, f"Pod/{pod.name}", "Killing", told, *pod.claims)


def hold_attachment(ground: Ground, claim: ClaimRef, held: bool = True) -> None:
    """Once nobody uses it, the claim's attachment stays all the same, until it is let go."""
    with ground.objects.change() as state:
        state.faults.attached = [name for name in state.faults.attached if name != str(claim)]
        if held:
            state.faults.attached.append(str(claim))


def refuse_snapshots(ground: Ground, error: str) -> None:
    """No snapshot becomes ready, and this is why; with an empty text they do again."""
    with ground.objects.change() as state:
        state.faults.snapshots = error


def heal(ground: Ground, on: bool = True) -> None:
    """Switch on the GitOps that puts the sample application back to what Git says within seconds."""
    with ground.objects.change() as state:
        state.faults.heals = on


def without_class(ground: Ground, claim: ClaimRef) -> None:
    """The claim's driver has no class of snapshots."""
    with ground.objects.change() as state:
        state.faults.classless.append(str(claim))


def fill_node(ground: Ground, why: str) -> None:
    """The node has no place for one more pod, and this is why; with an empty text it has again."""
    with ground.objects.change() as state:
        state.faults.full = why


def resize(ground: Ground, claim: ClaimRef, capacity: int) -> None:
    """Another capacity in bytes, for a disk that is full."""
    with ground.objects.change() as state:
        state.claims[str(claim)].capacity = capacity


def kill_job(ground: Ground, namespace: str, name: str) -> None:
    """The job's pod ends without a word, as when its node runs out of memory."""
    if job := ground.objects.read().job_named(namespace, name):
        errands.end(ground.volumes.job(job.uid), signal.SIGKILL)
