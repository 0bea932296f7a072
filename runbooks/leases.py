"""
Pauses of what keeps workloads as they are declared. Each is a lease of one run; the last that ends resumes the keeper.

A lease whose end has come is resumed by the engine, also when nobody is there any more who began it. One of a run that
is still live, at work or stuck, is prolonged instead, and that is told: a keeper that comes back in the middle would
start the application on data that is half in place, and a drift that is not healed for a while does less harm. Who
leaves a stuck run as it is lets its leases end in their time.

One that also keeps a sync stopped never ends by the clock: nobody has seen what the volume holds by then, and an
emptied one would be copied over the last good copy. It stands, and that is said, until a person resumes one of both:
once the sync runs again there is nothing that the keeper would start.
"""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.timezone import now

from audit.models import record
from cluster.api import Keeper, Sync, WorkloadRef
from cluster.errors import ClusterError, NotFound
from cluster.port import Cluster
from people.actors import ENGINE
from runbooks.acts.gitops import PauseKeeper
from runbooks.acts.guards import claim_of
from runbooks.base import Facts, decoded, encoded, facts
from runbooks.models import LIVE, Line, Pause, Run

LONGER = timedelta(minutes=15)
TENDING = timedelta(seconds=30)  # how long one may tend a lease, and between two tries


def about(keeper: Keeper, workload: WorkloadRef) -> str:
    return f"{keeper}, {workload.kind} {workload}"


def standing(keeper: Keeper, workload: WorkloadRef) -> QuerySet[Pause]:
    """
    The leases of this pause. Flux is told on each workload; the others on their own object, which may keep several:
    whoever holds it for one of them holds it for all.
    """
    here = Pause.objects.filter(ended=None)
    if keeper.kind == "Flux":
        return here.filter(about=about(keeper, workload))
    return here.filter(about__startswith=f"{keeper}, ")


@transaction.atomic
def begin(run: Run, keeper: Keeper, workload: WorkloadRef, minutes: int) -> Pause:
    """The lease of this run; asked for again while it stands, the same one."""
    here = standing(keeper, workload)
    if mine := here.filter(run=run, about=about(keeper, workload)).first():
        return mine
    other = here.first()
    pause = Pause.objects.create(
        run=run,
        about=about(keeper, workload),
        keeper=other.keeper if other else encoded(keeper),
        workload=encoded(workload),
        by=run.started_by or run.drafted_by,
        why=run.reason or run.title,
        until=now() + timedelta(minutes=minutes),
    )
    until = pause.until.isoformat()
    record("pause.begun", run, by=ENGINE, keeper=str(keeper), workload=str(workload), until=until, run=run.pk)
    return pause


def to_resume(run: Run | None, keeper: Keeper, workload: WorkloadRef, *, all_leases: bool) -> Keeper | None:
    """The keeper as it is to be put back; None while the lease of another run holds it."""
    here = standing(keeper, workload)
    others = here.exclude(run=run)
    if (others.filter(run__state__in=LIVE) if all_leases else others).exists():
        return None
    known = here.first()
    return decoded(Keeper, known.keeper) if known else keeper


@transaction.atomic
def end(run: Run | None, keeper: Keeper, workload: WorkloadRef, *, all_leases: bool) -> None:
    of_run = Q(run=run)
    ending = standing(keeper, workload).filter(of_run | ~Q(run__state__in=LIVE) if all_leases else of_run)
    for pause in ending.select_related("run"):
        close(pause)


def close(pause: Pause) -> None:
    """Once, whoever comes first."""
    if Pause.objects.filter(pk=pause.pk, ended=None).update(ended=now(), problem={}):
        record("pause.ended", pause.run, by=ENGINE, pause=pause.about, run=pause.run_id)


# --- Their end ---


def due() -> QuerySet[Pause]:
    return Pause.objects.filter(ended=None, until__lte=now(), not_before__lte=now())


def tend(pk: int, cluster: Cluster) -> None:
    """See to a lease whose end has come. Twice at once, or too early, changes nothing."""
    if not due().filter(pk=pk).update(not_before=now() + TENDING):
        return
    pause = Pause.objects.select_related("run").get(pk=pk)
    if pause.run.is_live:
        prolong(pause)
    else:
        resume(pause, cluster)


@transaction.atomic
def prolong(pause: Pause) -> None:
    until = now() + LONGER
    if Pause.objects.filter(pk=pause.pk, ended=None).update(until=until, not_before=now()):
        record("pause.prolonged", pause.run, by=ENGINE, pause=pause.about, until=until.isoformat())
        told = facts("pause-prolonged", about=pause.about, until=until.isoformat())
        Line.objects.create(run=pause.run, facts=told.as_json())


def resume(pause: Pause, cluster: Cluster) -> None:
    """Put the keeper back, unless another lease stands. What cannot be resumed now is tried again, and said."""
    if (sync := kept_stopped(pause)) and not runs(sync, cluster):
        return stand(pause, facts("kept-paused", sync=str(sync)))
    keeper, workload = decoded(Keeper, pause.keeper), decoded(WorkloadRef, pause.workload)
    back = to_resume(pause.run, keeper, workload, all_leases=False)
    try:
        if back is not None:
            cluster.unpause(back, workload)
    except NotFound:
        pass  # the workload or its keeper is gone: there is nothing to put back
    except ClusterError as e:
        return stand(pause, facts("not-resumed", error=str(e)))
    return close(pause)


def kept_stopped(pause: Pause) -> Sync | None:
    """The sync that the keeper would start again, where the run that paused it wanted its volume looked into first."""
    for act in pause.run.plan:
        if isinstance(act, PauseKeeper) and act.guarded and about(act.keeper, act.workload) == pause.about:
            return act.guarded.sync
    return None


def runs(sync: Sync, cluster: Cluster) -> bool:
    """Whether it is known to run already."""
    try:
        here = cluster.syncs(claim_of(sync))
    except ClusterError:
        return False
    return any(each.running and (str(each), each.workload) == (str(sync), sync.workload) for each in here)


@transaction.atomic
def stand(pause: Pause, why: Facts) -> None:
    """It goes on after its end. A reason of another sort is written down once."""
    Pause.objects.filter(pk=pause.pk, ended=None).update(problem=why.as_json())
    if why.code != pause.problem.get("code"):
        record("pause.stands", pause.run, by=ENGINE, pause=pause.about, why=why.as_json())
