"""
What pages read of the world's state: live findings, what is unknown, and how old all of it is.

Nothing here asks the world, and the number of queries does not grow with the rows.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django.db.models import Q, QuerySet
from django.urls import NoReverseMatch, reverse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cluster.api import ClaimRef
from health.base import CHECKS
from health.models import Finding, Reading
from health.pace import promised
from health.rules import all_checks
from health.sentences import say
from people.words import number

LEVELS = ("fail", "warn")
WORST = ("fail", "warn", "unknown", "ok", "nothing")


def title_of(check: str) -> str:
    all_checks()
    return str(CHECKS[check].title) if check in CHECKS else check


def subject_said(subject: str) -> str:
    """A subject as people read it: `workload:home/Deployment/app` is home/app, `volume:home/a#3` is home/a."""
    kind, _colon, name = subject.partition(":")
    name = name.partition("#")[0]
    parts = name.split("/")
    return f"{parts[0]}/{parts[-1]}" if kind == "workload" and len(parts) == 3 else name


@dataclass(frozen=True)
class FindingRow:
    """A finding as a page shows it, said in the reader's language."""

    finding: Finding

    @property
    def title(self) -> str:
        return title_of(self.finding.check_name)

    @property
    def sentence(self) -> str:
        return say(self.finding.facts)

    @property
    def doubt(self) -> str:
        """Why the last sweep could not tell whether it still is so; "" when it could."""
        return say(self.finding.doubt)

    @property
    def on(self) -> str:
        return subject_said(self.finding.subject)

    @property
    def state(self) -> str:
        """fail or warn, also while the last sweeps could not tell: it is as it was. ok when it is resolved."""
        return "ok" if self.finding.state == Finding.State.RESOLVED else self.finding.level

    @property
    def word(self) -> str:
        return state_word("resolved" if self.finding.state == Finding.State.RESOLVED else self.state)

    @property
    def stage(self) -> str:
        """How far it has come."""
        return {
            Finding.State.SUSPECTED: _("Seen once; asked again before it counts"),
            Finding.State.OPEN: _("Open"),
            Finding.State.RESOLVED: _("Resolved"),
        }[Finding.State(self.finding.state)]

    @property
    def clock(self) -> str:
        return {
            "pod": _("the pods, as last swept"),
            "log": _("the log, as last swept"),
            "claim": _("the volume's claim, as last swept"),
            "listing": _("the listing of the copies"),
        }.get(self.finding.clock, self.finding.clock)

    @property
    def launch(self) -> str:
        """Where to launch the runbook that the check suggests, filled in; "" where there is none."""
        if not self.finding.runbook or self.finding.state == Finding.State.RESOLVED:
            return ""
        try:
            href = reverse("runbook", args=[self.finding.runbook])
        except NoReverseMatch:
            return ""
        return f"{href}?{urlencode(self.finding.params)}" if self.finding.params else href

    @property
    def launch_label(self) -> str:
        return {
            "restore-volume": _("Restore"),
            "fix-permissions": _("Fix permissions"),
            "roll-back-security": _("Roll back a security context"),
            "suspend-sync": _("Suspend a sync"),
            "snapshot-volume": _("Snapshot"),
            "archive-volume": _("Archive"),
        }.get(self.finding.runbook, self.finding.runbook)


def state_word(state: str) -> str:
    return {
        "fail": _("Fail"),
        "warn": _("Warn"),
        "unknown": _("Unknown"),
        "ok": _("Ok"),
        "nothing": _("Nothing to prove"),
        "resolved": _("Resolved"),
    }[state]


def findings() -> QuerySet[Finding]:
    return Finding.objects.select_related("volume")


def live(limit: int | None = None) -> list[FindingRow]:
    """What fails now, then what warns; the newest first. One query."""
    rows = findings().filter(state=Finding.State.OPEN).order_by("level", "-first_seen", "-pk")
    return [FindingRow(finding) for finding in (rows[:limit] if limit else rows)]


def of_volume(pk: int, ref: str) -> list[FindingRow]:
    """The live findings about a volume, its copies, and what runs on it. One query."""
    about = Q(volume=pk) | Q(subject=f"volume:{ref}")
    rows = findings().filter(about, state=Finding.State.OPEN).order_by("level", "-first_seen")
    return [FindingRow(finding) for finding in rows]


def in_the_while(start: datetime, end: datetime | None, volumes: Iterable[int] = ()) -> list[FindingRow]:
    """The findings that were open at some time between two instants; only those of some volumes, if any are named."""
    rows = findings().exclude(state=Finding.State.SUSPECTED).filter(Q(resolved=None) | Q(resolved__gte=start))
    rows = rows.filter(first_seen__lte=end) if end else rows
    wanted = list(volumes)
    rows = rows.filter(volume__in=wanted) if wanted else rows
    return [FindingRow(finding) for finding in rows.order_by("-first_seen")[:100]]


