"""Finding the range's objects by name, in the words of a real cluster where they are not there."""

from __future__ import annotations

import re

from cluster.api import ClaimRef, WorkloadRef
from cluster.errors import NotFound, Refused
from cluster.range.objects import ClaimObject, State, WorkloadObject

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


def check_name(name: str) -> None:
    if not NAME.fullmatch(name):
        raise Refused(f"{name!r} is no name for an object: lower case letters, digits, '-' and '.' only.")
