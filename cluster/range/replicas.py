"""How many pods a workload is to have, and how many it was to have since."""

from __future__ import annotations

from cluster.api import WorkloadRef
from cluster.errors import Conflict, Refused
from cluster.range.finding import find_workload
from cluster.range.objects import State, WorkloadObject

REMEMBERED = 100  # changes of a workload's replicas


def scale(state: State, ref: WorkloadRef, was: int, to: int) -> None:
    here = find_workload(state, ref)
    if here.kind == "CronJob":
        raise Refused(f"A CronJob such as {ref} has no replicas.")
    if to < 0:
        raise Refused(f"{to} replicas cannot be: must be 0 or more.")
    if here.replicas not in (was, to):
        raise Conflict(f"{ref} has {here.replicas} replicas, neither {was} nor {to}.")
    put(state, here, to)


def put(state: State, here: WorkloadObject, to: int) -> None:
    if here.replicas == to:
        return
    here.replicas, here.version = to, state.next()
    here.scaled = [*here.scaled, (here.version, to)]
    if len(here.scaled) > REMEMBERED:
        (here.known, _), *here.scaled = here.scaled


def since(state: State, ref: WorkloadRef, version: str) -> tuple[int, ...]:
    here = find_workload(state, ref)
    if not version.isdecimal() or not here.known <= int(version) <= here.version:
        raise Conflict(f"What became of {ref} since its version {version} is no longer known.")
    return tuple(to for at, to in here.scaled if at > int(version))
