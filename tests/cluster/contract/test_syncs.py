from __future__ import annotations

from dataclasses import replace

import pytest


@pytest.fixture(params=["Deployment", "CronJob"])
def ref(place, request):
    return place.sync if request.param == "Deployment" else place.cron


@pytest.fixture
def claim(place, ref):
    return place.claim if ref == place.sync else place.cron_claim


def test_suspended_it_no_longer_runs_and_its_pods_go(place, cluster, ref, claim):
    cluster.suspend(place.sync_of(ref))
    assert not place.sync_of(ref).running
    place.until(lambda: not [p for p in cluster.pods_using(claim) if p.workload == ref], "the pods' end")


def test_suspended_twice_is_once(place, cluster, ref):
    was = place.sync_of(ref)
    cluster.suspend(was)
    once = cluster.workload(ref).version
    cluster.suspend(was)
    assert cluster.workload(ref).version == once
    assert not place.sync_of(ref).running


def test_resumed_it_is_as_it_was(place, cluster, ref):
    was = place.sync_of(ref)
    cluster.suspend(was)
    cluster.resume(was)
    cluster.resume(was)
    assert place.sync_of(ref) == was


def test_what_did_not_run_before_is_left_suspended(place, cluster, ref):
    cluster.suspend(place.sync_of(ref))
    stopped = place.sync_of(ref)
    cluster.resume(stopped)
    assert not place.sync_of(ref).running


def test_a_dry_run_changes_nothing(place, cluster, ref):
    was, version = place.sync_of(ref), cluster.workload(ref).version
    cluster.suspend(was, dry=True)
    cluster.resume(replace(was, running=False), dry=True)
    assert place.sync_of(ref) == was
    assert cluster.workload(ref).version == version


def test_the_workload_that_owns_the_data_goes_on(place, cluster):
    cluster.suspend(place.sync_of(place.sync))
    assert cluster.workload(place.workload).replicas == 1


def test_its_pods_are_those_in_which_it_copies_until_they_are_gone(place, cluster):
    sync = place.sync_of(place.sync)
    pods = place.until(lambda: cluster.pods_of(sync), "its pods")
    assert {p.workload for p in pods} == {place.sync}
    assert {p.name for p in pods} < {p.name for p in cluster.pods_using(place.claim)}
    cluster.suspend(sync)
    place.until(lambda: not cluster.pods_of(sync), "their end")
    assert {p.workload for p in cluster.pods_using(place.claim)} == {place.workload}


def test_what_reads_the_claim_itself_has_no_copy_of_it(place, cluster, ref):
    assert cluster.waiting(place.sync_of(ref)) == ()
