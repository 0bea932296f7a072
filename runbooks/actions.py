"""What people do with runs."""

from __future__ import annotations

import logging
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.timezone import now
from django.utils.translation import gettext
from kombu.exceptions import OperationalError

from audit.models import record
from audit.moves import IllegalMove, move
from backups.models import Volume
from incidents.actions import add_action
from incidents.models import Incident
from people.actors import Actor
from runbooks import may
from runbooks.base import Runbook, encoded, facts
from runbooks.may import Standing
from runbooks.models import ActRecord, Line, Run, RunQuerySet, State
from runbooks.tasks import advance

log = logging.getLogger(__name__)


class Busy(Exception):
    """Another run is at work on the same volume: `other`, where it can still be seen."""

    def __init__(self, other: Run | None) -> None:
        super().__init__("another run is at work on this volume")
        self.other = other


class NotConfirmed(Exception):
    """The name that was typed is not that of what it works on."""


class NotTicked(Exception):
    """What is gone for good was not said yes to."""


class HasObjections(Exception):
    """The draft has objections that stop it."""


class NoReason(Exception):
    """What stops all others was to be passed over without a word why."""


class TurnedOff(Exception):
    """The account lacks a right that the runbook needs there, or the cluster a part of itself."""

    def __init__(self, standing: Standing) -> None:
        super().__init__(f"{standing.kind.slug} is off in {standing.namespace}")
        self.standing = standing


class TooLate(Exception):
    """A later run worked on the same volume: it must be taken back first."""

    def __init__(self, later: Run) -> None:
        super().__init__("a later run must be taken back first")
        self.later = later


def knock(run: Run) -> None:
    """Tell a worker, once this transaction is written. A knock that is not heard is made good by the next beat."""

    def send() -> None:
        try:
            advance.apply_async((run.pk,), retry=False)
        except (OperationalError, OSError):
            log.warning("The broker did not take the knock for %s", run)

    transaction.on_commit(send)


@transaction.atomic
def draft(runbook: Runbook[Any], *, by: Actor, incident: Incident | None = None) -> Run:
    """Ask a worker to look and to say what would be done. Nothing is changed. Raises TurnedOff."""
    volume, kind = Volume.objects.filter(pk=runbook.works_on() or 0).first(), type(runbook)
    if standing := may.refusal(kind, volume.namespace, volume.claim) if volume else may.refused_everywhere(kind):
        raise TurnedOff(standing)
    run = Run.objects.create(
        slug=runbook.slug,
        params=encoded(runbook),
        volume=volume,
        target=runbook.target(),
        incident=incident,
        drafted_by=by.name,
    )
    record("run.looking", run, by=by, runbook=run.slug, volume=run.named)
    knock(run)
    return run


@transaction.atomic
def look_again(run: Run, *, by: Actor) -> None:
    move(run, State.LOOKING, by=by, since=now(), looks=F("looks") + 1, not_before=now())
    run.refresh_from_db()
    knock(run)


def give_up(run: Run, *, by: Actor) -> None:
    """
    Nobody waits for this look or this plan any more. What still looks is ended by a worker. Raises IllegalMove for a
    run that was started: that one is stopped.
    """
    if run.state not in (State.LOOKING, State.DRAFT):
        raise IllegalMove(f"{run} is {run.state}: it can no longer be given up.")
    why = facts("given-up", by=by.name).as_json()
    turn(run, State.REFUSED, by=by, why=why, facts={"why": why}, **unlooked(run, why))


def unlooked(run: Run, why: dict[str, Any]) -> dict[str, Any]:
    """It ends before it was begun. `waiting` has a worker see to what may look at this very moment."""
    return {"ended": now(), **({"waiting": why} if run.looks_now else {})}


