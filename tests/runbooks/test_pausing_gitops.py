"""What keeps an application as it is declared is told to leave it alone, by a lease that always ends."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils.timezone import now

from audit.models import Entry
from cluster import notes
from cluster.api import Keeper, WorkloadRef
from cluster.errors import Forbidden, Unreachable
from cluster.range import faults, gitops
from runbooks import actions, leases
from runbooks.base import encoded
from runbooks.library.pause_gitops import PauseGitOps
from runbooks.library.restore_volume import RestoreVolume
from runbooks.library.resume_gitops import ResumeGitOps
from runbooks.library.snapshot_volume import SnapshotVolume
from runbooks.models import Pause, Run
from tests.runbooks.conftest import HOME, drafted, finish, point_of, started

pytestmark = pytest.mark.django_db


@pytest.fixture
def kept(world):
    """Something puts the application back to what Git says, at once."""
    faults.heal(world.ground)
    return world


def paused(world) -> bool:
    return world.keepers(world.workload_using(HOME).ref)[0].paused


def run_out() -> None:
    Pause.objects.update(until=now() - timedelta(seconds=1), not_before=now())


def tend(world) -> None:
    for pk in leases.due().values_list("pk", flat=True):
        leases.tend(pk, world)


def test_it_is_paused_for_a_while_and_resumed_by_the_engine_at_its_end(kept, volume, by):
    run = started(PauseGitOps(volume=volume.pk, minutes=30), kept, by=by)
    assert finish(run, kept) == "done", run.why
    assert paused(kept)
    pause = Pause.objects.get()
    assert (pause.by, pause.ended) == ("alice", None)
    assert timedelta(minutes=29) < pause.until - now() <= timedelta(minutes=30)
    tend(kept)
    assert paused(kept), "its time is not up"
    run_out()
    tend(kept)
    assert not paused(kept)
    assert Pause.objects.get().ended
    assert [e.action for e in Entry.objects.of(run) if "pause" in e.action] == ["pause.begun", "pause.ended"]


def test_the_note_says_who_why_and_until_when(kept, volume, by):
    run = drafted(PauseGitOps(volume=volume.pk, minutes=30), kept, by=by)
    actions.start(run, typed="", reason="we are moving house", by=by)
    assert finish(run, kept) == "done", run.why
    note = kept.workload_using(HOME).annotations
    told = {name.rpartition("-")[2]: said for name, said in note.items() if name.startswith("aftermath.dev/")}
    assert (told["by"], told["why"], told["run"]) == ("alice", "we are moving house", run.tag)
    assert told["until"].startswith(f"{Pause.objects.get().until:%Y-%m-%dT%H:%M}")


def test_nothing_to_pause_is_an_objection(world, volume, by):
    run = drafted(PauseGitOps(volume=volume.pk), world, by=by)
    assert [o["code"] for o in run.objections if o["stops"]] == ["no-keeper"]


def test_a_pause_that_does_not_hold_is_seen_and_taken_back(kept, volume, by):
    """An application of applications resumes what was paused below it."""

    class Resumed:
        def __getattr__(self, name):
            return getattr(kept, name)

        def pause(self, keeper, ref, note, *, dry=False):
            kept.pause(keeper, ref, note, dry=dry)
            if not dry:
                kept.unpause(keeper, ref)

    run = started(PauseGitOps(volume=volume.pk), kept, by=by)
    assert finish(run, Resumed(), kept) == "undone"
    assert run.why["code"] == "pause-undone"
    assert not Pause.objects.filter(ended=None).exists()


def test_it_is_resumed_before_its_time(kept, volume, by):
    assert finish(started(PauseGitOps(volume=volume.pk), kept, by=by), kept) == "done"
    run = started(ResumeGitOps(volume=volume.pk), kept, by=by)
    assert finish(run, kept) == "done", run.why
    assert not paused(kept)
    assert not Pause.objects.filter(ended=None).exists()


def test_a_run_of_before_that_did_not_say_whom_is_left_alone_is_shown_and_taken_back(kept, volume, by, client, alice):
    assert finish(started(PauseGitOps(volume=volume.pk), kept, by=by), kept) == "done"
    run = started(ResumeGitOps(volume=volume.pk), kept, by=by)
    assert finish(run, kept) == "done", run.why
    [flux] = kept.keepers(kept.workload_using(HOME).ref)
    Run.objects.filter(pk=run.pk).update(seen={"scene": run.seen["scene"], "held": [encoded(flux)]})
    client.force_login(alice)
    assert client.get(reverse("run", args=[run.pk])).status_code == 200
    actions.undo(run, by=by)
    assert finish(run, kept) == "undone", run.why
    assert paused(kept)


def test_resuming_what_is_not_paused_is_an_objection(kept, volume, by):
    run = drafted(ResumeGitOps(volume=volume.pk), kept, by=by)
    assert [o["code"] for o in run.objections if o["stops"]] == ["not-paused"]


def test_a_restore_pauses_it_first_and_resumes_it_last(kept, volume, by):
    point = point_of(volume, kept, by)
    kept.break_("emptied")
    run = started(RestoreVolume(volume=volume.pk, point=point.pk), kept, by=by)
    codes = [act.told().code for act in run.plan]
    assert codes[1] == "pause"
    assert codes[-1] == "resume"
    assert codes.index("pause") < codes.index("stop-sync") < codes.index("scale") < codes.index("stays-down")
    assert finish(run, kept) == "done", run.why
    assert not paused(kept)
    assert kept.workload_using(HOME).replicas == 1
    assert ".storage/auth" in kept.fingerprint()["files"][str(HOME)]


def test_a_restore_that_something_heals_turns_back_before_it_touches_data(kept, volume, by):
    """The pause is taken and has no effect: the application comes back while it should be down."""
    point = point_of(volume, kept, by)
    before = kept.fingerprint()["files"]

    class Deaf:
        def __getattr__(self, name):
            return getattr(kept, name)

        def keepers(self, ref):
            return ()

    run = started(RestoreVolume(volume=volume.pk, point=point.pk), Deaf(), by=by)
    assert finish(run, Deaf(), kept) == "undone"
    assert run.why["code"] == "healed"
    assert not run.records.filter(facts__code="extract-snapshot").exists()
    assert kept.fingerprint()["files"] == before


def held(world):
    """Somebody pauses it by hand."""
    name, value = notes.FLUX
    with world.ground.objects.change() as state:
        state.workloads["home/Deployment/home-assistant"].annotations[name] = value


def let_go(world):
    with world.ground.objects.change() as state:
        del state.workloads["home/Deployment/home-assistant"].annotations[notes.FLUX[0]]


class WithoutTheRight:
    """The account may not change what has the switch."""

    def __init__(self, world):
        self.world = world

    def __getattr__(self, name):
        return getattr(self.world, name)

    def pause(self, keeper, ref, note, *, dry=False):
        before = self.world.ground.objects.read()
        with self.world.change(dry=True) as state:
            gitops.pause(state, keeper, ref, note)
        if state.workloads != before.workloads:
            raise Forbidden("cannot patch resource")

    def unpause(self, keeper, ref, *, dry=False):
        before = self.world.ground.objects.read()
        with self.world.change(dry=True) as state:
            gitops.unpause(state, keeper, ref)
        if state.workloads != before.workloads:
            raise Forbidden("cannot patch resource")


def test_what_somebody_has_paused_already_needs_no_right_and_is_left_as_it_is(kept, volume, by):
    cluster = WithoutTheRight(kept)
    run = drafted(SnapshotVolume(volume=volume.pk, quiet=True), cluster, by=by, range_=kept)
    assert [o["code"] for o in run.objections if o["stops"]] == ["dry-refused"]
    held(kept)
    before = dict(kept.workload_using(HOME).annotations)
    run = started(SnapshotVolume(volume=volume.pk, quiet=True), cluster, by=by)
    assert ("keeper-theirs", False) in [(o["code"], o["stops"]) for o in run.objections]
    codes = [act.told().code for act in run.plan]
    assert (codes[0], codes[-1]) == ("pause-theirs", "resume-theirs")
    assert [run.trial[n]["code"] for n in (0, -1)] == ["nothing-to-do", "nothing-to-do"]
    assert finish(run, cluster, kept) == "done", run.why
    assert kept.workload_using(HOME).replicas == 1
    assert dict(kept.workload_using(HOME).annotations) == before
    assert paused(kept)
    assert not Pause.objects.filter(ended=None).exists()


def test_somebody_who_resumes_meanwhile_what_they_had_paused_turns_the_run_back(kept, volume, by):
    point = point_of(volume, kept, by)
    held(kept)
    files = kept.fingerprint()["files"]

    class Meanwhile:
        def __getattr__(self, name):
            return getattr(kept, name)

        def scale(self, ref, *, was, to, dry=False):
            kept.scale(ref, was=was, to=to, dry=dry)
            if not dry and to == 0:
                let_go(kept)

    run = started(RestoreVolume(volume=volume.pk, point=point.pk), Meanwhile(), by=by)
    assert finish(run, Meanwhile(), kept) == "undone"
    assert run.why["code"] == "healed"
    assert not run.records.filter(facts__code="extract-snapshot").exists()
    assert kept.fingerprint()["files"] == files
    assert not Pause.objects.filter(ended=None).exists()


def test_somebody_who_resumes_it_before_the_start_is_heeded(kept, volume, by):
    held(kept)
    run = drafted(SnapshotVolume(volume=volume.pk, quiet=True), kept, by=by)
    let_go(kept)
    actions.start(run, typed=str(volume), by=by)
    assert finish(run, kept) == "refused"
    assert (run.why["code"], run.why["names"]) == ("changed", ["scene"])


def test_the_lease_of_a_run_that_is_stuck_is_prolonged_and_said_to_be(kept, volume, by):
    """Resumed now, it would start the application on data that is half in place."""
    run = started(PauseGitOps(volume=volume.pk), kept, by=by)
    assert finish(run, kept) == "done"
    Run.objects.filter(pk=run.pk).update(state="stuck")
    run_out()
    tend(kept)
    assert paused(kept)
    assert Pause.objects.get().until > now() + timedelta(minutes=14)
    assert "pause-prolonged" in [line.facts["code"] for line in run.lines.all()]
    run.refresh_from_db()
    actions.leave(run, reason="nobody knows", by=by)
    run_out()
    tend(kept)
    assert not paused(kept), "who leaves it as it is lets its leases end"


def test_the_last_of_two_leases_resumes(kept, volume, by):
    first = started(PauseGitOps(volume=volume.pk, minutes=30), kept, by=by)
    assert finish(first, kept) == "done"
    second = started(PauseGitOps(volume=volume.pk, minutes=300), kept, by=by)
    assert finish(second, kept) == "done"
    Pause.objects.filter(run=first).update(until=now() - timedelta(seconds=1))
    tend(kept)
    assert Pause.objects.get(run=first).ended
    assert paused(kept), "the other one stands"
    run_out()
    tend(kept)
    assert not paused(kept)


def test_what_cannot_be_resumed_now_is_tried_again_and_said(kept, volume, by):
    assert finish(started(PauseGitOps(volume=volume.pk), kept, by=by), kept) == "done"
    run_out()

    class Away:
        def unpause(self, *given, **named):
            raise Unreachable("no route to host")

    tend(Away())
    pause = Pause.objects.get()
    assert (pause.ended, pause.problem["code"]) == (None, "not-resumed")
    tend(kept)
    assert paused(kept), "not at once again"
    run_out()
    tend(kept)
    assert not paused(kept)


def test_taking_the_pause_back_resumes_it(kept, volume, by):
    before = kept.fingerprint()
    run = started(PauseGitOps(volume=volume.pk), kept, by=by)
    assert finish(run, kept) == "done"
    actions.undo(run, by=by)
    assert finish(run, kept) == "undone", run.why
    assert kept.fingerprint() == before


def test_a_banner_stands_while_it_lasts(kept, volume, by, client, alice):
    client.force_login(alice)
    assert finish(started(PauseGitOps(volume=volume.pk), kept, by=by), kept) == "done"
    part = client.get(reverse("pauses"), {"volume": volume.pk}, headers={"HX-Request": "true"}).text
    assert part.lstrip().startswith('<div id="pauses"')
    assert "Flux flux-system/apps" in part
    assert reverse("runbook", args=["resume-gitops"]) in part
    assert "Flux" in client.get(reverse("pauses")).text
    assert reverse("pauses") in client.get(reverse("overview")).text
    assert f"{reverse('pauses')}?volume={volume.pk}" in client.get(reverse("volume", args=[volume.pk])).text
    run_out()
    tend(kept)
    part = client.get(reverse("pauses"), {"volume": "x"}, headers={"HX-Request": "true"}).text
    assert "Flux" not in part
    assert "Flux" in client.get(reverse("pauses")).text, "it is among those that have ended"


def test_a_restore_is_taken_back_while_something_keeps_the_application(kept, volume, by):
    point = point_of(volume, kept, by)
    before = kept.fingerprint()
    run = started(RestoreVolume(volume=volume.pk, point=point.pk), kept, by=by)
    assert finish(run, kept) == "done", run.why
    actions.undo(run, by=by)
    assert finish(run, kept) == "undone", run.why
    for name in ("safety", "undone"):
        kept.drop_snapshot("home", f"{run.tag}-{name}")
    assert kept.fingerprint() == before
    assert not Pause.objects.filter(ended=None).exists()


def test_what_keeps_several_workloads_is_not_resumed_while_a_run_on_another_of_them_holds_it(db):
    """Argo CD is told on its application, which is one for all that it keeps."""
    argo = Keeper("ArgoCD", "argocd", "home", "u1", pausable=True)
    app, copier = (WorkloadRef("home", "Deployment", name) for name in ("app", "copier"))
    first, second = (Run.objects.create(slug="restore-volume", params={}, drafted_by="alice") for _ in range(2))
    leases.begin(first, argo, app, 60)
    leases.begin(second, replace(argo, paused=True), copier, 60)
    assert leases.to_resume(first, argo, app, all_leases=False) is None
    leases.end(first, argo, app, all_leases=False)
    assert leases.to_resume(second, replace(argo, paused=True), copier, all_leases=False) == argo, (
        "as it was before both"
    )
    leases.end(second, argo, copier, all_leases=False)
    assert not Pause.objects.filter(ended=None).exists()
