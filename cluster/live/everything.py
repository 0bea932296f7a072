"""
One look at everything, for the sweep: a list of each kind, all at the same time, and the last words of what fails.

Each list is a part by itself. One that the account may not read, or that does not come, is named as blind; the others
are told all the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from cluster.api import Claim, ClaimRef, Pod, View
from cluster.errors import ClusterError, Unreachable
from cluster.kubernetes import Api, Listing
from cluster.live import asking, snapshots, syncs, volsync
from cluster.live.events import sorted_events
from cluster.live.logs import last_words
from cluster.live.objects import CORE, Controller, EventObject, PodObject, below, paths_of
from cluster.live.pods import NOT_ENDED, Owners, all_at_once, pod_value
from cluster.live.storage import ClaimObject, VolumeObject, claim_value
from cluster.live.workloads import KINDS, Made, Numbered, made

AT_ONCE = 8  # requests side by side


@dataclass
class Parts:
    """The lists, as they came. `blind` has the reason for each that did not."""

    pool: ThreadPoolExecutor
    asked: dict[str, Future[Listing[Any]]] = field(default_factory=dict)
    blind: dict[str, str] = field(default_factory=dict)
    silent: list[Unreachable] = field(default_factory=list)
    unreadable: int = 0

    def ask(self, part: str, question: Callable[[], Listing[Any]]) -> None:
        self.asked[part] = self.pool.submit(question)

    def take(self, part: str) -> tuple[Any, ...]:
        try:
            found = self.asked[part].result()
        except ClusterError as e:
            self.blind[part] = str(e) or type(e).__name__
            self.silent += [e] if isinstance(e, Unreachable) else []
            return ()
        self.unreadable += found.unreadable
        return found.items


def view(api: Api) -> View:
    """Raises Unreachable when not one part was answered."""
    at = datetime.now(UTC)
    with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="view") as pool:
        parts = Parts(pool)
        parts.ask("pods", lambda: api.list(below(CORE, "pods"), PodObject, fieldSelector=NOT_ENDED))
        for kind in KINDS:
            parts.ask(f"workloads:{kind}", partial(api.list, paths_of(kind), Controller))
        parts.ask("claims", lambda: api.list(below(CORE, "persistentvolumeclaims"), ClaimObject))
        parts.ask("claims:volumes", lambda: api.list(below(CORE, "persistentvolumes"), VolumeObject))
        parts.ask("snapshots", lambda: snapshots.every(api))
        for moved in volsync.KINDS:
            parts.ask(f"syncs:{moved}", partial(volsync.every, api, moved))
        parts.ask("events", lambda: api.list(below(CORE, "events"), EventObject, fieldSelector="type=Warning"))
        claims = claims_of(parts)
        workloads = workloads_of(parts, (c.ref for c in claims))
        pods = pods_of(api, parts, workloads)
        taken = parts.take("snapshots")
        moving = tuple(sync for moved in volsync.KINDS for sync in parts.take(f"syncs:{moved}"))
        warned = sorted_events(parts.take("events"))
        if len(parts.silent) == len(parts.asked):
            raise parts.silent[0]
        logs, unread = last_words(api, pool, pods, at)
    return View(
        at=at,
        workloads=tuple(w.value() for w in workloads),
        pods=pods,
        claims=claims,
        snapshots=taken,
        syncs=(*syncs.among(workloads), *moving),
        events=warned,
        logs=logs,
        blind=named(parts.blind) | unread,
        unreadable=parts.unreadable,
    )


def named(blind: Mapping[str, str]) -> dict[str, str]:
    """
    By the names that the checks know. A kind of workload that may not be read leaves the others; without any of them
    there are no workloads to speak of. Syncs are found among the workloads.
    """
    told = dict(blind)
    lacking = [kind for kind in KINDS if f"workloads:{kind}" in told]
    for kind in lacking:
        why = told.pop(f"workloads:{kind}")
        end = "" if len(lacking) == len(KINDS) else f":{kind}"
        told |= {f"workloads{end}": why, f"syncs{end}": why}
    return told


def claims_of(parts: Parts) -> tuple[Claim, ...]:
    volumes = {v.metadata.name: v for v in parts.take("claims:volumes")}
    return tuple(claim_value(here, volumes.get(here.spec.volume_name)) for here in parts.take("claims"))


def workloads_of(parts: Parts, claims: Iterable[ClaimRef]) -> tuple[Made, ...]:
    numbered = Numbered(claims)
    return tuple(made(kind, here, numbered) for kind in KINDS for here in parts.take(f"workloads:{kind}"))


def pods_of(api: Api, parts: Parts, workloads: Iterable[Made]) -> tuple[Pod, ...]:
    owners = Owners(all_at_once(api), {w.ref for w in workloads})
    found = parts.take("pods")
    asked = {here.metadata.uid: parts.pool.submit(asking.as_new, here) for here in found if asking.asked(here)}
    try:
        seen = {here.metadata.uid: pod_value(here, owners.top(here.metadata)) for here in found}
    except ClusterError as e:
        parts.blind["pods"] = f"who made them cannot be read: {e}"
        return ()
    for uid, answer in asked.items():
        seen[uid] = replace(seen[uid], onboarding=answer.result())
    return tuple(sorted(seen.values(), key=str))
