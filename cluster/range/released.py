"""Volumes whose claim is gone. Their files wait below `released/`; a claim that is made of one has them again."""

from __future__ import annotations

from collections.abc import Mapping

from cluster.api import ClaimRef, Released
from cluster.errors import Conflict, Refused
from cluster.range import jobs
from cluster.range.finding import check_name
from cluster.range.ground import Ground
from cluster.range.looks import DRIVER
from cluster.range.objects import ClaimObject, ReleasedObject, State, new_uid


def every(state: State) -> tuple[Released, ...]:
    return tuple(value(state.released[name]) for name in sorted(state.released))


def value(here: ReleasedObject) -> Released:
    was = ClaimRef(here.namespace, here.claim)
    return Released(here.name, here.uid, was, here.handle, DRIVER, here.capacity)


def rebind(ground: Ground, state: State, volume: Released, to: ClaimRef, labels: Mapping[str, str], dry: bool) -> None:
    check_name(to.name)
    claim = state.claims.get(str(to))
    if claim is not None:
        if claim.volume is None or claim.volume.uid != volume.uid or claim.labels != dict(labels):
            raise Conflict(f'persistentvolumeclaims "{to.name}" already exists, and is another\'s')
        return
    here = state.released.get(volume.volume)
    if here is None or here.uid != volume.uid:
        raise Conflict(f"The volume {volume} is no longer released.")
    if not dry:
        move(ground, state, here, to, labels)


def move(ground: Ground, state: State, here: ReleasedObject, to: ClaimRef, labels: Mapping[str, str]) -> None:
    """Its files become the claim's. They may be so already, by a process that ended before it could say so."""
    source, target = ground.volumes.released(here.name), ground.volumes.data(to)
    if source.is_dir():
        target.parent.mkdir(parents=True, exist_ok=True)
        source.rename(target)
    del state.released[here.name]
    state.claims[str(to)] = ClaimObject(
        to.namespace, to.name, "", new_uid(), state.next(), here.capacity, here.filesystem,
        volume=here, labels=dict(labels),
    )  # fmt: skip


def release(ground: Ground, state: State, of: ClaimRef, labels: Mapping[str, str], dry: bool) -> None:
    claim = state.claims.get(str(of))
    if claim is None:
        return
    if claim.volume is None or claim.labels != dict(labels):
        raise Refused(f"The claim {of} was not made by this run.")
    if users := using(ground, state, of):
        raise Conflict(f"{of} is still used by {', '.join(users)}.")
    if not dry:
        put_back(ground, state, claim, claim.volume)


def using(ground: Ground, state: State, claim: ClaimRef) -> list[str]:
    pods = [p.key for p in state.pods.values() if p.namespace == claim.namespace and claim.name in p.claims]
    return [*pods, *(f"{job.namespace}/{job.name}" for job in jobs.busy(ground, state, claim))]


def put_back(ground: Ground, state: State, claim: ClaimObject, here: ReleasedObject) -> None:
    source, target = ground.volumes.data(claim.ref), ground.volumes.released(here.name)
    if source.is_dir():
        target.parent.mkdir(parents=True, exist_ok=True)
        source.rename(target)
    here.namespace, here.claim, here.filesystem = claim.namespace, claim.name, claim.filesystem
    del state.claims[str(claim.ref)]
    state.released[here.name] = here
