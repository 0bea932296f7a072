"""What a worker does with a file that somebody brought: reads it, and makes a recovery point of it, or says why not."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils.timezone import now

from audit.moves import LostRace, move
from backups import uploads
from backups.agent.counting import moment
from backups.errors import BackupsError, NotFound, Refused
from backups.inside import Inside, look
from backups.manifest import Manifest, Stored, beside, shown
from backups.models import RecoveryPoint, Upload
from backups.points import Found, found
from backups.storage import Store
from people.actors import ENGINE

HELD = timedelta(seconds=90)  # a reader that is silent for so long has gone
TELL_EVERY = 5.0  # seconds
AGAIN = timedelta(seconds=30)
STORE = {"refused", "bad-key"}  # what the store refuses says nothing of the file


class Lost(Exception):
    """Another reader took it over."""


class Reading:
    """One worker's hold on an upload, told again and again while it reads."""

    def __init__(self, upload: Upload) -> None:
        self.upload = upload
        self.fence = now() + HELD
        self.next = time.monotonic() + TELL_EVERY

    def take(self) -> bool:
        return self._hold(not_before__lte=now(), fence=self.fence)

    def tick(self, read: int) -> None:
        """Raises Lost when another has it by now."""
        if time.monotonic() < self.next:
            return
        self.next, was, self.fence = time.monotonic() + TELL_EVERY, self.fence, now() + HELD
        if not self._hold(not_before=was, fence=self.fence, read=read):
            raise Lost

    def _hold(self, *, fence: datetime, read: int = 0, **where: Any) -> bool:
        rows = Upload.objects.filter(pk=self.upload.pk, state=self.upload.state, **where)
        return rows.update(not_before=fence, read=read) == 1

    def over(self, to: str, **changes: Any) -> None:
        """Raises LostRace."""
        facts = {"why": changes["why"]} if "why" in changes else {}
        move(self.upload, to, by=ENGINE, where={"not_before": self.fence}, facts=facts, **changes)

    def later(self) -> None:
        self._hold(not_before=self.fence, fence=now() + AGAIN)


def see_to(upload: Upload, store: Callable[[str], Store]) -> bool:
    """Take the upload one step on. False when somebody else is at it."""
    held = Reading(upload)
    if not held.take():
        return False
    try:
        if upload.state == Upload.State.ARRIVING:
            uploads.forget(upload, store(upload.source.bucket))
        else:
            read(held, store(upload.source.bucket))
    except (BackupsError, Lost, LostRace):
        held.later()
    return True


def read(held: Reading, store: Store) -> None:
    upload = held.upload
    volume = upload.source.volume
    try:
        seen = look(store, upload.key, volume.sentinels, root=upload.choice.get("root"), tick=held.tick)
    except (NotFound, Refused) as error:
        if error.code in STORE:
            raise
        refuse(held, store, error)
        return
    if len(seen.roots) > 1:
        held.over("asking", told=asked(seen))
        return
    manifest = manifest_of(upload, seen, volume.sentinels)
    store.put_bytes(beside(upload.key), manifest.to_bytes())
    with transaction.atomic():
        held.over("ready", told=asked(seen))
        keep(upload, found(upload.key, manifest, RecoveryPoint.Kind.UPLOAD))


def refuse(held: Reading, store: Store, error: BackupsError) -> None:
    """Say why, and take the object away: whoever brought it has it still."""
    plain = {name: value for name, value in error.params.items() if isinstance(value, str | int)}
    held.over("refused", why={**plain, "code": error.code, "said": str(error)[:500]})
    if error.code != "object-changed":
        uploads.remove(store, held.upload.key)


def asked(seen: Inside) -> dict[str, Any]:
    """What the page shows of it."""
    witness = seen.witness
    most = sorted(witness.tally.folders().items(), key=lambda pair: -pair[1].bytes)[:20]
    return {
        "inner": shown(seen.layout.inner),
        "root": shown(seen.layout.strip),
        "roots": [{"root": root, "sentinels": sorted(witness.stand.get(root, ()))} for root in seen.roots],
        "files": witness.tally.files,
        "bytes": witness.tally.bytes,
        "top": [{"name": name, "files": each.files, "bytes": each.bytes} for name, each in most],
        "outside": seen.outside,
    }


def manifest_of(upload: Upload, seen: Inside, sentinels: list[str]) -> Manifest:
    """As if it had been archived here; its time is that of the newest thing in it, and never one to come."""
    witness, tally = seen.witness, seen.witness.tally
    newest = moment(tally.newest)
    return Manifest(
        name=upload.name,
        taken_at=min(newest, upload.at) if newest else upload.at,
        finished_at=now(),
        owners="beside" if witness.beside else "real",
        archive=Stored(key=upload.key, bytes=upload.size, sha256=seen.sha256, compression=seen.compression),
        inner=seen.layout.inner,
        strip=seen.layout.strip,
        repeated=witness.repeated,
        files=tally.files,
        directories=tally.directories,
        bytes=tally.bytes,
        stored=witness.stored,
        top=tally.folders(),
        owner_histogram=tally.histogram(),
        newest=newest,
        oldest=moment(tally.oldest),
        sentinels=[witness.sentinel(path) for path in sentinels],
        links_leaving=witness.links_leaving,
    )


def keep(upload: Upload, point: Found) -> RecoveryPoint:
    """The scan of the place would find it too; nobody has to wait for that."""
    made, _new = RecoveryPoint.objects.update_or_create(
        source=upload.source,
        ref=point.ref,
        defaults={
            "volume": upload.source.volume,
            "kind": point.kind,
            "taken": point.taken,
            "bytes": point.bytes,
            "files": point.files,
            "sentinels": dict(point.sentinels),
            "manifest": dict(point.manifest),
            "seen": now(),
            "gone": None,
        },
    )
    return made
