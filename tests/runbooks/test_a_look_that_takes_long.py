"""A draft that looks says how far it is and what holds it up, and nobody has to wait for its end."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils.timezone import now

from audit.models import Entry
from audit.moves import IllegalMove, LostRace
from cluster.errors import Forbidden, NotFound, Unreachable
from people.actors import person
from runbooks import actions, engine
from runbooks.engine import LOOKS_FOR
from runbooks.library.fix_permissions import FixPermissions
from runbooks.library.restore_volume import RestoreVolume
from runbooks.models import KNOCKED, Run
from tests.runbooks.conftest import drafted, finish, point_of

pytestmark = pytest.mark.django_db
UNBOUND = 'MountVolume.SetUp failed for volume "pvc-1": rpc error: <no such device>'


class Slow:
    """A cluster whose jobs do not come to their end, until they are dropped."""

    def __init__(self, cluster, state="running", **progress):
        self.cluster, self.state, self.progress = cluster, state, progress
        self.dropped, self.asked, self.no = [], [], None

    def __getattr__(self, name):
        return getattr(self.cluster, name)

    def job(self, namespace, name):
        self.asked.append(name)
        if self.no:
            raise self.no
        if name in self.dropped:
            raise NotFound(name)
        return replace(self.cluster.job(namespace, name), state=self.state, progress=self.progress)

    def drop_job(self, namespace, name, **options):
        self.dropped.append(name)
        return self.cluster.drop_job(namespace, name, **options)


def knock(run: Run, cluster) -> float | None:
    Run.objects.filter(pk=run.pk, worker="").update(not_before=now())
    wait = engine.advance(run.pk, cluster)
    run.refresh_from_db()
    return wait


@pytest.fixture
def looking(world, volume, by):
    """A draft whose job is at work."""
    run = actions.draft(FixPermissions(volume=volume.pk), by=by)
    cluster = Slow(world, files=123_456, bytes=2_000_000_000)
    for _ in range(3):
        knock(run, cluster)
    assert (run.state, run.waiting["code"]) == ("looking", "job")
    return run, cluster


def page_of(client, run: Run) -> str:
    return client.get(reverse("run", args=[run.pk])).text.replace("\u202f", " ")


@pytest.fixture
def signed_in(client, alice):
    client.force_login(alice)
    return client


def test_it_says_how_far_it_is_and_how_long_it_may_take(signed_in, looking):
    run, _cluster = looking
    Run.objects.filter(pk=run.pk).update(since=now() - timedelta(minutes=4, seconds=5))
    page = page_of(signed_in, run)
    assert "Waiting for the job beside the files (inspect), 123 456 files, 2.0 GB" in " ".join(page.split())
    assert 'max="600"' in page
    assert "<b>4 min\N{NO-BREAK SPACE}5 s</b> of 10 min" in page
    assert reverse("run-give-up", args=[run.pk]) in page


def test_a_job_that_knows_of_how_much_has_a_bar(signed_in, looking):
    run, cluster = looking
    cluster.progress |= {"of_bytes": 8_000_000_000}
    knock(run, cluster)
    page = page_of(signed_in, run)
    assert '<progress value="2000000000" max="8000000000"' in page
    assert "<b>2.0 GB</b> of 8.0 GB" in page


def test_a_pod_that_does_not_start_is_told_in_the_clusters_words(signed_in, looking):
    run, cluster = looking
    cluster.state, cluster.progress = "pending", {"waiting": UNBOUND}
    knock(run, cluster)
    assert "rpc error: &lt;no such device&gt;" in page_of(signed_in, run)
    cluster.state, cluster.progress = "running", {}
    knock(run, cluster)
    assert "no such device" not in page_of(signed_in, run)


def test_an_act_tells_those_words_too(signed_in, world, volume, by):
    point = point_of(volume, world, by)
    run = drafted(RestoreVolume(volume=volume.pk, point=point.pk), world, by=by)
    actions.start(run, typed=str(volume), by=by)
    while not run.records.filter(facts__code__startswith="extract").exists():
        knock(run, world)
        world.tick()
    stuck = Slow(world, "pending", waiting=UNBOUND)
    for _ in range(3):
        knock(run, stuck)
    assert "no such device" in page_of(signed_in, run)


def test_the_look_before_the_beginning_is_shown_as_well(signed_in, world, volume, by):
    world.break_("wrong-owner")
    run = drafted(FixPermissions(volume=volume.pk), world, by=by)
    actions.start(run, typed=str(volume), by=by)
    cluster = Slow(world, "pending", waiting=UNBOUND)
    for _ in range(3):
        knock(run, cluster)
    page = page_of(signed_in, run)
    assert run.state == "queued"
    assert "Looking again" in page
    assert "no such device" in page
    assert reverse("run-give-up", args=[run.pk]) not in page
    actions.cancel(run, by=by)
    knock(run, cluster)
    assert (run.state, run.waiting, cluster.dropped) == ("undone", {}, [f"{run.tag}-look", f"{run.tag}-begin"])


def test_nothing_is_left_of_it_once_it_is_drafted(world, looking):
    run, _cluster = looking
    assert finish(run, world) == "draft"
    assert (run.waiting, run.progress) == ({}, {})


# --- Giving up ---


def test_a_look_is_given_up_and_its_job_ended(signed_in, looking, by):
    run, cluster = looking
    assert signed_in.post(reverse("run-give-up", args=[run.pk])).url == reverse("run", args=[run.pk])
    page = page_of(signed_in, run)
    assert "Given up by alice" in page
    assert '<span class="state ">' in page  # no colour: nothing is wrong with it
    assert signed_in.get(reverse("runs")).text.count("Given up") == 1
    assert "Nothing was changed" in page
    assert "every 1s" not in page
    knock(run, cluster)
    assert (run.state, run.waiting, run.progress) == ("refused", {}, {})
    assert cluster.dropped == [f"{run.tag}-look"]
    told = Entry.objects.get(action="run.refused")
    assert (told.actor, told.facts["why"]) == (by.name, {"code": "given-up", "by": by.name})
    assert engine.advance(run.pk, cluster) is None


def test_a_worker_that_just_looks_neither_brings_it_back_nor_leaves_a_job(world, volume, by):
    run = actions.draft(FixPermissions(volume=volume.pk), by=by)

    class GivenUpMeanwhile(Slow):
        def start_job(self, job, **options):
            actions.give_up(Run.objects.get(pk=run.pk), by=by)
            return self.cluster.start_job(job, **options)

    cluster = GivenUpMeanwhile(world)
    knock(run, cluster)
    assert run.state == "refused"
    assert cluster.dropped == []
    knock(run, cluster)
    assert (run.state, run.waiting, cluster.dropped) == ("refused", {}, [f"{run.tag}-look"])


def test_a_draft_is_given_up_and_cannot_be_started(signed_in, world, volume, by):
    world.break_("wrong-owner")
    run = drafted(FixPermissions(volume=volume.pk), world, by=by)
    stale = Run.objects.get(pk=run.pk)
    assert reverse("run-give-up", args=[run.pk]) in page_of(signed_in, run)
    signed_in.post(reverse("run-give-up", args=[run.pk]))
    with pytest.raises(LostRace):
        actions.start(stale, typed=str(volume), by=by)
    run.refresh_from_db()
    assert (run.state, run.why["code"], run.wants_worker) == ("refused", "given-up", False)


def test_a_run_that_was_started_is_not_given_up(signed_in, world, volume, by):
    world.break_("wrong-owner")
    run = drafted(FixPermissions(volume=volume.pk), world, by=by)
    actions.start(run, typed=str(volume), by=by)
    with pytest.raises(IllegalMove):
        actions.give_up(run, by=by)
    signed_in.post(reverse("run-give-up", args=[run.pk]))
    run.refresh_from_db()
    assert run.state == "queued"


def test_who_may_draft_may_give_up_and_who_only_reads_may_not(client, looking, bob, carol):
    run, _cluster = looking
    client.force_login(carol)
    assert reverse("run-give-up", args=[run.pk]) not in page_of(client, run)
    assert client.post(reverse("run-give-up", args=[run.pk])).status_code == 403
    actions.give_up(run, by=person(bob))
    assert run.state == "refused"


def test_a_cluster_that_does_not_answer_is_asked_again_until_the_job_ends_by_itself(looking, by):
    run, cluster = looking
    actions.give_up(run, by=by)
    cluster.no = Unreachable("no answer")
    assert knock(run, cluster)
    assert run.waiting
    Run.objects.filter(pk=run.pk).update(since=now() - LOOKS_FOR)
    assert knock(run, cluster) is None
    assert run.waiting == {}


def test_a_cluster_that_refuses_is_not_asked_again(looking, by):
    run, cluster = looking
    actions.give_up(run, by=by)
    cluster.no = Forbidden("you may not")
    assert knock(run, cluster) is None
    assert (run.state, run.waiting) == ("refused", {})


def test_a_look_that_took_too_long_leaves_no_job(looking):
    run, cluster = looking
    Run.objects.filter(pk=run.pk).update(since=now() - LOOKS_FOR - timedelta(seconds=1))
    assert knock(run, cluster) is not None
    assert (run.state, run.why["code"]) == ("refused", "look-too-long")
    knock(run, cluster)
    assert cluster.dropped == [f"{run.tag}-look"]


def test_what_an_earlier_version_refused_is_let_rest(world, looking):
    run, _cluster = looking
    Run.objects.filter(pk=run.pk).update(state="refused", since=now() - timedelta(days=3))
    asked = Slow(world)
    assert knock(run, asked) is None
    assert (asked.asked, run.state, run.waiting) == ([], "refused", {})
    assert run.state not in KNOCKED