def start(
    run: Run, *, typed: str, reason: str = "", ticked: bool = False, break_glass: bool = False, by: Actor
) -> None:
    """
    Approve the plan as it stands. `break_glass`: who does may pass over what may be passed over, with a reason.
    Raises NotConfirmed, NotTicked, HasObjections, NoReason, Busy, IllegalMove or LostRace.
    """
    if run.runbook.typed() and typed.strip() != run.named:
        raise NotConfirmed
    if not ticked and run.runbook.destroys(run.sight):
        raise NotTicked
    stops = [o for o in run.objections if o["stops"]]
    if any(not (break_glass and o.get("glass")) for o in stops):
        raise HasObjections
    if stops and not reason.strip():
        raise NoReason
    try:
        with transaction.atomic():
            told: dict[str, Any] = {"reason": reason} if reason else {}
            if stops:
                told["in_spite_of"] = [o["code"] for o in stops]
            changes: dict[str, Any] = {"started": now(), "started_by": by.name, "reason": reason[:500], "since": now()}
            where = {"looks": run.looks}  # the plan that was read, not one that somebody drew up since
            move(run, State.QUEUED, by=by, where=where, facts=told, not_before=now(), **changes)
            Line.objects.create(run=run, facts=facts("started", by=by.name).as_json())
            knock(run)
    except IntegrityError as e:
        raise Busy(at_the_same(run).live().first()) from e


def at_the_same(run: Run) -> RunQuerySet:
    """The runs on what this one works on."""
    return Run.objects.filter(volume=run.volume_id, target=run.target)


def cancel(run: Run, *, by: Actor) -> None:
    """
    Turn back. What was begun is taken back, in the reverse order; nothing was begun: nothing is.

    Raises IllegalMove for a run that is over: who pressed "stop" a moment too late did not ask to undo it.
    """
    if run.state not in (State.QUEUED, State.RUNNING, State.STUCK):
        raise IllegalMove(f"{run} is {run.state}: there is nothing to stop.")
    to = State.UNDONE if run.state == State.QUEUED else State.UNDOING
    why = facts("cancelled", by=by.name).as_json()
    turn(run, to, by=by, why=why, **(unlooked(run, why) if to == State.UNDONE else {}))


def undo(run: Run, *, by: Actor) -> None:
    """Take a finished run back. Raises TooLate when a later one left something on the volume, or Busy."""
    if run.state == State.DONE:
        for later in at_the_same(run).filter(state__in=("done", "left"), started__gt=run.started):
            if later.state == State.LEFT or later.left_something:
                raise TooLate(later)
    try:
        turn(run, State.UNDOING, by=by, why=facts("undone-by", by=by.name).as_json(), ended=None)
    except IntegrityError as e:
        raise Busy(at_the_same(run).live().first()) from e


@transaction.atomic
def try_again(run: Run, *, by: Actor) -> None:
    """Go on where it came to a halt, forth or back, with the act's clock set anew and new names for what it makes."""
    back = run.goes_back
    turn(run, State.UNDOING if back else State.RUNNING, by=by, why={})
    ActRecord.objects.filter(run=run, undo=back, done=None).update(
        began=now(), attempt=F("attempt") + 1, waiting={}, progress={}
    )


@transaction.atomic
def leave(run: Run, *, reason: str, by: Actor) -> None:
    """A stuck run is left as it is: the volume is free for another, and the trail says who decided so and why."""
    move(run, State.LEFT, by=by, facts={"reason": reason}, since=now(), ended=now())
    Line.objects.create(run=run, facts=facts("left", by=by.name, reason=reason).as_json())


@transaction.atomic
def turn(run: Run, to: State, *, by: Actor, **changes: Any) -> None:
    move(run, to, by=by, since=now(), **changes)
    Line.objects.create(run=run, facts=changes.get("why") or facts("tried-again", by=by.name).as_json())
    Run.objects.filter(pk=run.pk, worker="").update(not_before=now())  # a timer may be cut short; a lease may not
    knock(run)


def mark_of(run: Run) -> str:
    """How an action names the run that it comes from."""
    return f"run:{run.pk}"


def promised(run: Run) -> bool:
    """Whether an action of the run's incident came from it."""
    mine = run.incident.action_set.filter(removed=None) if run.incident else ()
    return any(mark_of(run) in action.references for action in mine)


@transaction.atomic
def promise(run: Run, patch: str, *, by: Actor) -> None:
    """A corrective action, to commit what a run only did by hand. Once for a run, whoever presses how often."""
    if run.incident is None or promised(run):
        return
    text = gettext("Commit the lasting form of run %(number)s, %(title)s:") % {"number": run.pk, "title": run.title}
    fenced = "\n".join(("```yaml", patch.rstrip("\n"), "```"))
    add_action(run.incident, text=f"{text}\n\n{fenced}", kind="corrective", references=[mark_of(run)], by=by)
