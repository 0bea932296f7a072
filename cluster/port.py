"""
What the rest of the program may ask of a cluster. Nothing here knows who answers.

Two answer: the practice range (`cluster.range`) and a real Kubernetes (`cluster.live`). The same contract tests run
over both. The verbs that change something say what must be so: called twice, they leave the cluster as called once.
With `dry=True` they ask for the same answer and change nothing. Each has a deadline of its own and raises one of
`cluster.errors`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

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


class Cluster(Protocol):
    """Reading first, then what changes something."""

    @property
    def name(self) -> str: ...
    def view(self) -> View: ...
    def workload(self, ref: WorkloadRef) -> Workload: ...
    def workload_using(self, claim: ClaimRef) -> Workload | None:
        """The one workload whose data the claim is (a sync that reads it is not). Refused when there are two."""
        ...

    def pods_using(self, claim: ClaimRef) -> tuple[Pod, ...]:
        """Every pod that mounts the claim, whoever made it, terminating ones too."""
        ...

    def claim(self, ref: ClaimRef) -> Claim: ...
    def syncs(self, claim: ClaimRef) -> tuple[Sync, ...]: ...
    def pods_of(self, sync: Sync) -> tuple[Pod, ...]:
        """The pods in which it copies, terminating ones too; also those that have only a copy of its claim."""
        ...

    def waiting(self, sync: Sync) -> tuple[ClaimRef, ...]:
        """The copies of its claim that it has taken already, and would send first, whatever the claim holds by now."""
        ...

    def witnesses(self, claim: ClaimRef) -> tuple[Witness, ...]: ...
    def snapshots(self, claim: ClaimRef) -> tuple[Snapshot, ...]: ...
    def snapshot(self, namespace: str, name: str) -> Snapshot: ...
    def job(self, namespace: str, name: str) -> Job: ...
    def log(self, pod: Pod, container: str, lines: int = 20) -> tuple[str, ...]: ...
    def events(self, claim: ClaimRef) -> tuple[Event, ...]: ...
    def keepers(self, ref: WorkloadRef) -> tuple[Keeper, ...]:
        """Who changes the workload by itself, sorted. A kind that the cluster does not have is not there."""
        ...

    def replicas_since(self, ref: WorkloadRef, version: str) -> tuple[int, ...]:
        """
        The replicas that the workload has been given after `version`, oldest first, also those that were changed back
        since; empty where nobody touched it. Raises Conflict where the cluster no longer remembers so far back.
        """
        ...

    def revisions(self, ref: WorkloadRef) -> tuple[Revision, ...]:
        """The templates that the cluster still has of the workload, newest first."""
        ...

    def template(self, ref: WorkloadRef, claim: ClaimRef) -> Template: ...
    def images(self, namespace: str) -> Mapping[str, str]:
        """
        The images that the pods of a namespace run, as these name them, each by the digest that its node has. One whose
        digest nobody tells is not there.
        """
        ...

    def room(self, ref: WorkloadRef) -> Room:
        """Where one more pod of the workload would find a place, by what the nodes have and what their pods ask."""
        ...

    def released(self) -> tuple[Released, ...]:
        """The volumes that no claim has any more, sorted by name."""
        ...

    def entering(self, namespace: str, job: str) -> str:
        """The command by which a person enters the pod of a job that runs. Empty while there is none."""
        ...

    def allowed(self, namespace: str, rights: Sequence[Right]) -> Mapping[Right, bool]:
        """Which of these the account that this program uses has in the namespace."""
        ...

    def lacks(self, claim: ClaimRef | None = None) -> Mapping[str, str]:
        """
        What this cluster cannot do at all, and why: `snapshots` where it has no such API or no class. Of a claim, what
        cannot be done with its volume: `snapshots` where its driver has no class, and `driver` where the cluster has no
        object of that driver. A part that is not named here is there.
        """
        ...

    def scale(self, ref: WorkloadRef, *, was: int, to: int, dry: bool = False) -> None:
        """Set the replicas from `was` to `to`. Conflict when they are neither."""
        ...

    def suspend(self, sync: Sync, *, dry: bool = False) -> None: ...
    def resume(self, sync: Sync, *, dry: bool = False) -> None:
        """Put the sync back as `sync` says that it was."""
        ...

    def make_snapshot(self, claim: ClaimRef, name: str, *, labels: Mapping[str, str], dry: bool = False) -> None:
        """Ask for a snapshot that is kept. Asked for again by the same name and labels: nothing more happens."""
        ...

    def pause(self, keeper: Keeper, ref: WorkloadRef, note: Mapping[str, str], *, dry: bool = False) -> None:
        """
        Tell the keeper to leave the workload alone. `note` is left as annotations: who, why, until when. One that
        somebody else has paused is left as it is.
        """
        ...

    def unpause(self, keeper: Keeper, ref: WorkloadRef, *, dry: bool = False) -> None:
        """Put the keeper back as `keeper` says that it was, and take our note away."""
        ...

    def set_security(
        self,
        ref: WorkloadRef,
        *,
        was: Mapping[str, Mapping[str, Any]],
        to: Mapping[str, Mapping[str, Any]],
        dry: bool = False,
    ) -> None:
        """Set the security contexts of a workload's template, as a `Revision` has them, and nothing else of it.
        Conflict when they are neither `was` nor `to`."""
        ...

    def rebind(self, volume: Released, to: ClaimRef, *, labels: Mapping[str, str], dry: bool = False) -> None:
        """
        Make a claim that has the released volume, which is kept from now on whatever becomes of the claim. A claim of
        that name that is ours already is well. Conflict for another's, or when the volume is no longer released.
        """
        ...

    def release(self, claim: ClaimRef, *, labels: Mapping[str, str], dry: bool = False) -> None:
        """Take back `rebind`: delete the claim that carries these labels; its volume stays. Gone already is well."""
        ...

    def drop_snapshot(self, namespace: str, name: str, *, dry: bool = False) -> None:
        """Gone already is well. Refused for one that does not carry our labels."""
        ...

    def start_job(self, job: JobSpec, *, dry: bool = False) -> None:
        """Started already by that name is well."""
        ...

    def drop_job(self, namespace: str, name: str, *, dry: bool = False) -> None:
        """End it if it runs, wait for nothing. Gone already is well."""
        ...
