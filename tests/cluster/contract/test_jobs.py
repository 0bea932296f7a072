from __future__ import annotations

import pytest

from cluster.api import JobSpec
from cluster.errors import Conflict, NotFound, Refused
from tests.cluster.contract.conftest import LABELS

NAME = "am-7-2"


def inspecting(place, name=NAME, **more):
    spec = {"sentinels": [".storage/auth", "never/there"]}
    return JobSpec(place.claim, name, "inspect", spec, **{"labels": LABELS, "read_only": True, **more})


def ended(place, name=NAME):
    def over():
        here = place.cluster.job(place.claim.namespace, name)
        return here if here.state in ("done", "failed") else None

    return place.until(over, f"the end of {name}")


def test_a_job_runs_the_agent_and_has_its_result(place, cluster):
    cluster.start_job(inspecting(place))
    assert cluster.job(place.claim.namespace, NAME).state in ("pending", "running")
    job = ended(place)
    assert (job.name, job.state, job.error) == (NAME, "done", {})
    assert job.result["files"] > 0
    assert [s["exists"] for s in job.result["sentinels"]] == [True, False]


def test_started_again_by_the_same_name_it_is_the_same_job(place, cluster):
    cluster.start_job(inspecting(place))
    once = ended(place)
    cluster.start_job(inspecting(place))
    assert cluster.job(place.claim.namespace, NAME) == once


def test_the_same_name_with_other_labels_is_anothers(place, cluster):
    cluster.start_job(inspecting(place))
    with pytest.raises(Conflict):
        cluster.start_job(inspecting(place, labels={**LABELS, "aftermath.dev/run": "8"}))


def test_while_it_runs_its_pod_mounts_the_claim_and_then_no_longer(place, cluster):
    def pods():
        return [p for p in cluster.pods_using(place.claim) if p.workload.kind == "Job"]

    cluster.start_job(inspecting(place))
    (pod,) = place.until(pods, "the job's pod")
    assert pod.workload.name == NAME
    assert place.claim.name in pod.claims
    ended(place)
    place.until(lambda: not pods(), "the end of the job's pod")


def test_what_the_agent_refuses_is_told_in_its_own_words(place, cluster):
    spec = {"expect": {"filesystem_id": "another"}}
    cluster.start_job(JobSpec(place.claim, NAME, "inspect", spec, labels=LABELS, read_only=True))
    job = ended(place)
    assert (job.state, job.error["code"], job.result) == ("failed", "other-filesystem", {})
    assert job.error["message"]


def test_progress_and_result_of_a_round_through_the_store(place, cluster):
    spec = {"run": "7", "name": "seven", "prefix": "archives/contract", "store": place.store}
    cluster.start_job(JobSpec(place.claim, NAME, "archive", spec, labels=LABELS, lent=place.lent, read_only=True))
    made = ended(place)
    assert made.state == "done", made
    assert made.result["manifest"]["files"] > 0
    spec = {"run": "7", "key": made.result["archive_key"], "store": place.store}
    cluster.start_job(JobSpec(place.claim, "am-7-4", "restore", spec, labels=LABELS, lent=place.lent))
    back = ended(place, "am-7-4")
    assert back.state == "done", back
    assert back.result["files"] == made.result["manifest"]["files"]
    assert back.progress["files"] <= back.result["files"] + back.result["directories"]


def test_without_the_stores_credentials_it_cannot_write_there(place, cluster):
    spec = {"run": "7", "name": "seven", "prefix": "archives/contract", "store": place.store}
    cluster.start_job(JobSpec(place.claim, NAME, "archive", spec, labels=LABELS, read_only=True))
    job = ended(place)
    assert job.state == "failed"
    assert job.error["code"] in ("no-credentials", "forbidden")


@pytest.mark.parametrize("dry", [True, False])
def test_a_snapshot_that_is_not_there_is_not_found(place, cluster, dry):
    with pytest.raises(NotFound):
        cluster.start_job(inspecting(place, snapshot="none"), dry=dry)
    with pytest.raises(NotFound):
        cluster.job(place.claim.namespace, NAME)


def test_a_name_that_cannot_be_is_refused(place, cluster):
    with pytest.raises(Refused):
        cluster.start_job(inspecting(place, name="Not A Name"))


def test_a_dry_run_starts_nothing(place, cluster):
    cluster.start_job(inspecting(place), dry=True)
    with pytest.raises(NotFound):
        cluster.job(place.claim.namespace, NAME)


def test_dropped_it_is_gone_its_pod_too_and_may_be_started_anew(place, cluster):
    cluster.start_job(inspecting(place))
    cluster.drop_job(place.claim.namespace, NAME, dry=True)
    assert cluster.job(place.claim.namespace, NAME)
    cluster.drop_job(place.claim.namespace, NAME)
    cluster.drop_job(place.claim.namespace, NAME)
    place.until(lambda: not [p for p in cluster.pods_using(place.claim) if p.workload.kind == "Job"], "the pod's end")
    with pytest.raises(NotFound):
        cluster.job(place.claim.namespace, NAME)
    cluster.start_job(inspecting(place))
    assert ended(place).state == "done"


def test_a_finished_one_is_dropped_too(place, cluster):
    cluster.start_job(inspecting(place))
    ended(place)
    cluster.drop_job(place.claim.namespace, NAME)
    with pytest.raises(NotFound):
        cluster.job(place.claim.namespace, NAME)
