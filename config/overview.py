"""
The three questions of the overview, answered from what is in the database: what is wrong now, what is not proven,
what could not be got back. What was not read lately is unknown, and unknown is never a good answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db.models import Count, Q
from django.urls import reverse
from django.utils.timezone import localdate, now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backups.queries import VolumeRow
from backups.queries import volumes as volume_rows
from config.beside import lately, live_runs, readings
from health.queries import FindingRow, Health, UnknownRow
from health.queries import health as health_now
from health.queries import live as live_findings
from incidents.models import Action, Incident
from people.words import ago, day, number, span

SHOWN = 6  # lines of an answer before the rest is a link


@dataclass(frozen=True)
class Line:
    """One thing of an answer: what is so, why we say so, and at the right the figure that matters."""

    state: str  # the colour of its mark, and the word that a screen reader hears
    mark: str
    title: str
    href: str
    rest: str = ""
    small: str = ""
    end: str = ""
    end_small: str = ""
    strong: bool = False
    severity: str = ""
    lang: str = ""
    button: str = ""
    button_href: str = ""

    @property
    def word(self) -> str:
        return {"fail": _("Failing"), "warn": _("Warning"), "unknown": _("Unknown")}.get(self.state, "")


@dataclass(frozen=True)
class Question:
    """`figure` can be read from across the room; `words` stand below it, one a line."""

    name: str
    title: str
    short: str
    state: str  # fail, unknown, warn, ok, or "" where there is nothing to ask about
    figure: str
    words: list[str]
    lines: list[Line] = field(default_factory=list)
    calm: str = ""  # the answer where there are no lines
    more: str = ""
    more_href: str = ""

    @property
    def mark(self) -> str:
        return self.state or "none"


def worst(states: Iterable[str]) -> str:
    here = set(states)
    return next((state for state in ("fail", "unknown", "warn") if state in here), "ok")


# --- What is wrong now? ----------------------------------------------------------------------------------------------


def wrong(health: Health, at: datetime) -> Question:
    incidents = list(Incident.objects.filter(state=Incident.State.ONGOING).prefetch_related("runs"))
    findings = live_findings()
    lines = [incident_line(each, at) for each in incidents] + [finding_line(each, at) for each in findings]
    unknown = unknown_lines(health)
    state = worst(line.state for line in lines + unknown)
    judged = bool(lines or unknown or health.counts.get("ok"))
    seen = not health.old or bool(lines)
    said = [
        ngettext("%(n)s incident", "%(n)s incidents", len(incidents)) % {"n": number(len(incidents))},
        ngettext("%(n)s finding", "%(n)s findings", len(findings)) % {"n": number(len(findings))},
    ]
    return Question(
        "wrong",
        _("What is wrong now?"),
        _("wrong now"),
        state if judged else "",
        number(len(lines)) if seen else "?",
        said if lines else [asked(health)],
        lines[:SHOWN] + unknown,
        calm=_("Nothing, of all that was asked.") if judged else _("Nothing runs there that could be judged."),
        more=rest_of(lines),
        more_href=reverse("health"),
    )


def asked(health: Health) -> str:
    """What stands below a zero: how much was asked, and when."""
    if health.at is None:
        return _("nobody has looked yet")
    count = ngettext("%(n)s subject", "%(n)s subjects", health.subjects) % {"n": number(health.subjects)}
    return _("%(subjects)s, asked %(ago)s") % {"subjects": count, "ago": ago(health.at)}


def rest_of(lines: list[Line]) -> str:
    more = len(lines) - SHOWN
    return ngettext("and %(n)s more", "and %(n)s more", more) % {"n": number(more)} if more > 0 else ""


def incident_line(incident: Incident, at: datetime) -> Line:
    runs = [run for run in incident.runs.all() if run.is_live]
    working = ", ".join(f"{run.title} {run.volume or ''}".strip() for run in runs)
    return Line(
        "fail",
        "fail",
        incident.title,
        reverse("incident", args=[incident.pk]),
        small=_("%(incident)s. Being worked on: %(runs)s.") % {"incident": incident, "runs": working}
        if working
        else str(incident),
        end=span(at - incident.opened),
        end_small=_("since %(day)s") % {"day": day(incident.opened)},
        strong=True,
        severity=incident.severity,
        lang=incident.language,
    )


def finding_line(row: FindingRow, at: datetime) -> Line:
    return Line(
        row.state,
        row.state,
        row.title,
        reverse("finding", args=[row.finding.pk]),
        rest=row.on,
        small=" ".join(part for part in (row.sentence, row.doubt) if part),
        end=span(at - row.finding.first_seen),
        button=row.launch_label if row.launch else "",
        button_href=row.launch,
    )


def unknown_lines(health: Health) -> list[Line]:
    """What nobody could tell: an old look at the cluster, and the checks that got no answer."""
    href = reverse("health")
    if health.at is None:
        return [Line("unknown", "unknown", _("Nobody has looked at the cluster yet"), href, small=health.error)]
    if health.old:
        title = _("The cluster has not been seen for %(span)s") % {"span": span(now() - health.at)}
        return [Line("unknown", "unknown", title, href, small=health.error or _("What stands here is as old as that."))]
    return [unknown_line(health.unknown, href)] if health.unknown else []


def unknown_line(rows: tuple[UnknownRow, ...], href: str) -> Line:
    title = ngettext("%(n)s question got no answer", "%(n)s questions got no answer", len(rows)) % {"n": len(rows)}
    first = rows[0]
    return Line("unknown", "unknown", title, href, small=f"{first.title}, {first.on}: {first.sentence}")


# --- What is not proven? ---------------------------------------------------------------------------------------------

OWED = (Action.State.OPEN, Action.State.IN_PROGRESS)


def unproven() -> Question:
    """No check stands for an action yet, so what was declared done is declared and no more."""
    promised = Action.objects.filter(removed=None).exclude(state=Action.State.DROPPED)
    counted = promised.aggregate(
        done=Count("pk", filter=Q(state=Action.State.DONE)), owed=Count("pk", filter=Q(state__in=OWED))
    )
    done, owed = counted["done"], counted["owed"]
    late = list(promised.filter(state__in=OWED, due__lt=localdate()).select_related("incident").order_by("due"))
    lines = [overdue_line(action) for action in late[:SHOWN]]
    if owed > len(late):
        lines.append(summed("open", _("To do"), owed - len(late), OWED))
    if done:
        lines.append(summed("declared", _("Declared done, with no check to say so"), done, (Action.State.DONE,)))
    total = done + owed
    return Question(
        "proven",
        _("What is not proven?"),
        _("not proven"),
        "warn" if total else "",
        number(total),
        [ngettext("of %(n)s action", "of %(n)s actions", total) % {"n": number(total)}, _("0 proven")] if total else [],
        lines,
        calm=_("Nothing was promised yet. The corrective actions of incidents stand here until they are proven."),
        more=_("and %(n)s more that are late") % {"n": number(len(late) - SHOWN)} if len(late) > SHOWN else "",
        more_href=reverse("incidents"),
    )


def overdue_line(action: Action) -> Line:
    assert action.due is not None
    late = (localdate() - action.due).days
    who = f" {action.owner}." if action.owner else ""
    return Line(
        "warn",
        "overdue",
        first_line(action.text),
        reverse("incident", args=[action.incident_id]),
        small=_("Overdue: was due %(day)s.") % {"day": day(action.due)} + who,
        end=ngettext("%(n)s day late", "%(n)s days late", late) % {"n": number(late)},
        end_small=str(action.incident),
        lang=action.incident.language,
    )


def first_line(text: str) -> str:
    line = text.strip().partition("\n")[0].replace("`", "").replace("**", "")
    return line if len(line) <= 120 else f"{line[:119]}…"


def summed(mark: str, title: str, count: int, states: Iterable[str]) -> Line:
    """Several actions as one line, with the incidents that they belong to."""
    found = Action.objects.filter(removed=None, state__in=states).order_by("-incident")
    pks = list(found.values_list("incident", flat=True).distinct()[:4])
    names = ", ".join(f"INC-{pk}" for pk in pks[:3]) + ("…" if len(pks) > 3 else "")
    href = reverse("incident", args=[pks[0]]) if len(pks) == 1 else reverse("incidents")
    return Line("", mark, title, href, end=number(count), end_small=names)


# --- What could I not get back? --------------------------------------------------------------------------------------


def lost(rows: list[VolumeRow]) -> Question:
    bad = [row for row in rows if row.state in ("fail", "unknown")]
    within = len(rows) - len(bad)
    lines = [volume_line(row) for row in rows if row.state != "ok"]
    total = ngettext("of %(n)s volume", "of %(n)s volumes", len(rows)) % {"n": number(len(rows))}
    return Question(
        "back",
        _("What could I not get back?"),
        _("not got back"),
        worst(row.state for row in rows) if rows else "",
        number(len(bad)),
        [total, _("%(n)s within objective") % {"n": number(within)}] if rows else [],
        lines[:SHOWN],
        calm=_("Nothing beyond what was agreed: each volume has a good copy that is young enough.")
        if rows
        else _("No volume is registered yet, so nobody watches whether its copies are good."),
        more=rest_of(lines) if rows else _("Register the volumes whose data matter"),
        more_href=reverse("recoverability"),
    )


def volume_line(row: VolumeRow) -> Line:
    ends = {"fail": _("all of it") if row.loss.age is None else row.word, "unknown": _("unknown")}
    restored = _("The last restore took %(span)s.") % {"span": row.restored_said} if row.restored_in else ""
    return Line(
        row.state,
        row.state,
        str(row.volume),
        reverse("volume", args=[row.volume.pk]),
        rest=row.volume.title,
        small=" ".join(part for part in (row.said, restored) if part),
        end=ends.get(row.state, row.word),
        strong=row.state != "warn",
    )


def overview() -> dict[str, Any]:
    """All that the page shows and its fragment swaps. The number of queries does not grow with the rows."""
    at, health = now(), health_now()
    rows = volume_rows(at)
    return {
        "at": at,
        "health": health,
        "questions": [wrong(health, at), unproven(), lost(rows)],
        "runs": live_runs(),
        "readings": readings(health, rows, at),
        "lately": lately(),
    }
