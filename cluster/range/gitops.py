"""
GitOps, in small: something that puts a workload back to what Git says, unless it is told to leave it alone. It is
switched on by `faults.heal`; switched off it is not there at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from cluster import notes
from cluster.api import Keeper, WorkloadRef
from cluster.errors import NotFound, Refused
from cluster.range import replicas, templates
from cluster.range.finding import find_workload
from cluster.range.ground import Ground
from cluster.range.objects import State, WorkloadObject

NAMESPACE, NAME, UID = "flux-system", "apps", "b6a1f0de-7a52-4f0e-9a3c-5f3f6c1f4a10"
SAYS = "It is put back to what Git says within seconds."


def keepers(state: State, ref: WorkloadRef) -> tuple[Keeper, ...]:
    here = find_workload(state, ref)
    return (keeper(here),) if state.faults.heals and here.git else ()


def keeper(here: WorkloadObject) -> Keeper:
    return Keeper("Flux", NAMESPACE, NAME, UID, pausable=True, paused=paused(here), detail=SAYS)


def paused(here: WorkloadObject) -> bool:
    name, value = notes.FLUX
    return here.annotations.get(name) == value


def pause(state: State, asked: Keeper, ref: WorkloadRef, note: Mapping[str, str]) -> None:
    """What somebody else has paused is left as it is."""
    here = kept(state, asked, ref)
    if paused(here) and not notes.ours(here.annotations):
        return
    name, value = notes.FLUX
    annotate(state, here, {**here.annotations, name: value, **notes.as_annotations(note)})


def unpause(state: State, asked: Keeper, ref: WorkloadRef) -> None:
    """Without a note of ours there is nothing of ours to take back, and what is gone meanwhile keeps nothing."""
    try:
        here = kept(state, asked, ref)
    except NotFound:
        return
    if not notes.ours(here.annotations):
        return
    gone = {*notes.ours(here.annotations), *(() if asked.paused else notes.FLUX[:1])}
    annotate(state, here, {name: value for name, value in here.annotations.items() if name not in gone})


def annotate(state: State, here: WorkloadObject, to: dict[str, str]) -> None:
    """Of a Deployment, annotations too count as a change."""
    if here.annotations != to:
        here.annotations, here.version = to, state.next()


def kept(state: State, asked: Keeper, ref: WorkloadRef) -> WorkloadObject:
    """The workload that the keeper keeps, switched off or not: a pause that is taken back late must not stay."""
    here = find_workload(state, ref)
    if asked.kind != "Flux":
        raise Refused(f"{asked} cannot be paused.")
    if here.git is None or (asked.namespace, asked.name) != (NAMESPACE, NAME):
        raise NotFound(f'kustomizations "{asked.name}" not found in {asked.namespace}')
    return here


def turn(ground: Ground, now: datetime) -> None:
    """Put back what has been otherwise than in Git for long enough."""
    if not ground.objects.read().faults.heals:
        return
    with ground.objects.change() as state:
        for here in state.workloads.values():
            if here.git and not paused(here):
                heal(state, here, now, timedelta(seconds=ground.pace.heal))


def heal(state: State, here: WorkloadObject, now: datetime, after: timedelta) -> None:
    assert here.git
    if (here.replicas, here.security) == (here.git.replicas, here.git.security):
        here.git.since = None
        return
    here.git.since = here.git.since or now
    if now - here.git.since < after:
        return
    here.git.since = None
    replicas.put(state, here, here.git.replicas)
    templates.put(state, here, here.git.security, now)
    told = f"{here.kind}/{here.namespace}/{here.name} configured"
    state.tell(now, here.namespace, f"{here.kind}/{here.name}", "ReconciliationSucceeded", told, *here.claims)
