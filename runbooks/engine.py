"""
Takes a run forward, one act at a time.

`advance` does one piece of work and says how long to wait before the next. It may be called at any time, twice at
once, or after a crash: the lease keeps two callers apart, the records say where to go on, and every write names the
fence of the lease that it belongs to, so that a worker that was silent for too long changes nothing.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.utils.timezone import now

from audit.models import record
from audit.moves import LostRace, move
from backups.models import Source
from cluster.errors import ClusterError, Unreachable
from cluster.port import Cluster
from incidents.actions import note_evidence
from people.actors import ENGINE
from runbooks import differences, leftovers
from runbooks.base import Act, Facts, Failed, NotYet, compared, decoded, encoded, facts, no, objection
from runbooks.models import ActRecord, Line, Run, State
from runbooks.records import Rows
from runbooks.world import Patience, Records, World

AT_ONCE = 0.0
ASK_AGAIN = 3.0  # seconds, after no answer
LOOKS_FOR = timedelta(minutes=10)

log = logging.getLogger(__name__)


def advance(run_id: int, cluster: Cluster, *, worker: str = "", records: Records | None = None) -> float | None:
    """Do the next piece of a run. Returns the seconds to wait for the next, or None when there is no next."""
    run = taken(run_id, worker)
    if run is None:
        return None  # Someone else is at it, or it is not yet time. They will see to the rest.
    world = World(
        cluster, records or Rows(), run.tag, patience=Patience(settings.STEADY_SECONDS, settings.APART_SECONDS)
    )
    wait: float | None = ASK_AGAIN  # unless it says otherwise: our own database may be what does not answer
    try:
        with beating(run):
            wait = PIECES[run.state](run, world)
    except LostRace:
        wait = AT_ONCE
        log.info("%s was moved by somebody else while it was worked on", run)
    finally:
        freed(run, wait)
    return wait


# --- The lease ---


def taken(run_id: int, worker: str) -> Run | None:
    """The run, with its lease taken and its fence raised; None when it is held, not due, or wants nobody."""
    due = Run.objects.due().filter(pk=run_id)
    if not due.update(not_before=leased(), fence=F("fence") + 1, worker=worker or "worker"):
        return None
    return Run.objects.select_related("volume", "incident").get(pk=run_id)


def leased() -> datetime:
    return now() + timedelta(seconds=settings.LEASE_SECONDS)


def freed(run: Run, wait: float | None) -> None:
    """Give the lease back, if it is still ours: from now on `not_before` is a timer."""
    mine = Run.objects.filter(pk=run.pk, fence=run.fence)
    mine.update(not_before=now() + timedelta(seconds=wait or 0), worker="")


@contextmanager
def beating(run: Run) -> Iterator[None]:
    """Say every two seconds that this worker lives, in a thread of its own, for as long as the work takes."""
    over = threading.Event()

    def beat() -> None:
        try:
            while not over.wait(settings.BEAT_SECONDS):
                if not Run.objects.filter(pk=run.pk, fence=run.fence).update(not_before=leased()):
                    return
        except Exception:
            log.exception("%s: its lease could not be renewed", run)
        finally:
            connection.close()

    thread = threading.Thread(target=beat, name=f"lease-{run.pk}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join(timeout=settings.LEASE_SECONDS)


@contextmanager
def held(run: Run) -> Iterator[None]:
    """A transaction in which this worker holds the lease. Raises LostRace, and writes nothing, when it does not."""
    with transaction.atomic():
        if not Run.objects.filter(pk=run.pk, fence=run.fence, state=run.state).update(not_before=leased()):
            raise LostRace(f"The lease of {run} was lost.")
        yield


def step(run: Run, to: str, **changes: Any) -> None:
    why = {"why": changes["why"]} if "why" in changes else {}
    move(run, to, by=ENGINE, where={"fence": run.fence}, facts=why, since=now(), **changes)
    if to in ("draft", "refused", "done", "undone", "stuck"):
        Line.objects.create(run=run, facts=facts(f"run-{to}").as_json())
    if to in ("done", "undone"):  # copies were made: they are looked for now, not in some minutes
        Source.objects.filter(volume=run.volume_id, retired=None).update(not_before=now())


# --- The pieces, one for each state that wants a worker ---


def look(run: Run, world: World) -> float | None:
    """Draft: look, judge, plan, and ask the world whether it would accept each act. Nothing is changed."""
    seen = looked(run, replace(world, at="look", attempt=run.looks))
    if not isinstance(seen, Looked):
        return seen
    run.seen = encoded(seen.seen)
    objections = list(run.runbook.objections(seen.seen))
    for name in ("plan", "sight"):
        run.__dict__.pop(name, None)
    stopped = any(o.stops and not o.glass for o in objections)
    trial = [] if stopped else [tried(act, replace(world, at=str(n))) for n, act in enumerate(run.plan, 1)]
    if refused := [n for n, answer in enumerate(trial, 1) if answer["code"] == "refused"]:
        objections.append(objection("dry-refused", acts=refused))
    said = [o.as_json() for o in objections]
    step(run, "draft", waiting={}, progress={}, seen=run.seen, objections=said, trial=trial, looked=now())
    return None


class Looked:
    def __init__(self, seen: Any) -> None:
        self.seen = seen


def looked(run: Run, world: World) -> Looked | float | None:
    """What is seen; or how long to wait before looking again; or None when the run was refused."""
    try:
        return Looked(run.runbook.look(world))
    except (NotYet, Unreachable) as e:
        waiting = said(e)
        if now() - run.since > LOOKS_FOR:
            return refuse(run, facts("look-too-long", waiting=waiting.as_json()))
        with held(run):
            Run.objects.filter(pk=run.pk).update(waiting=waiting.as_json(), progress=progressed(e, run.progress))
        return getattr(e, "again_in", ASK_AGAIN)
    except Failed as e:
        return refuse(run, e.why)
    except (ClusterError, LookupError) as e:
        return refuse(run, facts("look-refused", error=str(e)))
    except Exception as e:
        log.exception("%s could not look", run)
        return refuse(run, facts("broken", error=str(e)))


def refuse(run: Run, why: Facts) -> float | None:
    step(run, "refused", why=why.as_json(), ended=now())
    return AT_ONCE if run.waiting else None


def let_go(run: Run, world: World) -> float | None:
    """It ended in the middle of a look: so does what still looks. Where nobody answers, its own deadline ends it."""
    if run.volume and now() - run.since < LOOKS_FOR:
        try:
            leftovers.end(world, run.volume.namespace, run.looks)
        except Unreachable:
            return ASK_AGAIN
        except ClusterError as e:
            log.warning("What %s looked by stays until its deadline: %s", run, e)
    with held(run):
        Run.objects.filter(pk=run.pk).update(waiting={}, progress={})
    return None


def tried(act: Act, world: World) -> dict[str, Any]:
    """The answer to a dry run of one act."""
    try:
        return {"code": act.dry(world)}
    except Unreachable as e:
        return {"code": "unknown", "error": str(e)}
    except ClusterError as e:
        return {"code": "refused", "why": told(e).as_json()}
    except Exception as e:
        log.exception("The dry run of %s broke", act)
        return {"code": "unknown", "error": str(e)}


def begin(run: Run, world: World) -> float | None:
    """Look again, and start only what was approved."""
    seen = looked(run, replace(world, at="begin", attempt=run.looks))
    if not isinstance(seen, Looked):
        return seen
    approved = decoded(type(run.runbook).seen_type(), run.seen)
    if changed := run.runbook.changed(approved, seen.seen):
        so = differences.told(compared(approved), compared(seen.seen), changed)
        return refuse(run, facts("changed", names=changed, **so))
    broken = {o["code"] for o in run.objections if o.get("glass")}  # it was started in spite of these, and why is kept
    if stops := [o for o in run.runbook.objections(seen.seen) if o.stops and not (o.glass and o.why.code in broken)]:
        return refuse(run, stops[0].why)
    step(run, "running", waiting={}, progress={}, looked=now())
    return AT_ONCE


def go_on(run: Run, world: World) -> float | None:
    """Do the first act that is not done."""
    if other := other_plan(run):
        return stuck(run, other)
    done = set(run.records.filter(undo=False).exclude(done=None).values_list("position", flat=True))
    todo = [n for n in range(1, len(run.plan) + 1) if n not in done]
    if not todo:
        ended = now()
        with transaction.atomic():
            step(run, "done", ended=ended)
            run.runbook.done(run.sight, world.records, (ended - (run.started or ended)).total_seconds())
        return None
    act = run.plan[todo[0] - 1]
    try:
        return perform(run, todo[0], act, world)
    except Failed as e:
        if act.left_to_people():
            return stuck(run, e.why, act=act.told().as_json())
        step(run, "undoing", why={"act": act.told().as_json(), **e.why.as_json()})
        return AT_ONCE


def go_back(run: Run, world: World) -> float | None:
    """Take back the last act that was begun, even if it stopped half-way."""
    if other := other_plan(run):
        return stuck(run, other)
    begun = set(run.records.filter(undo=False).values_list("position", flat=True))
    back = set(run.records.filter(undo=True).exclude(done=None).values_list("position", flat=True))
    for position in sorted(begun - back, reverse=True):
        act = run.plan[position - 1]
        if act.one_way:
            return stuck(run, facts("no-way-back", act=act.told().as_json()))
        if inverse := act.inverse():
            try:
                return perform(run, position, inverse, world, undo=True)
            except Failed as e:
                return stuck(run, e.why, act=inverse.told().as_json())
    step(run, "undone", ended=now())
    return None


def other_plan(run: Run) -> Facts | None:
    """
    Why it can go neither on nor back: what was begun is not what stands at its place in the plan. Another version of
    the program began it, and an act would be done, or taken back, for another.
    """
    for rec in run.records.filter(undo=False).order_by("position"):
        here = run.plan[rec.position - 1].told().code if rec.position <= len(run.plan) else ""
        if here != rec.facts.get("code"):
            return facts("other-plan", position=rec.position, act=rec.facts)
    return None


def stuck(run: Run, why: Facts, **more: Any) -> float | None:
    step(run, "stuck", why={**more, **why.as_json()})
    return None


PIECES: dict[str, Callable[[Run, World], float | None]] = {
    State.LOOKING: look,
    State.QUEUED: begin,
    State.RUNNING: go_on,
    State.UNDOING: go_back,
    State.REFUSED: let_go,
    State.UNDONE: let_go,
}


# --- One act ---


def perform(run: Run, position: int, act: Act, world: World, *, undo: bool = False) -> float:
    """
    Call one act. Its record is made first, so that a crash leaves a trace of what may have happened.

    Raises Failed when the act did; an error of our own database goes through, and changes nothing.
    """
    with held(run):
        rec, new = ActRecord.objects.get_or_create(
            run=run, position=position, undo=undo, defaults={"facts": act.told().as_json()}
        )
        if new:
            Line.objects.create(run=run, facts=facts("begins", act=rec.facts).as_json())
    was_done = undo and run.records.filter(position=position, undo=False).exclude(done=None).exists()
    world = replace(
        world, at=str(position), back=undo, was_done=was_done, attempt=rec.attempt, memory=rec.progress
    )  # fmt: skip
    try:
        result = act.do(world)
    except (NotYet, Unreachable) as e:
        return wait_for(run, rec, act, e)
    except Exception as e:
        log.exception("%s: %s", run, act)
        raise Failed(told(e)) from e
    finish(run, rec, result)
    return AT_ONCE


def wait_for(run: Run, rec: ActRecord, act: Act, e: NotYet | Unreachable) -> float:
    """Write down what is waited for. Raises Failed when the act's time is up."""
    waiting = said(e)
    if now() - rec.began > timedelta(minutes=act.minutes):
        raise Failed(facts("too-long", minutes=act.minutes, waiting=waiting.as_json()))
    with held(run):
        if rec.waiting.get("code") != waiting.code:
            Line.objects.create(run=run, facts=waiting.as_json())
        rec.tries, rec.waiting = rec.tries + 1, waiting.as_json()
        rec.progress = progressed(e, rec.progress)
        rec.asked = now()
        rec.save(update_fields=["tries", "waiting", "progress", "asked"])
    return getattr(e, "again_in", ASK_AGAIN)


