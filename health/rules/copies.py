"""Checks of the copies: what the last listings of each source tell."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from django.utils.translation import gettext_lazy as _

from cluster.api import ClaimRef
from health.base import Evidence, Facts, Result, check, say
from health.observed import Copies, Listing, Observed, Volume

LISTED = ("mirror", "archives")
HALF = 0.5
FEWER = 20  # objects: below this a difference says little


def each_source(seen: Observed, *kinds: str) -> Iterator[tuple[str, Volume, Copies]]:
    """The sources of these kinds with the name that findings about them carry."""
    for volume in sorted(seen.volumes, key=lambda each: each.ref):
        for copies in sorted(volume.copies, key=lambda each: each.id):
            if copies.kind in kinds:
                yield f"{volume.subject}#{copies.id}", volume, copies


def cannot_tell(copies: Copies, seen: Observed) -> Facts | None:
    """Why the newest listing proves nothing: none, broken off, or old."""
    newest = copies.newest
    if newest is None:
        return say("never-scanned", source=copies.name)
    if not newest.complete:
        return say("incomplete", source=copies.name, error=newest.error)
    age = (seen.now - newest.at).total_seconds()
    if age > 2 * max(copies.every, seen.cadence) + seen.confirm:
        return say("old-scan", source=copies.name, seconds=round(age))
    return None


@check("backup-emptied", _("Backup emptied"), reads=["copies"], fails_after=1)
def backup_emptied(seen: Observed) -> Iterator[Result]:
    """
    A complete listing is empty where there was something, and was still empty when it was asked again. It stays
    emptied while it holds little, all of it written since: what a sync writes from an emptied volume is no backup.
    """
    for subject, volume, copies in each_source(seen, *LISTED):
        yield emptied(subject, volume, copies, seen)


def emptied(subject: str, volume: Volume, copies: Copies, seen: Observed) -> Result:
    newest, before = copies.newest, copies.most if replaced(copies) else copies.filled
    why = cannot_tell(copies, seen)
    if why or newest is None:
        return Result(subject, "unknown", why or {}, seen.view.at, "listing", volume=volume.id)
    if newest.count and not replaced(copies):
        return Result(subject, "ok", say("filled", count=newest.count), newest.at, "listing", volume=volume.id)
    if before is None:
        told = say("never-filled", source=copies.name)
        return Result(subject, "nothing", told, newest.at, "listing", volume=volume.id)
    since = (newest.oldest if newest.count else copies.empty_since) or newest.at
    if (newest.at - since).total_seconds() < seen.confirm:
        told = say("asking-again", source=copies.name, seconds=round(seen.confirm))
        return Result(subject, "unknown", told, newest.at, "listing", volume=volume.id)
    told = say("backup-emptied", source=copies.name, count=newest.count, was=before.count, last=before.at.isoformat())
    evidence = [listed(copies, newest), listed(copies, before)]
    if newest.count:
        evidence.insert(1, Evidence(f"{copies.name}: oldest object written", f"{since:%Y-%m-%d %H:%M:%SZ}"))
    return Result(subject, "fail", told, newest.at, "listing", tuple(evidence), volume.id, *cure(volume, copies, seen))


def cure(volume: Volume, copies: Copies, seen: Observed) -> tuple[str, dict[str, int]]:
    """The runbook, and what for: a mirror has what a sync writes to it, and that writes on until it is stopped."""
    running = {ClaimRef(sync.workload.namespace, sync.claim) for sync in seen.view.syncs if sync.running}
    return ("suspend-sync", {"volume": volume.id}) if copies.kind == "mirror" and volume.ref in running else ("", {})


def replaced(copies: Copies) -> bool:
    """Whether it holds little, and nothing of what was there when it held most."""
    newest, most = copies.newest, copies.most
    if newest is None or most is None or not newest.count or not most.count or newest.oldest is None:
        return False
    return newest.count < most.count * HALF and newest.oldest > most.at


def listed(copies: Copies, listing: Listing) -> Evidence:
    return Evidence(f"{copies.name}: objects, listed at {listing.at:%Y-%m-%d %H:%M:%SZ}", str(listing.count))


@check("backup-shrunk", _("Backup shrunk"), reads=["copies"])
def backup_shrunk(seen: Observed) -> Iterator[Result]:
    """
    A mirror holds less than half of the most that it held in the last week. Archives are pruned on purpose: of them
    this is not asked.
    """
    for subject, volume, copies in each_source(seen, "mirror"):
        yield shrunk(subject, volume, copies, seen)


def shrunk(subject: str, volume: Volume, copies: Copies, seen: Observed) -> Result:
    newest, most = copies.newest, copies.most
    why = cannot_tell(copies, seen)
    if why or newest is None:
        return Result(subject, "unknown", why or {}, seen.view.at, "listing", volume=volume.id)
    held, now = (most.count or 0) if most else 0, newest.count or 0
    if most is None or not held:
        told = say("never-filled", source=copies.name)
        return Result(subject, "nothing", told, newest.at, "listing", volume=volume.id)
    if not now or replaced(copies):
        told = say("emptied-instead", source=copies.name)
        return Result(subject, "nothing", told, newest.at, "listing", volume=volume.id)
    if now >= held * HALF or held - now < FEWER:
        return Result(subject, "ok", say("filled", count=now), newest.at, "listing", volume=volume.id)
    told = say("backup-shrunk", source=copies.name, count=now, was=held, last=most.at.isoformat())
    evidence = (listed(copies, newest), listed(copies, most))
    return Result(subject, "fail", told, newest.at, "listing", evidence, volume.id, *cure(volume, copies, seen))


@check("sentinel-missing", _("Sentinel missing from the newest copy"), reads=["copies"])
def sentinel_missing(seen: Observed) -> Iterator[Result]:
    """A path that must be in every copy is not in the newest one."""
    for subject, volume, copies in each_source(seen, *LISTED):
        yield missing(subject, volume, copies, seen)


def missing(subject: str, volume: Volume, copies: Copies, seen: Observed) -> Result:
    newest = copies.newest
    if not volume.sentinels:
        return Result(subject, "nothing", say("no-sentinels"), seen.view.at, "listing", volume=volume.id)
    why = cannot_tell(copies, seen)
    if why or newest is None:
        return Result(subject, "unknown", why or {}, seen.view.at, "listing", volume=volume.id)
    if copies.kind == "archives" and copies.point is None:
        return Result(subject, "nothing", say("no-point", source=copies.name), newest.at, "listing", volume=volume.id)
    there = copies.point.sentinels if copies.kind == "archives" and copies.point else newest.sentinels
    return held(subject, volume, copies, there)


def held(subject: str, volume: Volume, copies: Copies, there: Mapping[str, bool]) -> Result:
    assert copies.newest is not None
    at, name = copies.newest.at, copies.point.ref if copies.kind == "archives" and copies.point else copies.name
    gone = sorted(path for path in volume.sentinels if there.get(path) is False)
    if gone:
        told = say("sentinel-missing", source=copies.name, paths=gone, of=len(volume.sentinels))
        evidence = tuple(Evidence(f"{name}: {path}", "absent") for path in gone)
        return Result(subject, "fail", told, at, "listing", evidence, volume.id)
    if unasked := sorted(path for path in volume.sentinels if path not in there):
        told = say("not-asked-for", source=copies.name, paths=unasked)
        return Result(subject, "unknown", told, at, "listing", volume=volume.id)
    return Result(subject, "ok", say("sentinels-there", of=len(there)), at, "listing", volume=volume.id)
