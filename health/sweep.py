"""One sweep: look at the cluster once, add what the last scans told, ask every check, bring the findings up to date."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, get_args

from django.utils.timezone import localdate, now
from msgspec import to_builtins

from backups.queries import SourceRow, volumes_and_scans
from cluster.api import View
from cluster.errors import ClusterError
from cluster.port import Cluster
from health.base import Check, Judgement, Part, judge
from health.findings import Changes, apply
from health.models import Reading
from health.observed import Copies, Listing, Observed, Point, Volume
from health.pace import confirm, promised
from health.rules import all_checks
from health.usual import remember, usual

log = logging.getLogger(__name__)
PARTS = [part for part in get_args(Part) if part != "copies"]
MOST_UNKNOWN = 200  # subjects kept by name; beyond that only their number


def sweep(connect: Callable[[], Cluster], clock: Callable[[], datetime] = now) -> Changes:
    """Look, judge, write. Where the cluster does not answer its subjects are unknown; the copies are judged still."""
    started = time.monotonic()
    view, error = look(connect, clock)
    looked = time.monotonic()
    history = told("used")
    seen = Observed(
        view=view,
        now=clock(),
        volumes=tuple(volumes()),
        usual=usual(history),
        confirm=confirm(),
        cadence=promised(),
    )
    before = told("checks")
    due = [check for check in all_checks() if is_due(check, before, seen.now)]
    judgements = [judge(check, seen) for check in due]
    judged = time.monotonic()
    changes = apply(judgements, seen.now)
    if not error:
        write("used", remember(history, view.claims, localdate()), seen.now)
        write("claims", {"claims": [plain(claim) for claim in view.claims]}, view.at)
        write("syncs", {"syncs": to_builtins(view.syncs)}, view.at)
        write_released(connect, clock)
    write("checks", tally(judgements, before, seen.now), seen.now)
    seconds = {"look": round(looked - started, 3), "judge": round(judged - looked, 3)}
    write("cluster", summary(view) | {"seconds": seconds}, None if error else view.at, error)
    return changes


def look(connect: Callable[[], Cluster], clock: Callable[[], datetime]) -> tuple[View, str]:
    """The view and "", or a view that is blind in every part and the reason."""
    try:
        return connect().view(), ""
    except ClusterError as error:
        log.warning("The cluster did not answer: %s", error)
        reason = str(error) or type(error).__name__
        return View(at=clock(), blind=dict.fromkeys(PARTS, reason)), reason


def write_released(connect: Callable[[], Cluster], clock: Callable[[], datetime]) -> None:
    """The volumes that no claim has any more: data that people ask for, and no check does."""
    try:
        write("released", {"released": to_builtins(connect().released())}, clock())
    except ClusterError as error:
        write("released", told("released"), None, str(error))


def volumes() -> Iterable[Volume]:
    for volume, sources in volumes_and_scans():
        yield Volume(volume.pk, volume.ref, tuple(volume.sentinels), tuple(copies(each) for each in sources))


def copies(row: SourceRow) -> Copies:
    source, point = row.source, row.point
    return Copies(
        id=source.pk,
        kind=source.kind,
        name=row.name,
        every=source.every,
        newest=listing(row.newest),
        filled=listing(row.filled),
        empty_since=row.empty_since,
        most=listing(row.most),
        point=Point(point.ref, point.taken, row.held) if point else None,
    )


def listing(scan: Any) -> Listing | None:
    if scan is None:
        return None
    sentinels = {path: bool(seen.get("exists")) for path, seen in scan.told.get("sentinels", {}).items()}
    oldest = scan.told.get("oldest")
    return Listing(
        scan.at, scan.complete, scan.count, scan.error, datetime.fromisoformat(oldest) if oldest else None, sentinels
    )


def plain(claim: Any) -> dict[str, Any]:
    names = ("uid", "phase", "volume", "driver", "capacity", "used", "reclaim")
    return {"namespace": claim.ref.namespace, "name": claim.ref.name} | {name: getattr(claim, name) for name in names}


def summary(view: View) -> dict[str, Any]:
    names = ("workloads", "pods", "claims", "snapshots", "syncs")
    counts = {name: len(getattr(view, name)) for name in names}
    return {"counts": counts, "blind": dict(view.blind), "unreadable": view.unreadable}


def is_due(check: Check, before: Mapping[str, Any], at: datetime) -> bool:
    asked = before.get("checks", {}).get(check.name, {}).get("at")
    return not check.cadence or not asked or (at - datetime.fromisoformat(asked)).total_seconds() >= check.cadence


def tally(judgements: Sequence[Judgement], before: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    """
    For each check how many subjects had which verdict and why it could not be asked; and the subjects nobody could
    tell about, with the reason, since when.
    """
    since = {(each["check"], each["subject"]): each["since"] for each in before.get("unknown", ())}
    checks = dict(before.get("checks", {}))
    asked = {judgement.check.name for judgement in judgements}
    unknown = [each for each in before.get("unknown", ()) if each["check"] not in asked]
    for judgement in judgements:
        name, why = judgement.check.name, dict(judgement.why) if judgement.why else None
        was = checks.get(name, {})
        blind_since = (was.get("since") if was.get("why") else None) or at.isoformat()
        counts = Counter(result.verdict for result in judgement.results)
        checks[name] = {"at": at.isoformat(), "counts": dict(counts), "why": why, "since": blind_since if why else None}
        unknown += [
            {
                "check": name,
                "subject": each.subject,
                "facts": dict(each.facts),
                "since": since.get((name, each.subject), at.isoformat()),
                "volume": each.volume,
            }
            for each in judgement.results
            if each.verdict == "unknown"
        ]
    return {"checks": checks, "unknown": unknown[:MOST_UNKNOWN]}


def told(what: str) -> dict[str, Any]:
    reading = Reading.objects.filter(what=what).first()
    return reading.told if reading else {}


def write(what: str, told: Mapping[str, Any], at: datetime | None, error: str = "") -> None:
    """Keep a reading. `at` None: the look failed, and the time of the last good one stays."""
    changes: dict[str, Any] = {"told": told, "tried": now(), "error": error} | ({"at": at} if at else {})
    Reading.objects.update_or_create(what=what, defaults=changes)
