"""A job that reads another claim of the namespace, and one that a person enters."""

from __future__ import annotations

import pytest

from cluster.api import JobSpec
from cluster.errors import NotFound
from tests.cluster import leaving
from tests.cluster.contract.conftest import LABELS

NAME = "am-7-5"


@pytest.fixture
def found(place, cluster):
    """A claim beside `quiet` that was made of a released volume, with its files."""
    with leaving.left(place, files=True) as left:
        to = leaving.claim_of(place, left)
        cluster.rebind(left, to, labels=LABELS)
        place.until(lambda: cluster.claim(to).phase == "Bound", "the binding")
        yield to
        cluster.drop_job(place.quiet.namespace, NAME)
        place.until(lambda: not cluster.pods_using(to), "the end of the job's pod")


def ended(place):
    def over():
        here = place.cluster.job(place.quiet.namespace, NAME)
        return here if here.state in ("done", "failed") else None

    return place.until(over, f"the end of {NAME}")


def files(place, source=""):
    place.cluster.start_job(JobSpec(place.quiet, NAME, "inspect", {}, source=source, labels=LABELS, read_only=True))
    job = ended(place)
    place.cluster.drop_job(place.quiet.namespace, NAME)
    place.until(lambda: gone(place), "the end of the job")
    assert job.state == "done", job
    return job.result


def gone(place):
    try:
        place.cluster.job(place.quiet.namespace, NAME)
    except NotFound:
        return not [p for p in place.cluster.pods_using(place.quiet) if p.workload.name == NAME]
    return False


def test_the_source_of_a_job_is_the_other_claims_files(place, found):
    own, other = files(place), files(place, source=found.name)
    assert other["files"] > 0
    assert other["bytes"] != own["bytes"]


def test_while_it_reads_it_its_pod_mounts_both(place, cluster, found):
    spec = {"run": "7", "seconds": 60}
    job = JobSpec(place.quiet, NAME, "hold", spec, source=found.name, labels=LABELS)
    cluster.start_job(job)
    (pod,) = place.until(lambda: cluster.pods_using(found), "the job's pod")
    assert {place.quiet.name, found.name} <= set(pod.claims)


@pytest.mark.parametrize("dry", [True, False])
def test_a_source_that_is_not_there_is_not_found(place, cluster, dry):
    job = JobSpec(place.quiet, NAME, "inspect", {}, source="never", labels=LABELS, read_only=True)
    with pytest.raises(NotFound):
        cluster.start_job(job, dry=dry)


def test_a_job_that_runs_can_be_entered_and_one_that_does_not_cannot(place, cluster):
    namespace = place.quiet.namespace
    assert cluster.entering(namespace, NAME) == ""
    cluster.start_job(JobSpec(place.quiet, NAME, "hold", {"run": "7", "seconds": 60}, labels=LABELS))
    command = place.until(lambda: cluster.entering(namespace, NAME), "a pod that can be entered")
    assert " " in command
    cluster.drop_job(namespace, NAME)
    place.until(lambda: not cluster.entering(namespace, NAME), "its end")
