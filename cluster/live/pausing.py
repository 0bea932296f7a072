"""
The switches by which keepers are told to leave a workload alone. What a switch was is kept beside the note on the same
object, so that exactly that is put back, also by another process and after it was switched by somebody else before.
Of several pauses the last one's note stands, and what was before the first is what is put back.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec

from cluster import notes
from cluster.api import Keeper, WorkloadRef
from cluster.errors import Conflict, NotFound, Refused
from cluster.kubernetes import Api
from cluster.live import groups
from cluster.live.changing import ANNOTATIONS, Operations, Raw, annotate, dig, put, settle
from cluster.live.objects import path_of, pointer


@dataclass(frozen=True)
class Switch:
    """A value that pauses, at a path of an object. `idle`: without what it is in, nothing goes on either."""

    path: tuple[str, ...]
    off: Any
    idle: bool = False

    def is_off(self, here: Raw) -> bool:
        if self.idle and dig(here, *self.path[:-1]) is None:
            return True
        value = dig(here, *self.path)
        return bool(value == self.off) or str(value).lower() == self.off

    @property
    def pointer(self) -> str:
        return pointer(*self.path)


ARGO = Switch(("spec", "syncPolicy", "automated", "enabled"), off=False, idle=True)
ARGO_OLD = Switch((*ANNOTATIONS, "argocd.argoproj.io/skip-reconcile"), off="true")
FLUX = Switch((*ANNOTATIONS, notes.FLUX[0]), off=notes.FLUX[1])
HELM = Switch(("spec", "suspend"), off=True)
KEDA = Switch((*ANNOTATIONS, "autoscaling.keda.sh/paused"), off="true")
SWITCHES: dict[str, tuple[Switch, ...]] = {
    "ArgoCD": (ARGO, ARGO_OLD), "Flux": (FLUX,), "Helm": (HELM,), "KEDA": (KEDA,)
}  # fmt: skip
"""The later ones are for versions that do not know the first, and drop it."""


def pause(api: Api, keeper: Keeper, ref: WorkloadRef, note: Mapping[str, str], *, dry: bool) -> None:
    path = place(api, keeper, ref)
    switches = SWITCHES[keeper.kind]
    for switch in switches[:-1]:
        # A version that does not know the field drops it without a word: the dry run shows that.
        if switch.is_off(settle(api, path, holding(switch, keeper, ref, note), dry=True)):
            break
    else:
        switch = switches[-1]
    settle(api, path, holding(switch, keeper, ref, note), dry=dry)


def unpause(api: Api, keeper: Keeper, ref: WorkloadRef, *, dry: bool) -> None:
    """A keeper, or a workload, that is gone meanwhile is well: it keeps nothing."""
    try:
        settle(api, place(api, keeper, ref), freeing(keeper), dry=dry)
    except NotFound:
        return


def noted(api: Api, keeper: Keeper, ref: WorkloadRef) -> bool:
    """Whether a note of ours stands where its switch is."""
    return bool(notes.ours(dig(api.get(place(api, keeper, ref), dict[str, Any]), *ANNOTATIONS) or {}))


def place(api: Api, keeper: Keeper, ref: WorkloadRef) -> str:
    """The path of the object that has the switch: Flux is told so on the workload itself."""
    match keeper.kind:
        case "Flux":
            return path_of(ref)
        case "ArgoCD":
            return groups.path(api, groups.ARGO, "applications", keeper.namespace, keeper.name)
        case "Helm":
            return groups.path(api, groups.HELM, "helmreleases", keeper.namespace, keeper.name)
        case "KEDA":
            return groups.path(api, groups.KEDA, "scaledobjects", keeper.namespace, keeper.name)
    raise Refused(f"{keeper} cannot be paused.")


def holding(switch: Switch, keeper: Keeper, ref: WorkloadRef, note: Mapping[str, str]) -> Callable[[Raw], Operations]:
    def plan(here: Raw) -> Operations:
        if keeper.kind != "Flux" and keeper.uid and dig(here, "metadata", "uid") != keeper.uid:
            raise Conflict(f"{keeper} is another object than the one that was seen.")
        had: Mapping[str, str] = dig(here, *ANNOTATIONS) or {}
        was = {} if notes.WAS in had else {notes.WAS: remembered(here, switch)}
        told = {**notes.as_annotations(note), **was}
        if switch.path[:-1] == ANNOTATIONS:
            return annotate(here, {**told, **({} if switch.is_off(here) else {switch.path[-1]: switch.off})})
        return [*annotate(here, told), *([] if switch.is_off(here) else put(here, switch.path, switch.off))]

    return plan


def remembered(here: Raw, switch: Switch) -> str:
    return msgspec.json.encode({switch.pointer: dig(here, *switch.path)}).decode()


def freeing(keeper: Keeper) -> Callable[[Raw], Operations]:
    """Put back what was. Without a note of ours there is nothing of ours to take back."""

    def plan(here: Raw) -> Operations:
        had: Mapping[str, str] = dig(here, *ANNOTATIONS) or {}
        gone = notes.ours(had)
        was = decoded(had.get(notes.WAS, ""))
        changes: dict[str, str] = {}
        operations: Operations = []
        for switch in SWITCHES[keeper.kind]:
            if switch.pointer not in was or not switch.is_off(here):
                continue  # never ours, or switched by somebody else since
            before = was[switch.pointer]
            if switch.path[:-1] != ANNOTATIONS:
                operations += put(here, switch.path, before)
            elif before is None:
                gone.append(switch.path[-1])
            else:
                changes[switch.path[-1]] = str(before)
        return [*annotate(here, changes, gone), *operations]

    return plan


def decoded(written: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(written, type=dict[str, Any])
    except msgspec.MsgspecError:
        return {}
