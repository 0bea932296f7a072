from __future__ import annotations

from dataclasses import replace

import pytest

from cluster.errors import ClusterError, Conflict, NotFound, Refused


def pods(place):
    return [p for p in place.cluster.pods_using(place.claim) if p.workload == place.workload]


def test_scaled_to_nothing_its_pods_go_and_back_there_is_a_new_one(place, cluster):
    place.until(lambda: cluster.workload(place.workload).ready == 1, "a ready pod")
    (old,) = pods(place)
    cluster.scale(place.workload, was=1, to=0)
    assert cluster.workload(place.workload).replicas == 0
    place.until(lambda: not pods(place), "the pod's end")
    assert cluster.workload(place.workload).ready == 0
    cluster.scale(place.workload, was=0, to=1)
    place.until(lambda: cluster.workload(place.workload).ready == 1, "a ready pod")
    assert pods(place)[0].uid != old.uid


def test_a_pod_that_goes_is_told_as_going_until_it_is_gone(place, cluster):
    place.until(lambda: cluster.workload(place.workload).ready == 1, "a ready pod")
    cluster.scale(place.workload, was=1, to=0)
    place.until(lambda: not pods(place) or pods(place)[0].deleting, "the deletion")
    assert all(not p.ready for p in pods(place))


def test_done_twice_it_is_as_done_once(place, cluster):
    cluster.scale(place.workload, was=1, to=0)
    place.until(lambda: not pods(place), "the pod's end")
    once = cluster.workload(place.workload)
    cluster.scale(place.workload, was=1, to=0)
    assert cluster.workload(place.workload) == once


def test_a_change_is_seen_in_the_version_and_the_uid_stays(place, cluster):
    before = cluster.workload(place.workload)
    cluster.scale(place.workload, was=1, to=0)
    after = cluster.workload(place.workload)
    assert after.version != before.version
    assert after.uid == before.uid


def test_a_dry_run_changes_nothing(place, cluster):
    before = cluster.workload(place.workload)
    cluster.scale(place.workload, was=1, to=0, dry=True)
    assert cluster.workload(place.workload).replicas == before.replicas
    assert cluster.workload(place.workload).version == before.version


@pytest.mark.parametrize("dry", [True, False])
def test_replicas_that_somebody_else_changed_are_a_conflict(place, cluster, dry):
    with pytest.raises(Conflict):
        cluster.scale(place.workload, was=3, to=2, dry=dry)
    assert cluster.workload(place.workload).replicas == 1


@pytest.mark.parametrize("dry", [True, False])
def test_fewer_than_none_is_refused(place, cluster, dry):
    with pytest.raises(Refused):
        cluster.scale(place.workload, was=1, to=-1, dry=dry)


def test_what_has_no_replicas_is_refused(place, cluster):
    with pytest.raises(Refused):
        cluster.scale(place.cron, was=0, to=1)


def test_errors_are_one_family(place, cluster):
    with pytest.raises(ClusterError):
        cluster.scale(place.workload, was=7, to=8)


def test_as_long_as_nobody_touches_them_no_other_replicas_were_given(place, cluster):
    cluster.scale(place.workload, was=1, to=0)
    version = cluster.workload(place.workload).version
    place.until(lambda: not pods(place), "the pod's end")
    assert cluster.replicas_since(place.workload, version) == ()


def test_replicas_that_were_put_back_at_once_were_given_all_the_same(place, cluster):
    first = cluster.workload(place.workload).version
    cluster.scale(place.workload, was=1, to=0)
    version = cluster.workload(place.workload).version
    cluster.scale(place.workload, was=0, to=2)
    cluster.scale(place.workload, was=2, to=0)
    assert cluster.replicas_since(place.workload, version) == (2, 0)
    assert cluster.replicas_since(place.workload, first) == (0, 2, 0)


@pytest.mark.parametrize("version", ["", "-1", "999999999", "yesterday"])
def test_of_a_version_that_never_was_nothing_is_known(place, cluster, version):
    with pytest.raises(Conflict):
        cluster.replicas_since(place.workload, version)


def test_of_a_workload_that_is_not_there_nothing_is_asked(place, cluster):
    with pytest.raises(NotFound):
        cluster.replicas_since(replace(place.workload, name="nothing"), "1")
