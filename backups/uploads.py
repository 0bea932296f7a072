"""Files that people bring as copies of a volume: where they are put, and how they come there."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from pathlib import PurePosixPath
from secrets import token_hex

from django.conf import settings
from django.utils.timezone import now

from backups import stores
from backups.arriving import Arrival
from backups.errors import BackupsError, NotFound
from backups.manifest import beside
from backups.models import Source, Upload, Volume
from backups.points import FOLDER
from backups.storage import Store
from backups.transfer import Upload as Transfer
from people.actors import Actor

AROUND = 1 << 20  # bytes of a form that are not the file's
SILENT = timedelta(minutes=30)  # after which nothing more is expected of a file that was arriving
ODD = re.compile(r"[^A-Za-z0-9._-]+")


def place(volume: Volume) -> Source | None:
    """Where archives of the volume are kept: uploads go beside them. None where no such place is named."""
    return volume.sources.filter(kind=Source.Kind.ARCHIVES, retired=None).order_by("pk").first()


def limit() -> int:
    """The most bytes that a file may have."""
    return int(settings.UPLOAD_LIMIT_GB) * 10**9


def key_of(prefix: str, name: str, at: datetime) -> str:
    """A name of our own that nobody else has, made from what the file is called; never a path of theirs."""
    plain = ODD.sub("-", PurePosixPath(name.replace("\\", "/")).name).strip(".-")[-80:].lstrip(".-") or "file"
    return f"{prefix}/{at:%Y%m%d-%H%M%S}-{token_hex(4)}-{plain}"


def arrival(volume: Volume, beside: Source, *, of: int, by: Actor) -> tuple[Arrival, list[Upload]]:
    """What takes a file in, and the row of it once there is one. `of`: how many bytes are said to come."""
    rows: list[Upload] = []

    def begin(name: str) -> Transfer:
        row = expect(volume, beside, name=name, of=of, by=by)
        rows.append(row)
        return Transfer(stores.store(row.source.bucket), row.key)

    def tell(transfer: Transfer) -> None:
        Upload.objects.filter(pk=rows[0].pk).update(
            size=transfer.bytes, transfer=transfer.upload, not_before=now() + SILENT
        )

    return Arrival(begin, tell, at_most=limit()), rows


def expect(volume: Volume, beside: Source, *, name: str, of: int, by: Actor) -> Upload:
    """A file begins to arrive. Its place is not looked into before it is there."""
    prefix = "/".join(part for part in (beside.prefix, FOLDER) if part)
    source, _made = Source.objects.get_or_create(
        volume=volume,
        kind=Source.Kind.UPLOADS,
        bucket=beside.bucket,
        prefix=prefix,
        defaults={"domain": beside.domain, "not_before": now() + SILENT},
    )
    return Upload.objects.create(
        source=source,
        key=key_of(prefix, name, now()),
        name=name[:255],
        told={"of": of},
        by=by.name,
        not_before=now() + SILENT,
    )


def forget(upload: Upload, store: Store | None = None) -> None:
    """It did not arrive: nothing of it is left, here or, where one is given, in the store. Raises BackupsError."""
    if store is not None:
        if upload.transfer:
            drop(store, upload)
        store.delete(upload.key)
    source = upload.source
    if Upload.objects.filter(pk=upload.pk, state=Upload.State.ARRIVING).delete()[0]:
        unused = Source.objects.filter(pk=source.pk, uploads=None, points=None, scans=None, retired=None)
        unused.delete()


def drop(store: Store, upload: Upload) -> None:
    try:
        store.abort(upload.key, upload.transfer)
    except NotFound:
        return


def remove(store: Store, key: str) -> None:
    """Take away what turned out to be no copy of anything; a key that may not delete leaves it."""
    for each in (beside(key), key):
        try:
            store.delete(each)
        except BackupsError:
            return
