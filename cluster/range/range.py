"""The practice cluster: `cluster.port.Cluster` over directories, copies, and programs of this machine."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
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
from cluster.errors import NotFound, Refused
from cluster.range import (
    asking,
    faults,
    gitops,
    jobs,
    kubelet,
    looks,
    released,
    replicas,
    snapshots,
    store,
    syncs,
    templates,
    volumes,
    world,
)
from cluster.range.finding import find_claim, find_workload
from cluster.range.ground import AS_LIVE, AT_ONCE, Ground, Pace
from cluster.range.objects import Objects, State, locked

SILENT = 15.0  # seconds without a tick after which nothing is known of pods


def utc_now() -> datetime:
    return datetime.now(UTC)


class Range:
    """
    The range below `directory`. Any number of processes may hold one; one of them, or a test, has to `tick`.

    With `at_once` a tick leaves nothing half done: pods come and go, volumes are detached and jobs run to their end
    within it.
    """

    name = "range"

    def __init__(
        self,
        directory: Path,
        *,
        at_once: bool = False,
        pace: Pace = AS_LIVE,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        pace = AT_ONCE if at_once else pace
        self.directory = directory
        self.ground = Ground(directory, Objects(directory), volumes.Volumes(directory), clock, pace)

    # --- The practice world ---------------------------------------------------------------------------------------

    @property
    def seeded(self) -> bool:
        return self.ground.objects.read().seeded is not None

    @property
    def store(self) -> store.Access:
        """How to reach the range's object store, whether or not its server runs."""
        return store.access(self.directory)

    def seed(self, *, small: bool = False) -> None:
        """Make the practice world if it is not there. `small`: some thirty files, for tests."""
        with self.remaking():
            if not self.seeded:
                world.make(self.ground, self.ground.clock(), small=small)
                self.awake()

    def mend(self) -> None:
        """Put the practice world back as at first. Raises Conflict while jobs run."""
        with self.remaking():
            faults.refuse_while_busy(self.ground)
            faults.end_syncs(self.ground)
            world.make(self.ground, self.ground.clock(), small=self.ground.objects.read().small)
            self.awake()

    def break_(self, kind: faults.Break) -> None:
        """Let one of `faults.BREAKS` happen to the sample application. Raises Refused, or Conflict while jobs run."""
        with self.remaking():
            faults.break_(self.ground, kind, self.ground.clock())

    def remaking(self) -> AbstractContextManager[bool]:
        """One at a time may change what is in the world's claims from outside, however often a button is pressed."""
        return locked(self.directory / "world.lock")

    def awake(self) -> None:
        """Everything runs from the first moment: nobody waits for pods of a world that was made just now."""
        now = self.ground.clock()
        ground = self.ground
        kubelet.turn(Ground(ground.directory, ground.objects, ground.volumes, ground.clock, AT_ONCE), now)
        self.beat()

    def tick(self, now: datetime | None = None) -> bool:
        """What the cluster does by itself, once. False if another process is at it just now."""
        with locked(self.directory / "tick.lock", wait=False) as mine:
            if mine:
                for part in (gitops, syncs, snapshots, jobs, kubelet):
                    part.turn(self.ground, now or self.ground.clock())
                self.beat()
            return mine

    def beat(self) -> None:
        (self.directory / "beat").touch()

    def silent(self) -> float:
        """Seconds since the last tick."""
        try:
            return max(0.0, time.time() - (self.directory / "beat").stat().st_mtime)
        except FileNotFoundError:
            return float("inf")

    def close(self) -> None:
        """End what this process started."""
        for child in self.ground.children.values():
            child.kill()
            child.wait()
        self.ground.children.clear()

    def fingerprint(self, *, apart: bool = False) -> dict[str, Any]:
        """
        All that matters of the world, to be compared: files, replicas, security contexts, annotations, syncs,
        snapshots, filesystems, released volumes. Not uids, versions, times of objects, nor what runs keep beside the
        data, unless `apart`.
        """
        state = self.ground.objects.read()
        data = self.ground.volumes.data
        return {
            "files": {key: volumes.prints(data(c.ref), state.owners, apart=apart) for key, c in state.claims.items()},
            "filesystems": {key: c.filesystem for key, c in state.claims.items()},
            "replicas": {key: w.replicas for key, w in state.workloads.items()},
            "security": {key: w.security for key, w in state.workloads.items()},
            "annotations": {key: w.annotations for key, w in state.workloads.items()},
            "suspended": {key: w.suspended for key, w in state.workloads.items()},
            "snapshots": {key: [s.claim, dict(s.labels), s.taken is not None] for key, s in state.snapshots.items()},
            "released": {
                name: volumes.prints(self.ground.volumes.released(name), state.owners) for name in state.released
            },
        }

    # --- Reading --------------------------------------------------------------------------------------------------

    def view(self) -> View:
        state, ground = self.ground.objects.read(), self.ground
        silent = self.silent()
        blind = {} if silent < SILENT or ground.pace.waits else {"pods": "the range does not run"}
        return View(
            at=ground.clock(),
            workloads=tuple(looks.workload(state, here) for here in state.workloads.values()),
            pods=looks.pods(ground, state),
            claims=tuple(looks.claim(ground, here) for here in state.claims.values()),
            snapshots=tuple(looks.snapshot(here) for here in state.snapshots.values()),
            syncs=looks.syncs(state),
            events=tuple(looks.event(here) for here in state.events),
            logs=looks.failing_logs(state),
            blind=blind,
        )

    def workload(self, ref: WorkloadRef) -> Workload:
        state = self.ground.objects.read()
        return looks.workload(state, find_workload(state, ref))

    def workload_using(self, claim: ClaimRef) -> Workload | None:
        state = self.ground.objects.read()
        find_claim(state, claim)
        using = [w for w in state.workloads.values() if w.namespace == claim.namespace and claim.name in w.claims]
        owning = [w for w in using if w.sync is None]
        if len(owning) > 1:
            raise Refused(
                f"{claim} is used by {' and '.join(str(w.ref) for w in owning)}: which of them owns its data?"
            )
        return looks.workload(state, owning[0]) if owning else None

    def pods_using(self, claim: ClaimRef) -> tuple[Pod, ...]:
        state = self.ground.objects.read()
        find_claim(state, claim)
        return looks.pods(self.ground, state, claim)

    def claim(self, ref: ClaimRef) -> Claim:
        return looks.claim(self.ground, find_claim(self.ground.objects.read(), ref))

    def syncs(self, claim: ClaimRef) -> tuple[Sync, ...]:
        state = self.ground.objects.read()
        find_claim(state, claim)
        return looks.syncs(state, claim)

    def pods_of(self, sync: Sync) -> tuple[Pod, ...]:
        using = self.pods_using(ClaimRef(sync.workload.namespace, sync.claim))
        return tuple(pod for pod in using if pod.workload == sync.workload)

    def waiting(self, sync: Sync) -> tuple[ClaimRef, ...]:
        return ()  # here each reads the claim itself

    def witnesses(self, claim: ClaimRef) -> tuple[Witness, ...]:
        state = self.ground.objects.read()
        return looks.witnesses(self.ground, state, find_claim(state, claim))

    def snapshots(self, claim: ClaimRef) -> tuple[Snapshot, ...]:
        state = self.ground.objects.read()
        find_claim(state, claim)
        mine = (s for s in state.snapshots.values() if (s.namespace, s.claim) == (claim.namespace, claim.name))
        return tuple(looks.snapshot(here) for here in mine)

    def snapshot(self, namespace: str, name: str) -> Snapshot:
        here = self.ground.objects.read().snapshots.get(f"{namespace}/{name}")
        if here is None:
            raise NotFound(f'volumesnapshots "{name}" not found in {namespace}')
        return looks.snapshot(here)

    def job(self, namespace: str, name: str) -> Job:
        here = self.ground.objects.read().job_named(namespace, name)
        if here is None:
            raise NotFound(f'jobs "{name}" not found in {namespace}')
        return jobs.read(self.ground, here)

    def log(self, pod: Pod, container: str, lines: int = 20) -> tuple[str, ...]:
        said = looks.log(self.ground, self.ground.objects.read(), pod, lines)
        if said is None or container not in {c.name for c in pod.containers}:
            raise NotFound(f'container "{container}" of pod {pod} not found')
        return said

    def events(self, claim: ClaimRef) -> tuple[Event, ...]:
        state = self.ground.objects.read()
        find_claim(state, claim)
        mine = (e for e in state.events if e.namespace == claim.namespace and claim.name in e.claims)
        return tuple(looks.event(here) for here in mine)

    def keepers(self, ref: WorkloadRef) -> tuple[Keeper, ...]:
        return gitops.keepers(self.ground.objects.read(), ref)

    def replicas_since(self, ref: WorkloadRef, version: str) -> tuple[int, ...]:
        return replicas.since(self.ground.objects.read(), ref, version)

    def revisions(self, ref: WorkloadRef) -> tuple[Revision, ...]:
        return templates.revisions(self.ground.objects.read(), ref)

    def template(self, ref: WorkloadRef, claim: ClaimRef) -> Template:
        return templates.template(self.ground.objects.read(), ref, claim)

    def images(self, namespace: str) -> Mapping[str, str]:
        return {}  # what runs here was never pulled

    def room(self, ref: WorkloadRef) -> Room:
        return looks.room(self.ground.objects.read(), ref)

    def released(self) -> tuple[Released, ...]:
        return released.every(self.ground.objects.read())

    def entering(self, namespace: str, job: str) -> str:
        return asking.entering(self.ground, self.ground.objects.read(), namespace, job)

    def allowed(self, namespace: str, rights: Sequence[Right]) -> Mapping[Right, bool]:
        return dict.fromkeys(rights, True)

    def lacks(self, claim: ClaimRef | None = None) -> Mapping[str, str]:
        return asking.lacks(self.ground.objects.read(), claim) if claim else {}

    # --- What changes something -----------------------------------------------------------------------------------

    def scale(self, ref: WorkloadRef, *, was: int, to: int, dry: bool = False) -> None:
        with self.change(dry) as state:
            replicas.scale(state, ref, was, to)

    def suspend(self, sync: Sync, *, dry: bool = False) -> None:
        with self.change(dry) as state:
            asking.put_sync(state, sync, running=False)

    def resume(self, sync: Sync, *, dry: bool = False) -> None:
        with self.change(dry) as state:
            asking.put_sync(state, sync, running=sync.running)

    def pause(self, keeper: Keeper, ref: WorkloadRef, note: Mapping[str, str], *, dry: bool = False) -> None:
        with self.change(dry) as state:
            gitops.pause(state, keeper, ref, note)

    def unpause(self, keeper: Keeper, ref: WorkloadRef, *, dry: bool = False) -> None:
        with self.change(dry) as state:
            gitops.unpause(state, keeper, ref)

    def set_security(
        self, ref: WorkloadRef, *, was: templates.Security, to: templates.Security, dry: bool = False
    ) -> None:
        with self.change(dry) as state:
            templates.set_security(state, ref, was, to, self.ground.clock())

    def rebind(self, volume: Released, to: ClaimRef, *, labels: Mapping[str, str], dry: bool = False) -> None:
        with self.change(dry) as state:
            released.rebind(self.ground, state, volume, to, labels, dry)

    def release(self, claim: ClaimRef, *, labels: Mapping[str, str], dry: bool = False) -> None:
        with self.change(dry) as state:
            released.release(self.ground, state, claim, labels, dry)

    def make_snapshot(self, claim: ClaimRef, name: str, *, labels: Mapping[str, str], dry: bool = False) -> None:
        with self.change(dry) as state:
            asking.make_snapshot(state, claim, name, labels, self.ground.clock())

    def drop_snapshot(self, namespace: str, name: str, *, dry: bool = False) -> None:
        with self.change(dry) as state:
            asking.drop_snapshot(state, namespace, name)

    def start_job(self, job: JobSpec, *, dry: bool = False) -> None:
        with self.change(dry) as state:
            asking.start_job(state, job, self.ground.clock())

    def drop_job(self, namespace: str, name: str, *, dry: bool = False) -> None:
        with self.change(dry) as state:
            if here := state.job_named(namespace, name):
                here.dropped = True

    @contextmanager
    def change(self, dry: bool) -> Iterator[State]:
        """The objects to be changed; with `dry` what was changed is forgotten."""
        if dry:
            yield self.ground.objects.read()
        else:
            with self.ground.objects.change() as state:
                yield state
