"""What stands beside the three answers: what runs, how old the readings are, and what was done lately."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from audit.models import Entry
from audit.sentences import sentence
from backups.queries import VolumeRow
from health.models import Reading
from health.queries import Health
from people.words import ago, number
from runbooks import spine
from runbooks.models import Run


@dataclass(frozen=True)
class LiveRun:
    """A run that is going on: how many acts of how many, and what it is at."""

    run: Run
    done: int
    of: int
    doing: str
    waiting: bool


def live_runs() -> list[LiveRun]:
    return [live_run(run) for run in Run.objects.live().select_related("volume").order_by("-started", "-pk")[:5]]


def live_run(run: Run) -> LiveRun:
    rows = spine.rows(run)
    here = next((row for row in rows if row.state in ("now", "back-now", "failed")), None)
    doing = (here.waiting or here.sentence) if here else ""
    return LiveRun(run, spine.done_count(rows), len(rows), doing, bool(here and here.waiting))


@dataclass(frozen=True)
class ReadingRow:
    """A part of the world that is looked at, and how old the last look is."""

    name: str
    state: str
    said: str


def readings(health: Health, rows: list[VolumeRow], at: datetime) -> list[ReadingRow]:
    cluster = ReadingRow(
        _("Cluster"), "unknown" if health.old else "ok", ago(health.at, at) if health.at else _("not yet")
    )
    asked = Reading.objects.filter(what="checks").first()
    checks = ReadingRow(
        _("Checks"),
        "ok" if asked and asked.at and at - asked.at < timedelta(minutes=1) else "unknown",
        ago(asked.at, at) if asked and asked.at else _("not yet"),
    )
    sources = [source for row in rows for source in row.sources]
    if not sources:
        return [cluster, checks]
    times = [source.newest.at for source in sources if source.newest]
    doubtful = [source for source in sources if source.doubt(at)]
    told = _("%(n)s sources, %(ago)s") % {
        "n": number(len(sources)),
        "ago": ago(min(times), at) if len(times) == len(sources) else _("some not yet"),
    }
    said = f"{told}. {doubtful[0].doubt_said}" if doubtful else told
    return [cluster, checks, ReadingRow(_("Copies"), "unknown" if doubtful else "ok", said)]


# What says nothing of the world; what commands do when the program starts is told in the trail alone.
QUIET = ("person.signed-in", "person.signed-out")


def lately() -> list[tuple[Entry, str]]:
    entries = Entry.objects.exclude(action__in=QUIET).exclude(actor_kind="command").order_by("-seq")[:6]
    return [(entry, sentence(entry)) for entry in entries]