def finish(run: Run, rec: ActRecord, result: Any) -> None:
    """The act is so: the record, the trail and the incident's timeline say it in one transaction."""
    with held(run):
        rec.tries, rec.done, rec.waiting, rec.result = rec.tries + 1, now(), {}, encoded(dict(result or {}))
        rec.save(update_fields=["tries", "done", "waiting", "result"])
        verb = "act.undone" if rec.undo else "act.done"
        record(verb, run, by=ENGINE, act=rec.facts, position=rec.position, started_by=run.started_by)
        Line.objects.create(run=run, facts=rec.result.get("note") or facts("is-so", act=rec.facts).as_json())
        if run.incident:
            ref = f"run:{run.pk}/{rec.position}{'/back' if rec.undo else ''}"
            said = {"code": verb, "run": run.pk, "act": rec.facts}
            note_evidence(run.incident, ref=ref, at=rec.done, facts=said, by=ENGINE)


def progressed(e: NotYet | Unreachable, before: Mapping[str, Any]) -> Mapping[str, Any]:
    """What it said of how far it is; else what it said before, but for why its pod did not start then."""
    return getattr(e, "progress", None) or {name: told for name, told in before.items() if name != "waiting"}


def said(e: NotYet | Unreachable) -> Facts:
    return e.waiting if isinstance(e, NotYet) else facts("no-answer", error=str(e))


def told(e: Exception) -> Facts:
    """Why an act failed, as facts."""
    if isinstance(e, Failed):
        return e.why
    if isinstance(e, ClusterError):
        return no(e)
    return facts("broken", error=f"{type(e).__name__}: {e}"[:500])
