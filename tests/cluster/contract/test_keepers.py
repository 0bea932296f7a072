from __future__ import annotations

import time

import pytest

from cluster import notes
from cluster.api import Keeper, WorkloadRef
from cluster.errors import NotFound, Refused
from cluster.range.range import Range
from tests.cluster import healing

NOTE = {"run": "am-7-1", "by": "alice", "why": "a restore", "until": "2026-11-23T18:00:00Z"}


@pytest.fixture
def kept(place):
    with healing.kept(place):
        yield place


def keeper(place):
    (only,) = place.cluster.keepers(place.workload)
    return only


def annotations(place):
    return dict(place.cluster.workload(place.workload).annotations)


def annotate(place, name, value):
    """What somebody else does."""
    if isinstance(place.cluster, Range):
        with place.cluster.ground.objects.change() as state:
            here = state.workloads[f"{place.workload.namespace}/{place.workload.kind}/{place.workload.name}"]
            here.annotations = {**here.annotations, name: value}
    else:
        path = f"/apis/apps/v1/namespaces/{place.workload.namespace}/deployments/{place.workload.name}"
        place.cluster.api.merge(path, {"metadata": {"annotations": {name: value}}})


def replicas(place):
    return place.cluster.workload(place.workload).replicas


def stays(place, wanted, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        getattr(place.cluster, "tick", lambda: None)()
        assert replicas(place) == wanted
        time.sleep(0.1)


def test_what_nobody_keeps_has_no_keeper(place, cluster):
    assert cluster.keepers(place.workload) == ()


def test_who_keeps_it_is_told_and_heals_what_is_changed(kept, cluster):
    found = keeper(kept)
    assert (found.kind, found.name, found.pausable, found.paused) == ("Flux", "apps", True, False)
    assert found.namespace
    assert found.uid
    cluster.scale(kept.workload, was=1, to=0)
    kept.until(lambda: replicas(kept) == 1, "the healing", seconds=healing.WITHIN)


def test_paused_it_leaves_the_workload_alone_and_the_note_says_who_and_why(kept, cluster):
    cluster.pause(keeper(kept), kept.workload, NOTE)
    assert keeper(kept).paused
    said = annotations(kept)
    assert {word: said[f"{notes.PAUSED}{word}"] for word in NOTE} == NOTE
    cluster.scale(kept.workload, was=1, to=0)
    stays(kept, 0, seconds=3)


def test_resumed_it_is_as_before_and_heals_again(kept, cluster):
    was, before = keeper(kept), annotations(kept)
    cluster.pause(was, kept.workload, NOTE)
    cluster.scale(kept.workload, was=1, to=0)
    cluster.unpause(was, kept.workload)
    assert keeper(kept) == was
    assert annotations(kept) == before
    kept.until(lambda: replicas(kept) == 1, "the healing", seconds=healing.WITHIN)


def test_paused_and_resumed_twice_is_as_once(kept, cluster):
    was, before = keeper(kept), annotations(kept)
    cluster.pause(was, kept.workload, NOTE)
    once = annotations(kept)
    cluster.pause(was, kept.workload, NOTE)
    assert annotations(kept) == once
    cluster.unpause(was, kept.workload)
    cluster.unpause(was, kept.workload)
    assert (keeper(kept), annotations(kept)) == (was, before)


def test_a_pause_moves_the_workloads_version_and_not_its_replicas(kept, cluster):
    version = cluster.workload(kept.workload).version
    cluster.pause(keeper(kept), kept.workload, NOTE)
    assert cluster.workload(kept.workload).version != version
    assert cluster.replicas_since(kept.workload, version) == ()


def test_another_pause_leaves_its_note_and_the_first_state_is_what_comes_back(kept, cluster):
    was, before = keeper(kept), annotations(kept)
    cluster.pause(was, kept.workload, NOTE)
    cluster.pause(keeper(kept), kept.workload, {**NOTE, "run": "am-8-1"})
    assert annotations(kept)[f"{notes.PAUSED}run"] == "am-8-1"
    cluster.unpause(was, kept.workload)
    assert annotations(kept) == before


def test_what_somebody_had_paused_before_stays_paused(kept, cluster):
    annotate(kept, *notes.FLUX)
    was, before = keeper(kept), annotations(kept)
    assert was.paused
    cluster.pause(was, kept.workload, NOTE, dry=True)
    cluster.pause(was, kept.workload, NOTE)
    assert (keeper(kept), annotations(kept)) == (was, before), "it is told nothing"
    cluster.unpause(was, kept.workload)
    assert (keeper(kept), annotations(kept)) == (was, before)


def test_what_somebody_had_paused_and_resumed_since_is_paused(kept, cluster):
    annotate(kept, *notes.FLUX)
    was = keeper(kept)
    annotate(kept, notes.FLUX[0], "enabled")
    cluster.pause(was, kept.workload, NOTE)
    assert keeper(kept).paused
    assert notes.ours(annotations(kept))


def test_what_somebody_paused_after_us_is_not_ours_to_resume(kept, cluster):
    was = keeper(kept)
    cluster.pause(was, kept.workload, NOTE)
    cluster.unpause(was, kept.workload)
    annotate(kept, *notes.FLUX)
    cluster.unpause(was, kept.workload)
    assert keeper(kept).paused


def test_a_dry_run_changes_nothing(kept, cluster):
    was, before = keeper(kept), annotations(kept)
    cluster.pause(was, kept.workload, NOTE, dry=True)
    assert (keeper(kept), annotations(kept)) == (was, before)
    cluster.pause(was, kept.workload, NOTE)
    paused = annotations(kept)
    cluster.unpause(was, kept.workload, dry=True)
    assert annotations(kept) == paused


def test_what_is_not_there_is_not_found_and_an_autoscaler_is_not_paused(kept, cluster):
    nothing = WorkloadRef(kept.workload.namespace, "Deployment", "nothing")
    with pytest.raises(NotFound):
        cluster.keepers(nothing)
    with pytest.raises(NotFound):
        cluster.pause(keeper(kept), nothing, NOTE)
    with pytest.raises(Refused):
        cluster.pause(Keeper("HPA", kept.workload.namespace, "any"), kept.workload, NOTE)
