"""A real Kubernetes: `cluster.port.Cluster` over its API server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cluster.api import (
    Claim,
    ClaimRef,
    Event,
    Job,
    JobSpec,
    Keeper,
    Pod,
    Released,
    Revision,
    Right,
    Room,
    Snapshot,
    Sync,
    Template,
    View,
    Witness,
    Workload,
    WorkloadRef,
)
from cluster.kubernetes import Api
from cluster.live import (
    attachment,
    jobs,
    keepers,
    looks,
    pods,
    released,
    rights,
    room,
    scaling,
    security,
    snapshots,
    syncs,
    volsync,
)
from cluster.live.profile import Profile


@dataclass(frozen=True)
class Live:
    """The cluster behind `api`. `profile` is how our jobs must look to be admitted there."""

    api: Api
    profile: Profile
    name: str = "kubernetes"

    # --- Reading ---

    def view(self) -> View:
        return looks.view(self.api)

    def workload(self, ref: WorkloadRef) -> Workload:
        return looks.workload(self.api, ref)

    def workload_using(self, claim: ClaimRef) -> Workload | None:
        return looks.workload_using(self.api, claim)

    def pods_using(self, claim: ClaimRef) -> tuple[Pod, ...]:
        return looks.pods_using(self.api, claim)

    def claim(self, ref: ClaimRef) -> Claim:
        return looks.claim(self.api, ref)

    def syncs(self, claim: ClaimRef) -> tuple[Sync, ...]:
        return syncs.of(self.api, claim)

    def pods_of(self, sync: Sync) -> tuple[Pod, ...]:
        return looks.pods_of(self.api, sync)

    def waiting(self, sync: Sync) -> tuple[ClaimRef, ...]:
        return volsync.waiting(self.api, sync)

    def witnesses(self, claim: ClaimRef) -> tuple[Witness, ...]:
        return attachment.witnesses(self.api, claim)

    def snapshots(self, claim: ClaimRef) -> tuple[Snapshot, ...]:
        return snapshots.of(self.api, claim)

    def snapshot(self, namespace: str, name: str) -> Snapshot:
        return snapshots.one(self.api, namespace, name)

    def job(self, namespace: str, name: str) -> Job:
        return jobs.read(self.api, namespace, name)

    def log(self, pod: Pod, container: str, lines: int = 20) -> tuple[str, ...]:
        return looks.log(self.api, pod, container, lines)

    def events(self, claim: ClaimRef) -> tuple[Event, ...]:
        return looks.events(self.api, claim)

    def keepers(self, ref: WorkloadRef) -> tuple[Keeper, ...]:
        return keepers.of(self.api, ref)

    def replicas_since(self, ref: WorkloadRef, version: str) -> tuple[int, ...]:
        return scaling.since(self.api, ref, version)

    def revisions(self, ref: WorkloadRef) -> tuple[Revision, ...]:
        return security.revisions(self.api, ref)

    def template(self, ref: WorkloadRef, claim: ClaimRef) -> Template:
        return security.template(self.api, ref, claim)

    def images(self, namespace: str) -> Mapping[str, str]:
        return pods.images(self.api, namespace)

    def room(self, ref: WorkloadRef) -> Room:
        return room.of(self.api, ref)

    def released(self) -> tuple[Released, ...]:
        return released.every(self.api)

    def entering(self, namespace: str, job: str) -> str:
        return jobs.entering(self.api, namespace, job)

    def allowed(self, namespace: str, rights_: Sequence[Right]) -> Mapping[Right, bool]:
        return rights.allowed(self.api, namespace, rights_)

    def lacks(self, claim: ClaimRef | None = None) -> Mapping[str, str]:
        return snapshots.lacking(self.api, claim) if claim else rights.lacks(self.api)

    # --- Changing ---

    def scale(self, ref: WorkloadRef, *, was: int, to: int, dry: bool = False) -> None:
        scaling.scale(self.api, ref, was, to, dry=dry)

    def suspend(self, sync: Sync, *, dry: bool = False) -> None:
        syncs.suspend(self.api, sync, dry=dry)

    def resume(self, sync: Sync, *, dry: bool = False) -> None:
        syncs.resume(self.api, sync, dry=dry)

    def pause(self, keeper: Keeper, ref: WorkloadRef, note: Mapping[str, str], *, dry: bool = False) -> None:
        keepers.pause(self.api, keeper, ref, note, dry=dry)

    def unpause(self, keeper: Keeper, ref: WorkloadRef, *, dry: bool = False) -> None:
        keepers.unpause(self.api, keeper, ref, dry=dry)

    def set_security(
        self,
        ref: WorkloadRef,
        *,
        was: Mapping[str, Mapping[str, Any]],
        to: Mapping[str, Mapping[str, Any]],
        dry: bool = False,
    ) -> None:
        security.put(self.api, ref, was, to, dry=dry)

    def rebind(self, volume: Released, to: ClaimRef, *, labels: Mapping[str, str], dry: bool = False) -> None:
        released.rebind(self.api, volume, to, labels, dry=dry)

    def release(self, claim: ClaimRef, *, labels: Mapping[str, str], dry: bool = False) -> None:
        released.release(self.api, claim, labels, dry=dry)

    def make_snapshot(self, claim: ClaimRef, name: str, *, labels: Mapping[str, str], dry: bool = False) -> None:
        snapshots.make(self.api, claim, name, labels, dry=dry)

    def drop_snapshot(self, namespace: str, name: str, *, dry: bool = False) -> None:
        snapshots.drop(self.api, namespace, name, dry=dry)

    def start_job(self, job: JobSpec, *, dry: bool = False) -> None:
        jobs.start(self.api, self.profile, job, dry=dry)

    def drop_job(self, namespace: str, name: str, *, dry: bool = False) -> None:
        jobs.drop(self.api, namespace, name, dry=dry)
