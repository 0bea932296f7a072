"""Before anyone starts a run they read what the cluster would say to each act, in its own words."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils.html import escape

from backups.models import Source
from cluster.errors import Conflict, Forbidden, NotFound, Refused, Unreachable
from runbooks.library.archive_volume import ArchiveVolume
from runbooks.library.snapshot_volume import SnapshotVolume
from tests.runbooks.conftest import drafted

pytestmark = pytest.mark.django_db
WORDS = {
    NotFound: 'deployments.apps "home-assistant" not found',
    Forbidden: 'User "aftermath" cannot patch resource "deployments/scale" in the namespace "home"',
    Conflict: "the object has been modified",
    Refused: 'admission webhook "policy.example" denied the request: not on a Friday',
}


class Trial:
    """A cluster that answers a dry run of scaling so, and everything else as it is."""

    def __init__(self, cluster, no=None):
        self.cluster, self.no, self.tried = cluster, no, []

    def __getattr__(self, name):
        return getattr(self.cluster, name)

    def scale(self, *what, dry=False, **more):
        assert dry, "nothing is changed for a draft"
        self.tried.append(what)
        if self.no:
            raise self.no


def shown(client, run):
    return client.get(reverse("run", args=[run.pk])).text


def pressed(client, run):
    """The run's state after somebody sent what the button sends."""
    client.post(reverse("run-start", args=[run.pk]), {"typed": run.named, "looks": run.looks})
    run.refresh_from_db()
    return run.state


def quietly(volume):
    return SnapshotVolume(volume=volume.pk, quiet=True)


@pytest.mark.parametrize("kind", WORDS)
def test_an_act_that_would_be_refused_says_so_in_the_clusters_words_and_the_run_cannot_start(
    world, volume, by, client, alice, kind
):
    run = drafted(quietly(volume), Trial(world, kind(WORDS[kind])), by=by, range_=world)
    client.force_login(alice)
    page = shown(client, run)
    assert escape(WORDS[kind]) in page
    assert "The cluster would refuse act" in page
    assert reverse("run-start", args=[run.pk]) not in page
    assert pressed(client, run) == "draft"


def test_where_nobody_answers_it_is_unknown_and_a_person_decides(world, volume, by, client, alice):
    run = drafted(quietly(volume), Trial(world, Unreachable("timed out")), by=by, range_=world)
    client.force_login(alice)
    page = shown(client, run)
    assert "timed out" in page
    assert reverse("run-start", args=[run.pk]) in page
    assert "unknown" in [answer["code"] for answer in run.trial]


def test_what_would_be_accepted_says_so_and_can_be_started(world, volume, by, client, alice):
    trial = Trial(world)
    run = drafted(quietly(volume), trial, by=by, range_=world)
    client.force_login(alice)
    said = {act.told().code: answer["code"] for act, answer in zip(run.plan, run.trial, strict=True)}
    assert (said["stop-sync"], said["snapshot"], said["detached"]) == ("accepted", "accepted", "only-asks")
    assert trial.tried
    assert "accepted" in shown(client, run)
    assert pressed(client, run) == "queued"


def test_a_job_that_is_to_read_what_an_act_before_it_makes_is_asked_for_all_the_same(world, volume, by):
    """Its files are not there yet, but whether its pod would be admitted can be told."""
    Source.objects.create(volume=volume, kind="archives", bucket="practice", prefix="archives/home")
    run = drafted(ArchiveVolume(volume=volume.pk), NoArchives(world), by=by, range_=world)
    assert [answer["code"] for answer in run.trial] == ["accepted", "refused"]
    assert "violates PodSecurity" in str(run.trial[1])


class NoArchives(Trial):
    """A cluster that would not admit the pod of an archive."""

    def start_job(self, job, *, dry=False):
        if job.verb == "archive":
            assert dry
            raise Refused('pods "am" is forbidden: violates PodSecurity "restricted:latest"')
        self.cluster.start_job(job, dry=dry)
