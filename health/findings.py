"""
From what the checks say to findings: seen twice before one is open, clean three times before one is resolved.

`step` is pure. `apply` writes: new suspicions and counts in bulk, and each move of a state with its entry in the trail.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from django.db import transaction

from audit.moves import move
from health.base import Check, Judgement, Result, Verdict, say
from health.models import Finding
from people.actors import ENGINE

State = Literal["none", "suspected", "open", "resolved"]
TOLD = ["level", "facts", "evidence", "doubt", "runbook", "params", "clock", "volume_id"]
COUNTED = ["in_a_row", "last_seen", "asof"]


@dataclass(frozen=True)
class Track:
    """How far a finding has come. `asof` is the time of the data that was last counted."""

    state: State = "none"
    in_a_row: int = 0
    asof: datetime | None = None


def step(track: Track, verdict: Verdict, asof: datetime, check: Check) -> Track:
    """
    What one more look makes of a finding. The same data again change nothing, and neither does what proves nothing.
    """
    if verdict in ("unknown", "nothing") or (track.asof is not None and asof <= track.asof):
        return track
    if verdict == "ok":
        return cleaner(track, asof, check)
    if track.state == "open":
        return Track("open", 0, asof)
    failed = track.in_a_row + 1
    return Track("open", 0, asof) if failed >= check.fails_after else Track("suspected", failed, asof)


def cleaner(track: Track, asof: datetime, check: Check) -> Track:
    if track.state != "open":
        return Track("none", 0, asof)
    clean = track.in_a_row + 1
    return Track("resolved" if clean >= check.resolves_after else "open", clean, asof)


@dataclass(frozen=True)
class Changes:
    """What `apply` did."""

    opened: int = 0
    resolved: int = 0


@transaction.atomic
def apply(judgements: Iterable[Judgement], now: datetime) -> Changes:
    """
    Bring the findings up to what was just judged. A handful of queries, and a few more for each finding that opens or
    ends.
    """
    live: dict[str, dict[str, Finding]] = {}
    for finding in Finding.objects.exclude(state=Finding.State.RESOLVED):
        live.setdefault(finding.check_name, {})[finding.subject] = finding
    was = {each.pk: said(each) for findings in live.values() for each in findings.values()}
    becoming: dict[State, list[Finding]] = {"none": [], "suspected": [], "open": [], "resolved": []}
    for judgement in judgements:
        for finding, track in tracked(judgement, live.get(judgement.check.name, {}), now):
            finding.in_a_row, finding.asof = track.in_a_row, track.asof or now
            becoming[track.state].append(finding)
    keep(becoming["suspected"] + becoming["open"] + becoming["resolved"], was)
    # A suspicion that came to nothing never was a finding: it leaves no trace in the trail.
    Finding.objects.filter(pk__in=[f.pk for f in becoming["none"] if f.pk], state=Finding.State.SUSPECTED).delete()
    opening = [finding for finding in becoming["open"] if finding.state == Finding.State.SUSPECTED]
    for finding in opening:
        move(finding, Finding.State.OPEN, by=ENGINE, facts={"level": finding.level})
    for finding in becoming["resolved"]:
        move(finding, Finding.State.RESOLVED, by=ENGINE, resolved=now)
    return Changes(len(opening), len(becoming["resolved"]))


def said(finding: Finding) -> list[Any]:
    return [getattr(finding, name) for name in TOLD]


def keep(findings: list[Finding], was: dict[int, list[Any]]) -> None:
    """Write what is new or says something else one by one, and all that were only counted together."""
    Finding.objects.bulk_create([each for each in findings if each.pk is None])
    changed = [each for each in findings if each.pk in was and said(each) != was[each.pk]]
    Finding.objects.bulk_update(changed, [*TOLD, *COUNTED], batch_size=200)
    same: dict[tuple[Any, ...], list[int]] = {}
    for each in findings:
        if each.pk in was and said(each) == was[each.pk]:
            same.setdefault(tuple(getattr(each, name) for name in COUNTED), []).append(each.pk)
    for values, numbers in same.items():
        Finding.objects.filter(pk__in=numbers).update(**dict(zip(COUNTED, values, strict=True)))


def tracked(judgement: Judgement, live: dict[str, Finding], now: datetime) -> Iterator[tuple[Finding, Track]]:
    """Each finding that this judgement is about, and what it becomes."""
    check = judgement.check
    told = {result.subject: result for result in judgement.results}
    for subject, finding in live.items():
        if subject not in told:
            yield finding, without_result(finding, judgement, now)
    for result in judgement.results:
        found = live.get(result.subject)
        if found is None and result.verdict not in ("fail", "warn"):
            continue
        if found is None:
            finding = Finding(check_name=check.name, subject=result.subject, first_seen=result.asof)
            yield finding, counted_in(finding, Track(), result, check)
        else:
            yield found, counted_in(found, track_of(found), result, check)


def state_of(finding: Finding) -> State:
    return "open" if finding.state == Finding.State.OPEN else "suspected"


def track_of(finding: Finding) -> Track:
    return Track(state_of(finding), finding.in_a_row, finding.asof)


def counted_in(finding: Finding, track: Track, result: Result, check: Check) -> Track:
    """Take over what the result says, and count it."""
    if result.verdict in ("fail", "warn"):
        finding.level = result.verdict
        finding.facts = dict(result.facts)
        finding.evidence = [{"path": each.path, "value": each.value} for each in result.evidence]
        finding.runbook, finding.params = result.runbook, dict(result.params)
        finding.clock, finding.volume_id = result.clock, result.volume
        finding.last_seen = result.asof
    finding.doubt = dict(result.facts) if result.verdict in ("unknown", "nothing") else {}
    return step(track, result.verdict, result.asof, check)


def without_result(finding: Finding, judgement: Judgement, now: datetime) -> Track:
    """
    Nothing was said about a finding. Was everything read, then its subject is gone, which is clean; else it stays as
    it was, in doubt.
    """
    track = track_of(finding)
    if judgement.why is not None or not judgement.whole:
        finding.doubt = dict(judgement.why or say("unreadable"))
        return track
    finding.doubt = dict(say("subject-gone"))
    return step(track, "ok", now, judgement.check)
