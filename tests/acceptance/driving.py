"""Runs driven as a worker drives them, in this process: what the faults need, which no browser can time."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from audit.models import broken
from backups import actions as volumes
from backups import stores
from backups.models import RecoveryPoint, Source, Volume
from backups.scanning import scan
from cluster.kubernetes import Api
from cluster.live.live import Live
from cluster.live.profile import Profile
from people.actors import Actor
from runbooks import actions, engine
from runbooks.library.archive_volume import ArchiveVolume
from runbooks.library.restore_volume import RestoreVolume
from runbooks.library.snapshot_volume import SnapshotVolume
from runbooks.models import KNOCKED, Run
from tests.acceptance.scene.objects import CLAIM
from tests.acceptance.stage import Stage

LONGEST = 240.0  # seconds of one run
SENTINELS = [".storage/auth", "configuration.yaml"]


@dataclass
class Drive:
    """One person's runs on the scene. `cluster` is how the worker reaches it, which may be through a proxy."""

    stage: Stage
    by: Actor
    cluster: Live

    # --- Records ---

    def register(self) -> Volume:
        """The volume of the scene and where its copies live; it is made once."""
        here = Volume.objects.filter(namespace=self.stage.namespace, claim=CLAIM).first()
        if here is None:
            here = volumes.register_volume(
                namespace=self.stage.namespace, claim=CLAIM, uid=1000, gid=1000, sentinels=SENTINELS, by=self.by
            )
            volumes.add_source(here, kind="archives", bucket=self.stage.bucket, prefix="archives", by=self.by)
            volumes.add_source(here, kind="snapshots", by=self.by)
        return here

    def scan(self) -> None:
        Source.objects.update(not_before="2000-01-01T00:00:00Z")
        for source in Source.objects.all():
            scan(source, stores.store, lambda: self.cluster)

    def archive(self) -> RecoveryPoint:
        """Of what the volume holds now."""
        volume = self.register()
        run = self.starts(ArchiveVolume(volume=volume.pk))
        self.ends(run, "done")
        self.scan()
        return RecoveryPoint.objects.filter(volume=volume, kind="archive", gone=None).latest("taken")

    def point(self) -> RecoveryPoint:
        """The first archive of the scene, of when it was whole; made if there is none."""
        volume = self.register()
        self.scan()
        found = RecoveryPoint.objects.filter(volume=volume, kind="archive", gone=None).order_by("taken").first()
        return found or self.archive()

    def snapshot(self) -> RecoveryPoint:
        volume = self.register()
        run = self.starts(SnapshotVolume(volume=volume.pk))
        self.ends(run, "done")
        self.scan()
        return RecoveryPoint.objects.get(volume=volume, ref__startswith=f"{run.tag}-")

    # --- Runs ---

    def drafts(self, runbook: Any) -> Run:
        run = actions.draft(runbook, by=self.by)
        self.goes_on(run, {"draft", "refused"})
        assert run.state == "draft", run.why
        return run

    def starts(self, runbook: Any) -> Run:
        run = self.drafts(runbook)
        assert not [o for o in run.objections if o["stops"]], run.objections
        actions.start(run, typed=str(run.volume), by=self.by)
        return run

    def drafts_restore(self, point: RecoveryPoint) -> Run:
        return self.drafts(RestoreVolume(volume=point.volume_id, point=point.pk))

    def cancels(self, run: Run) -> None:
        actions.cancel(Run.objects.get(pk=run.pk), by=self.by)

    def restores(self, point: RecoveryPoint) -> Run:
        return self.starts(RestoreVolume(volume=point.volume_id, point=point.pk))

    def goes_on(
        self,
        run: Run,
        until: set[str] | None = None,
        *,
        meanwhile: Callable[[], Any] = lambda: None,
        limit: float = LONGEST,
    ) -> str:
        """Knock as workers do until the run is in one of these states, or wants no worker any more."""
        deadline = time.monotonic() + limit
        while True:
            wait = engine.advance(run.pk, self.cluster)
            meanwhile()
            run.refresh_from_db()
            run.__dict__.pop("plan", None)
            if run.state in (until or ()) or run.state not in KNOCKED:
                return run.state
            assert time.monotonic() < deadline, f"{run} is {run.state} after {limit:g} s: {self.at(run)}"
            time.sleep(min(wait if wait is not None else 0.2, 1.0))

    def undoes(self, run: Run, **more: Any) -> None:
        actions.undo(run, by=self.by)
        self.ends(run, "undone", **more)

    def ends(self, run: Run, how: str, **more: Any) -> None:
        self.goes_on(run, **more)
        assert run.state == how, f"{run.state}: {run.why} {self.at(run)}"
        assert broken() is None, "the trail is whole"

    def at(self, run: Run) -> Any:
        """What it is at, for a message."""
        last = run.records.order_by("pk").last()
        return last and (last.position, last.facts.get("code"), last.waiting, last.result)

    def position(self, run: Run, code: str) -> int:
        """Of the first act whose sentence begins so."""
        return next(n for n, act in enumerate(run.plan, 1) if act.told().code.startswith(code))

    def reach(self, run: Run, code: str, **more: Any) -> None:
        """Go on until the act is begun."""
        position = self.position(run, code)

        def begun() -> bool:
            return run.records.filter(position=position, undo=False).exists()

        deadline = time.monotonic() + LONGEST
        while not begun():
            wait = engine.advance(run.pk, self.cluster)
            run.refresh_from_db()
            assert run.state in KNOCKED, f"{run.state}: {run.why}"
            assert time.monotonic() < deadline, self.at(run)
            if not begun():
                time.sleep(min(wait if wait is not None else 0.2, 1.0))


def live(kubeconfig: str, image: str) -> Live:
    return Live(Api.connect(kubeconfig), Profile(image))
