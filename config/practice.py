"""The practice world as our records know it: its volumes, where copies of them live, and copies of days that passed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import incidents
from backups import actions, stores
from backups.models import Source, Volume
from backups.scanning import scan
from cluster.port import Cluster
from cluster.range import errands, volumes
from cluster.range.range import Range
from cluster.range.sample import APPLICATIONS
from cluster.range.sample.application import DAY, HOUR, Application
from cluster.range.store import BUCKET
from incidents.actions import import_report
from incidents.reading.read import read
from incidents.report import report_of
from people.actors import COMMAND

AGENTS = 2  # at a time
PATIENCE = 60  # seconds for one archive
SAMPLE = Path(incidents.__file__).parent / "samples" / "forgotten-house.en.md"
LABELS = {"app.kubernetes.io/managed-by": "aftermath", "aftermath.dev/run": "practice", "aftermath.dev/act": "0"}
SNAPSHOT = "practice-home-assistant"


@dataclass(frozen=True)
class Kept:
    """What the team wants of an application's data, in minutes, and how old its archives are, in seconds."""

    rpo: int
    rto: int
    archives: tuple[float, ...]
    snapshots: bool = False


KEPT = {
    "home-assistant": Kept(rpo=4 * 60, rto=30, archives=(6 * DAY, 27 * HOUR, 3 * HOUR), snapshots=True),
    "wiki": Kept(rpo=24 * 60, rto=60, archives=(8 * DAY, 20 * HOUR), snapshots=True),
    "photos": Kept(rpo=2 * 24 * 60, rto=240, archives=(9 * DAY, 3 * DAY)),
    "vault": Kept(rpo=12 * 60, rto=30, archives=(11 * HOUR,)),
}


def register(world: Range) -> list[Source]:
    """The rows of the four volumes and of where copies of them live; what is there already stays as people left it."""
    sources = []
    for app in APPLICATIONS.values():
        kept = KEPT[app.name]
        volume = Volume.objects.filter(namespace=app.namespace, claim=app.claim).first() or added(world, app, kept)
        sources += [
            Source.objects.filter(volume=volume, kind=kind, prefix=prefix).first()
            or actions.add_source(volume, kind=kind, bucket=bucket, prefix=prefix, by=COMMAND, domain="practice")
            for kind, bucket, prefix in places(app, kept)
        ]
    return sources


def added(world: Range, app: Application, kept: Kept) -> Volume:
    volume = actions.register_volume(
        namespace=app.namespace,
        claim=app.claim,
        by=COMMAND,
        title=app.title,
        uid=app.uid,
        gid=app.gid,
        sentinels=list(app.sentinels),
        rpo=kept.rpo,
        rto=kept.rto,
    )
    filesystem = world.ground.objects.read().claims[str(app.claim_ref)].filesystem
    actions.note_filesystem(volume, filesystem=filesystem, by=COMMAND)
    return volume


def places(app: Application, kept: Kept) -> Iterator[tuple[str, str, str]]:
    yield Source.Kind.ARCHIVES, BUCKET, f"archives/{app.name}"
    if app.copies:
        yield Source.Kind.MIRROR, BUCKET, app.copies.to.removeprefix(f"{BUCKET}/")
    if kept.snapshots:
        yield Source.Kind.SNAPSHOTS, "", ""


def archive_the_past(world: Range) -> int:
    """Have the agent archive each application as it was, where that has not been done; returns how many it made."""
    store = stores.store(BUCKET)
    there = {item.key for page in store.listing("archives/") for item in page}
    wanted = [(app, ago) for app in APPLICATIONS.values() for ago in KEPT[app.name].archives]
    since = world.ground.objects.read().seeded
    assert since is not None, "the world is made before its past"
    missing = [
        (app, since - timedelta(seconds=ago), ago)
        for app, ago in wanted
        if f"archives/{app.name}/{name(since - timedelta(seconds=ago))}.manifest.json" not in there
    ]
    with ThreadPoolExecutor(AGENTS) as pool:
        return len(list(pool.map(lambda each: archive(world, *each), missing)))


def name(taken: datetime) -> str:
    return f"{taken:%Y%m%d-%H%M%S}"


def archive(world: Range, app: Application, taken: datetime, ago: float) -> None:
    """Raises RuntimeError with the agent's last words if it cannot."""
    state = world.ground.objects.read()
    claim = state.claims[str(app.claim_ref)]
    past = world.directory / "past" / f"{app.name}-{name(taken)}"
    items = app.past(state.small, ago)
    volumes.remake(past, items, uid=app.uid, gid=app.gid, now=state.seeded or taken, kind=state.owners)
    spec = {
        "data": str(world.ground.volumes.data(app.claim_ref)),
        "source": str(past),
        "run": "practice",
        "owners": state.owners,
        "filesystem": claim.filesystem,
        "store": {**stores.place(), "bucket": BUCKET},
        "prefix": f"archives/{app.name}",
        "name": name(taken),
        "taken": taken.isoformat(),
        "from_": "quiet",
        "claim_uid": claim.uid,
        "sentinels": list(app.sentinels),
    }
    run_agent(world, json.dumps(spec))
    volumes.remove(past)


def run_agent(world: Range, spec: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "backups.agent", "archive"],
        input=spec,
        capture_output=True,
        text=True,
        cwd=errands.ROOT,
        env={**os.environ, **world.store.environment},
        timeout=PATIENCE,
        check=False,
    )
    if done.returncode:
        raise RuntimeError((done.stdout + done.stderr).strip()[-2000:])


def snapshot(world: Cluster) -> None:
    """A first snapshot, so that there is one to restore from."""
    world.make_snapshot(APPLICATIONS["home-assistant"].claim_ref, SNAPSHOT, labels=LABELS)


def look_at(sources: list[Source], world: Cluster) -> None:
    """The first scan of each source, so that no page has to wait for it."""
    for source in sources:
        scan(source, stores.store, lambda: world)


def remember() -> None:
    """The incident that the practice world is made after, imported from its written post-mortem, once."""
    written = SAMPLE.read_bytes()
    import_report(report_of(read(written)), document_bytes=written, name=SAMPLE.name, by=COMMAND, sample=True)
