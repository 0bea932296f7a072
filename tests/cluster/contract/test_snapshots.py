from __future__ import annotations

import pytest

from cluster.api import JobSpec
from cluster.errors import Conflict, NotFound, Refused
from tests.cluster.contract.conftest import LABELS

NAME = "am-7-3"


def made(place, claim=None, name=NAME):
    claim = claim or place.claim
    place.cluster.make_snapshot(claim, name, labels=LABELS)
    place.until(lambda: place.cluster.snapshot(claim.namespace, name).ready, "the snapshot")
    return place.cluster.snapshot(claim.namespace, name)


def test_a_snapshot_is_ready_after_a_while_and_is_kept(place, cluster):
    snapshot = made(place)
    assert (snapshot.namespace, snapshot.name, snapshot.claim) == (place.claim.namespace, NAME, place.claim.name)
    assert snapshot.size > 0
    assert snapshot.taken
    assert snapshot.error == ""
    assert snapshot.kept
    assert dict(snapshot.labels) == LABELS
    assert cluster.snapshots(place.claim) == (snapshot,)
    assert cluster.snapshots(place.quiet) == ()


def test_asked_for_again_nothing_more_happens(place, cluster):
    once = made(place)
    cluster.make_snapshot(place.claim, NAME, labels=LABELS)
    assert cluster.snapshot(place.claim.namespace, NAME) == once


def test_the_same_name_with_other_labels_is_anothers(place, cluster):
    made(place)
    with pytest.raises(Conflict):
        cluster.make_snapshot(place.claim, NAME, labels={**LABELS, "aftermath.dev/run": "8"})


@pytest.mark.parametrize("dry", [True, False])
def test_a_name_that_cannot_be_is_refused(place, cluster, dry):
    with pytest.raises(Refused):
        cluster.make_snapshot(place.claim, "No Name", labels=LABELS, dry=dry)


def test_a_dry_run_makes_none(place, cluster):
    cluster.make_snapshot(place.claim, NAME, labels=LABELS, dry=True)
    with pytest.raises(NotFound):
        cluster.snapshot(place.claim.namespace, NAME)


def test_dropped_it_is_gone_and_dropped_again_that_is_well(place, cluster):
    made(place)
    cluster.drop_snapshot(place.claim.namespace, NAME, dry=True)
    assert cluster.snapshots(place.claim)
    cluster.drop_snapshot(place.claim.namespace, NAME)
    place.until(lambda: not cluster.snapshots(place.claim), "the end of the snapshot")
    cluster.drop_snapshot(place.claim.namespace, NAME)


@pytest.mark.parametrize("dry", [True, False])
def test_one_that_is_not_ours_is_not_dropped(place, cluster, dry):
    cluster.make_snapshot(place.claim, "nightly", labels={})
    with pytest.raises(Refused):
        cluster.drop_snapshot(place.claim.namespace, "nightly", dry=dry)
    assert cluster.snapshot(place.claim.namespace, "nightly")


def test_the_agent_reads_what_was_there_when_it_was_taken(place, cluster):
    made(place)
    files = {}
    for name, snapshot in {"live": "", "snapshot": NAME}.items():
        job = JobSpec(place.claim, f"am-7-{name}", "inspect", {}, snapshot=snapshot, labels=LABELS, read_only=True)
        cluster.start_job(job)
        here = place.until(lambda name=name: ended(place, f"am-7-{name}"), "the job's end")
        assert here.state == "done", here
        files[name] = here.result["files"]
    assert files["snapshot"] == files["live"] > 0


def ended(place, name):
    here = place.cluster.job(place.claim.namespace, name)
    return here if here.state in ("done", "failed") else None
