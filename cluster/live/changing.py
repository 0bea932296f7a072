"""
An object is read, what has to change is planned, and sent with tests on what was read: until it is as wanted, or where
the plan holds only for what was read, once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

import msgspec

from cluster.api import WorkloadRef
from cluster.errors import Conflict
from cluster.kubernetes import Api
from cluster.live.objects import Meta, path_of, pointer, test_and_set

Raw = Mapping[str, Any]
Operations = list[dict[str, Any]]
TRIES = 5  # others change the same object: its status moves every few seconds
ANNOTATIONS = ("metadata", "annotations")


def settle(api: Api, path: str, plan: Callable[[Raw], Operations], *, dry: bool = False) -> Raw:
    """
    Change an object as `plan` says, which sees it as it is and asks for nothing when it is as wanted. Returns it as it
    is then, or would be. Raises what `plan` raises, and Conflict when others change it without end.
    """
    for _ in range(TRIES):
        here = api.get(path, dict[str, Any])
        if not (operations := plan(here)):
            return here
        try:
            answer = api.patch(path, [tested(here, "metadata", "uid"), *operations], dry=dry)
        except Conflict:
            continue
        return msgspec.json.decode(answer, type=dict[str, Any])
    raise Conflict(f"{path} is changed by others all the time.")


def change(api: Api, ref: WorkloadRef, meta: Meta, at: str, was: Any, to: Any, *, dry: bool) -> None:
    """
    Set one value, at a JSON pointer, once: of the very object whose `meta` was read. Raises Conflict where somebody has
    changed it since.
    """
    held: Operations = [  # what was absent cannot be tested: the generation moves with whatever is set
        {"op": "test", "path": "/metadata/uid", "value": meta.uid},
        {"op": "test", "path": "/metadata/generation", "value": meta.generation},
    ]
    try:
        api.patch(path_of(ref), [*held, *test_and_set(at, was, to)], dry=dry)
    except Conflict as e:
        raise Conflict(f"{ref} was changed by somebody else just now: {e}") from e


def dig(here: Any, *path: str) -> Any:
    """The value at a path, which counts in lists; None where there is none."""
    for part in path:
        if isinstance(here, list):
            here = here[int(part)] if int(part) < len(here) else None
        else:
            here = here.get(part) if isinstance(here, Mapping) else None
    return here


def tested(here: Raw, *path: str) -> dict[str, Any]:
    return {"op": "test", "path": pointer(*path), "value": dig(here, *path)}


def put(here: Raw, path: tuple[str, ...], to: Any) -> Operations:
    """Set a value, or take it away with None; nothing where it is so already."""
    was = dig(here, *path)
    if was == to:
        return []
    if dig(here, *path[:-1]) is None:
        return [tested(here, "metadata", "resourceVersion"), *test_and_set(pointer(*path[:-1]), None, {path[-1]: to})]
    return test_and_set(pointer(*path), was, to)


def annotate(here: Raw, to: Mapping[str, str], gone: Collection[str] = ()) -> Operations:
    """Set annotations and take others away."""
    had = dig(here, *ANNOTATIONS)
    if had is None:
        held = tested(here, "metadata", "resourceVersion")
        return [held, *test_and_set(pointer(*ANNOTATIONS), None, dict(to))] if to else []
    changes: dict[str, str | None] = {**dict.fromkeys(gone), **to}
    return [operation for name, value in changes.items() for operation in put(here, (*ANNOTATIONS, name), value)]
