"""What people, and the runs they started, write about volumes and their copies. Each with its entry in the trail."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.timezone import now

from audit.models import record
from audit.moves import move
from backups.models import RecoveryPoint, Source, Upload, Volume
from people.actors import Actor

ABOUT_A_VOLUME = ("title", "uid", "gid", "sentinels", "rpo", "rto")
ABOUT_A_SOURCE = ("domain", "every")


@transaction.atomic
def register_volume(*, namespace: str, claim: str, by: Actor, absent: bool = False, **about: Any) -> Volume:
    """
    A claim whose data matters. `about`: title, uid, gid, sentinels, rpo, rto (minutes). `absent`: it was not there, and
    that was known.
    """
    known = {name: value for name, value in about.items() if name in ABOUT_A_VOLUME}
    volume = Volume.objects.create(namespace=namespace, claim=claim, **known)
    told = {**known, "absent": True} if absent else known
    record("volume.registered", volume, by=by, **told)
    return volume


@transaction.atomic
def edit_volume(volume: Volume, *, by: Actor, **about: Any) -> Volume:
    """Nothing is written when nothing changes."""
    changed = change(Volume.objects.get(pk=volume.pk), ABOUT_A_VOLUME, about)
    if changed:
        record("volume.edited", volume, by=by, changed=changed)
    return Volume.objects.get(pk=volume.pk)


@transaction.atomic
def add_source(volume: Volume, *, kind: str, by: Actor, bucket: str = "", prefix: str = "", **about: Any) -> Source:
    """Where copies of the volume live. One that was retired is used again."""
    known = {name: value for name, value in about.items() if name in ABOUT_A_SOURCE}
    source, made = Source.objects.update_or_create(
        volume=volume,
        kind=kind,
        bucket=bucket,
        prefix=prefix,
        defaults={**known, "retired": None, "not_before": now()},
    )
    record("source.added" if made else "source.used again", source, by=by, volume=str(volume), **known)
    return source


@transaction.atomic
def retire_source(source: Source, *, by: Actor) -> None:
    """It is no longer scanned, and what is in it no longer counts. Nothing is deleted there, nor here."""
    if Source.objects.filter(pk=source.pk, retired=None).update(retired=now()):
        record("source.retired", source, by=by, volume=str(source.volume))


@transaction.atomic
def keep_upload(upload: Upload, *, size: int, by: Actor) -> None:
    """It has arrived in the store, whole: a worker reads it next."""
    source = upload.source
    if not source.uploads.exclude(state=Upload.State.ARRIVING).exists():
        record("source.added", source, by=by, volume=str(source.volume), domain=source.domain)
    Source.objects.filter(pk=source.pk).update(retired=None, not_before=now())
    about = {"key": upload.key, "bytes": size}
    move(upload, "reading", by=by, facts=about, size=size, not_before=now(), transfer="")


@transaction.atomic
def choose_root(upload: Upload, *, root: str, by: Actor) -> None:
    """Say which folder of the file is the volume's root; it is read again, as seen from there. Raises LostRace."""
    move(upload, "reading", by=by, facts={"root": root}, choice={"root": root}, not_before=now(), read=0)


@transaction.atomic
def accept_point(point: RecoveryPoint, *, by: Actor) -> None:
    """It is meant to hold so much less than those before it: what comes after is held against this one."""
    if RecoveryPoint.objects.filter(pk=point.pk, accepted=None).update(accepted=now()):
        record("point.accepted", point, by=by, ref=point.ref, files=point.files, bytes=point.bytes)


@transaction.atomic
def note_verified(point: RecoveryPoint, *, by: Actor) -> None:
    """It was restored somewhere, and found to be what its manifest says."""
    if RecoveryPoint.objects.filter(pk=point.pk).update(verified=now()):
        record("point.verified", point, by=by, ref=point.ref)


@transaction.atomic
def note_restored(volume: Volume, *, seconds: float, by: Actor) -> None:
    """A restore of the volume ended well, and took so long."""
    Volume.objects.filter(pk=volume.pk).update(restored=now(), restored_in=max(round(seconds), 0))
    record("volume.restored", volume, by=by, seconds=max(round(seconds), 0))


@transaction.atomic
def note_filesystem(volume: Volume, *, filesystem: str, by: Actor) -> None:
    """What the agent saw below the volume. Another one than before is worth an entry."""
    was = Volume.objects.values_list("filesystem", flat=True).get(pk=volume.pk)
    if filesystem and filesystem != was:
        Volume.objects.filter(pk=volume.pk).update(filesystem=filesystem)
        record("volume.filesystem seen", volume, by=by, was=was, now=filesystem)


def change(row: Any, names: Sequence[str], about: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Write what differs; returns it as name: [was, is]."""
    changed = {
        name: [getattr(row, name), about[name]] for name in names if name in about and getattr(row, name) != about[name]
    }
    for name, (_was, value) in changed.items():
        setattr(row, name, value)
    if changed:
        row.save(update_fields=list(changed))
    return changed
