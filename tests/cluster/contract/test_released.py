from __future__ import annotations

from dataclasses import replace

import pytest

from cluster.api import JobSpec
from cluster.errors import Conflict, NotFound, Refused
from tests.cluster import leaving
from tests.cluster.contract.conftest import LABELS

OTHERS = {**LABELS, "aftermath.dev/run": "8"}


@pytest.fixture
def left(place, request):
    with leaving.left(place, files=hasattr(request, "param")) as left:
        yield left


@pytest.fixture
def to(place, left):
    return leaving.claim_of(place, left)


def names(cluster):
    return [one.volume for one in cluster.released()]


def bound(place, to):
    place.until(lambda: place.cluster.claim(to).phase == "Bound", "the binding")
    return place.cluster.claim(to)


def test_a_volume_without_a_claim_is_told_with_the_one_it_had(left, cluster):
    assert names(cluster) == sorted(names(cluster))
    assert left.volume in names(cluster)
    assert (left.was.namespace, left.reclaim) == (left.was.namespace, "Retain")
    assert left.was.name
    assert left.uid
    assert left.handle
    assert left.driver
    assert left.capacity > 0
    with pytest.raises(NotFound):
        cluster.claim(left.was)


def test_a_claim_that_is_used_has_no_released_volume(place, cluster, left):
    assert cluster.claim(place.claim).volume not in names(cluster)


@pytest.mark.parametrize("left", ["files"], indirect=True)
def test_bound_again_the_claim_has_the_volume_and_its_files(place, cluster, left, to):
    cluster.rebind(left, to, labels=LABELS)
    claim = bound(place, to)
    assert (claim.volume, claim.handle, claim.driver) == (left.volume, left.handle, left.driver)
    assert (claim.capacity, claim.reclaim) == (left.capacity, "Retain")
    assert left.volume not in names(cluster)
    cluster.start_job(JobSpec(to, "am-7-2", "inspect", {}, labels=LABELS, read_only=True))
    place.until(lambda: cluster.job(to.namespace, "am-7-2").state in ("done", "failed"), "the job")
    job = cluster.job(to.namespace, "am-7-2")
    assert (job.state, job.result.get("files", 0) >= leaving.FILES) == ("done", True), job
    cluster.drop_job(to.namespace, "am-7-2")


def test_under_the_name_that_it_had_it_is_bound_too(place, cluster, left):
    cluster.rebind(left, left.was, labels=LABELS)
    assert bound(place, left.was).volume == left.volume


def test_asked_for_again_nothing_more_happens(place, cluster, left, to):
    cluster.rebind(left, to, labels=LABELS)
    once = bound(place, to)
    cluster.rebind(left, to, labels=LABELS)
    assert cluster.claim(to) == once


def test_a_dry_run_changes_nothing(cluster, left, to):
    before = cluster.released()
    cluster.rebind(left, to, labels=LABELS, dry=True)
    assert cluster.released() == before
    with pytest.raises(NotFound):
        cluster.claim(to)


@pytest.mark.parametrize("dry", [True, False])
def test_anothers_claim_is_left_alone(place, cluster, left, to, dry):
    before = cluster.claim(place.quiet)
    with pytest.raises(Conflict):
        cluster.rebind(left, place.quiet, labels=LABELS, dry=dry)
    assert cluster.claim(place.quiet) == before
    assert left.volume in names(cluster)
    cluster.rebind(left, to, labels=LABELS)
    with pytest.raises(Conflict):
        cluster.rebind(left, to, labels=OTHERS, dry=dry)


@pytest.mark.parametrize("dry", [True, False])
def test_what_is_no_longer_released_is_not_taken_away_from_who_has_it(place, cluster, left, to, dry):
    cluster.rebind(left, to, labels=LABELS)
    bound(place, to)
    with pytest.raises(Conflict):
        cluster.rebind(left, replace(to, name="second"), labels=LABELS, dry=dry)
    with pytest.raises(Conflict):
        cluster.rebind(replace(left, uid="another"), replace(to, name="second"), labels=LABELS, dry=dry)
    assert bound(place, to).volume == left.volume
    with pytest.raises(NotFound):
        cluster.claim(replace(to, name="second"))


def test_a_name_that_cannot_be_is_refused(cluster, left, to):
    with pytest.raises(Refused):
        cluster.rebind(left, replace(to, name="No Name"), labels=LABELS)
    assert left.volume in names(cluster)


def test_let_go_the_claim_is_gone_and_the_volume_is_there_for_the_next(place, cluster, left, to):
    cluster.rebind(left, to, labels=LABELS)
    bound(place, to)
    cluster.release(to, labels=LABELS)
    cluster.release(to, labels=LABELS)
    place.until(lambda: left.volume in names(cluster), "the release")
    again = next(one for one in cluster.released() if one.volume == left.volume)
    assert again == replace(left, was=to)
    with pytest.raises(NotFound):
        cluster.claim(to)
    cluster.rebind(again, replace(to, name="third"), labels=LABELS)
    assert bound(place, replace(to, name="third")).volume == left.volume


def test_only_the_runs_own_claim_is_let_go(place, cluster, left, to):
    cluster.rebind(left, to, labels=LABELS)
    bound(place, to)
    for claim, labels in ((to, OTHERS), (place.quiet, LABELS), (place.quiet, {})):
        with pytest.raises(Refused):
            cluster.release(claim, labels=labels)
    cluster.release(to, labels=LABELS, dry=True)
    assert cluster.claim(to).phase == "Bound"
    assert cluster.claim(place.quiet).phase == "Bound"


def test_while_a_job_reads_it_it_is_not_let_go(place, cluster, left, to):
    cluster.rebind(left, to, labels=LABELS)
    bound(place, to)
    cluster.start_job(JobSpec(to, "am-7-3", "inspect", {}, labels=LABELS, read_only=True))
    place.until(lambda: cluster.pods_using(to), "the job's pod")
    with pytest.raises(Conflict):
        cluster.release(to, labels=LABELS)
    cluster.drop_job(to.namespace, "am-7-3")
    place.until(lambda: not cluster.pods_using(to), "the end of the job's pod")
    cluster.release(to, labels=LABELS)
