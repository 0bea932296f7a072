from __future__ import annotations

import pytest

from cluster.api import WorkloadRef
from cluster.errors import Conflict, NotFound, Refused

HARDER = {"allowPrivilegeEscalation": True, "capabilities": {"drop": ["NET_RAW"]}}


@pytest.fixture
def was(place, cluster):
    """The security contexts as they are, which they are again after the test."""
    place.until(lambda: cluster.workload(place.workload).ready == 1, "a ready pod")
    was = seen(place)
    yield was
    cluster.set_security(place.workload, was=seen(place), to=was)


@pytest.fixture
def to(place, was):
    (name,) = cluster_template(place).containers
    return {**was, name: HARDER}


def cluster_template(place):
    return place.cluster.template(place.workload, place.claim)


def seen(place):
    return dict(cluster_template(place).security)


def current(place):
    """The newest revision once the cluster has made it."""
    return place.until(lambda: next((r for r in place.cluster.revisions(place.workload) if r.current), None), "it")


def test_a_template_tells_its_containers_and_where_the_claim_is_mounted(place, cluster):
    template = cluster_template(place)
    assert len(template.containers) == 1
    assert template.mount.startswith("/")
    assert template.volume
    assert template.fs_group_works in (True, False)
    other = cluster.template(place.workload, place.quiet)
    assert (other.mount, other.volume, other.containers) == ("", "", template.containers)


def test_the_revision_whose_pods_are_ready_is_known_and_the_current_one_is_first(place, cluster, was):
    first, *older = cluster.revisions(place.workload)
    assert (first.current, first.ready, dict(first.security)) == (True, True, was)
    assert first.made
    assert first.name.startswith(place.workload.name)
    assert not [r for r in older if r.current]
    assert [r.number for r in older] == sorted((r.number for r in older), reverse=True)


def test_set_they_are_what_new_pods_are_made_of_and_nothing_else_is(place, cluster, was, to):
    before, old, version = cluster_template(place), current(place), cluster.workload(place.workload).version
    cluster.set_security(place.workload, was=was, to=to)
    after = cluster_template(place)
    assert after.security == to
    assert (after.containers, after.mount, after.volume) == (before.containers, before.mount, before.volume)
    assert cluster.workload(place.workload).version != version
    place.until(lambda: current(place).name != old.name and current(place).ready, "a ready pod of the new template")
    new = current(place)
    assert (new.security, new.number > old.number) == (to, True)
    assert [r.security for r in cluster.revisions(place.workload) if r.name == old.name] == [was]
    assert [r.ready for r in cluster.revisions(place.workload) if r.name == old.name] == [None]


def test_set_back_the_old_revision_is_the_current_one_again(place, cluster, was, to):
    old = current(place)
    cluster.set_security(place.workload, was=was, to=to)
    place.until(lambda: current(place).name != old.name, "the new revision")
    cluster.set_security(place.workload, was=to, to=was)
    assert seen(place) == was
    place.until(lambda: current(place).name == old.name and current(place).ready, "a ready pod of the old template")
    assert current(place).number > old.number


def test_set_twice_is_once(place, cluster, was, to):
    cluster.set_security(place.workload, was=was, to=to)
    once = cluster.workload(place.workload).version
    cluster.set_security(place.workload, was=was, to=to)
    assert cluster.workload(place.workload).version == once


def test_a_context_that_says_nothing_is_none(place, cluster, was, to):
    cluster.set_security(place.workload, was={**was, "nobody": {}}, to={**to, "nobody": {}})
    assert seen(place) == to


@pytest.mark.parametrize("dry", [True, False])
def test_those_that_somebody_else_changed_are_a_conflict(place, cluster, was, to, dry):
    with pytest.raises(Conflict):
        cluster.set_security(place.workload, was={"": {"runAsUser": 7}}, to=to, dry=dry)
    assert seen(place) == was


@pytest.mark.parametrize("dry", [True, False])
def test_a_container_that_there_is_not_is_refused(place, cluster, was, dry):
    with pytest.raises(Refused):
        cluster.set_security(place.workload, was=was, to={**was, "stranger": HARDER}, dry=dry)


def test_a_dry_run_changes_nothing(place, cluster, was, to):
    version = cluster.workload(place.workload).version
    cluster.set_security(place.workload, was=was, to=to, dry=True)
    assert (seen(place), cluster.workload(place.workload).version) == (was, version)


def test_what_is_not_there_is_not_found(place, cluster):
    nothing = WorkloadRef(place.workload.namespace, "Deployment", "nothing")
    for ask in (
        lambda: cluster.revisions(nothing),
        lambda: cluster.template(nothing, place.claim),
        lambda: cluster.set_security(nothing, was={}, to={"": {"runAsUser": 7}}),
    ):
        with pytest.raises(NotFound):
            ask()