@dataclass(frozen=True)
class UnknownRow:
    """What nobody could tell: a check that could not be asked (`subject` ""), or one subject of it."""

    check: str
    subject: str
    facts: Mapping[str, Any]
    since: datetime

    @property
    def title(self) -> str:
        return title_of(self.check)

    @property
    def word(self) -> str:
        return state_word("unknown")

    @property
    def sentence(self) -> str:
        return say(self.facts)

    @property
    def on(self) -> str:
        return subject_said(self.subject) if self.subject else _("everything")


@dataclass(frozen=True)
class CheckRow:
    """One check and how its subjects stand."""

    name: str
    at: datetime
    counts: Mapping[str, int]
    why: Mapping[str, Any] | None = None

    @property
    def title(self) -> str:
        return title_of(self.name)

    @property
    def state(self) -> str:
        """The worst of its subjects; "nothing" where there is nothing to prove."""
        if self.why:
            return "unknown"
        return next((verdict for verdict in WORST if self.counts.get(verdict)), "nothing")

    @property
    def colour(self) -> str:
        return "" if self.state == "nothing" else self.state

    @property
    def word(self) -> str:
        return state_word(self.state)

    @property
    def unknown_word(self) -> str:
        return state_word("unknown")

    @property
    def sentence(self) -> str:
        """How many subjects have which verdict."""
        if self.why:
            return say(self.why)
        told = [f"{number(self.counts[v])} {state_word(v).lower()}" for v in WORST if self.counts.get(v)]
        return ", ".join(told) or _("There is no subject: nothing to prove.")

    @property
    def on(self) -> str:
        count = sum(self.counts.values())
        return ngettext("%(n)s subject", "%(n)s subjects", count) % {"n": number(count)}


@dataclass(frozen=True)
class Health:
    """
    The last sweep as pages need it. `old`: over twice its cadence ago, so nothing in it is green. `counts` are of
    subjects, by verdict; a finding is only open after the second look, so `counts["fail"]` may be ahead of `live`.
    """

    at: datetime | None
    tried: datetime | None
    error: str
    unreadable: int
    counts: Mapping[str, int]
    checks: tuple[CheckRow, ...]
    unknown: tuple[UnknownRow, ...]
    seen: Mapping[str, int]

    @property
    def old(self) -> bool:
        return self.at is None or now() - self.at > timedelta(seconds=2 * promised())

    @property
    def subjects(self) -> int:
        return sum(self.counts.values())


def health() -> Health:
    """One query."""
    readings = {reading.what: reading for reading in Reading.objects.filter(what__in=["cluster", "checks"])}
    cluster, checks = readings.get("cluster"), readings.get("checks")
    told = checks.told if checks else {}
    rows = tuple(
        CheckRow(name, datetime.fromisoformat(each["at"]), each["counts"], each["why"])
        for name, each in sorted(told.get("checks", {}).items())
    )
    counts = Counter[str]()
    for row in rows:
        counts.update(row.counts)
    unknown = unasked(told) + [
        UnknownRow(each["check"], each["subject"], each["facts"], datetime.fromisoformat(each["since"]))
        for each in told.get("unknown", ())
    ]
    return Health(
        at=cluster.at if cluster else None,
        tried=cluster.tried if cluster else None,
        error=cluster.error if cluster else "",
        unreadable=cluster.told.get("unreadable", 0) if cluster else 0,
        counts=counts,
        checks=rows,
        unknown=tuple(unknown),
        seen=cluster.told.get("counts", {}) if cluster else {},
    )


def unasked(told: Mapping[str, Any]) -> list[UnknownRow]:
    """The checks that could not be asked at all."""
    return [
        UnknownRow(name, "", each["why"], datetime.fromisoformat(each["since"]))
        for name, each in sorted(told.get("checks", {}).items())
        if each["why"]
    ]


@dataclass(frozen=True)
class ClaimRow:
    """A claim of the last sweep, and the volume of ours that it is, if it is one."""

    namespace: str
    name: str
    capacity: int
    used: int | None
    phase: str
    volume: int | None

    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


def claims(volumes: Mapping[tuple[str, str], int]) -> list[ClaimRow]:
    """The claims of the last sweep by name; `volumes` are ours by namespace and claim. One query."""
    reading = Reading.objects.filter(what="claims").first()
    found = reading.told.get("claims", []) if reading else []
    return [
        ClaimRow(
            c["namespace"], c["name"], c["capacity"], c["used"], c["phase"], volumes.get((c["namespace"], c["name"]))
        )
        for c in sorted(found, key=lambda each: (each["namespace"], each["name"]))
    ]


def known_claims(namespace: str) -> frozenset[ClaimRef] | None:
    """
    Every claim of the last sweep; None where it is old, or could not see all of those in the namespace. One query.
    """
    readings = {reading.what: reading for reading in Reading.objects.filter(what__in=["cluster", "claims"])}
    cluster, claims = readings.get("cluster"), readings.get("claims")
    if not cluster or not claims or not claims.at or cluster.error or cluster.told.get("unreadable"):
        return None
    blind = {"claims", f"claims:{namespace}"} & cluster.told.get("blind", {}).keys()
    if blind or now() - claims.at > timedelta(seconds=2 * promised()):
        return None
    return frozenset(ClaimRef(each["namespace"], each["name"]) for each in claims.told.get("claims", ()))
