from __future__ import annotations

import pytest

from cluster.api import ClaimRef, JobSpec, Sync, WorkloadRef
from cluster.errors import NotFound

NOBODY = ClaimRef("home", "nobodys")
NOTHING = WorkloadRef("home", "Deployment", "nothing")


def test_a_workload_is_told_with_its_replicas_and_claims(place, cluster):
    place.until(lambda: cluster.workload(place.workload).ready == 1, "a ready pod")
    seen = cluster.workload(place.workload)
    assert (seen.ref, seen.replicas, seen.claims) == (place.workload, 1, (place.claim.name,))
    assert seen.uid
    assert seen.version


def test_a_claim_is_told_with_the_volume_behind_it(place, cluster):
    seen = cluster.claim(place.claim)
    assert (seen.ref, seen.phase) == (place.claim, "Bound")
    assert seen.uid
    assert seen.volume
    assert seen.handle
    assert seen.driver
    assert seen.capacity > 0
    assert seen.used is None or 0 < seen.used <= seen.capacity


def test_an_image_is_told_only_by_its_digest(place, cluster):
    assert all("@sha256:" in digest for digest in cluster.images(place.claim.namespace).values())


def test_the_workload_that_owns_the_data_is_not_the_sync_that_reads_it(place, cluster):
    assert cluster.workload_using(place.claim) == cluster.workload(place.workload)


def test_every_pod_that_mounts_the_claim_is_told_whoever_made_it(place, cluster):
    def owners():
        return {p.workload for p in cluster.pods_using(place.claim)}

    place.until(lambda: owners() == {place.workload, place.sync}, "both pods")
    for pod in cluster.pods_using(place.claim):
        assert place.claim.name in pod.claims
        assert pod.uid
        assert pod.containers


def test_a_running_pod_says_since_when_and_what_it_runs(place, cluster):
    place.until(lambda: cluster.workload(place.workload).ready == 1, "a ready pod")
    pod = next(p for p in cluster.pods_using(place.claim) if p.workload == place.workload)
    assert (pod.phase, pod.ready, pod.deleting, pod.onboarding) == ("Running", True, False, False)
    assert pod.created
    assert pod.started
    assert pod.created <= pod.started
    (container,) = pod.containers
    assert (container.state, container.ready, container.restarts, container.reason) == ("running", True, 0, "")
    assert container.image
    assert container.started


def test_a_sync_shows_its_command(place, cluster):
    sync = place.sync_of(place.sync)
    assert (sync.kind, sync.claim, sync.running, sync.replicas) == ("Deployment", place.claim.name, True, 1)
    assert "rclone sync" in sync.command
    cron = place.sync_of(place.cron)
    assert (cron.kind, cron.claim, cron.running) == ("CronJob", place.cron_claim.name, True)


def test_only_the_syncs_of_a_claim_are_told(place, cluster):
    assert [s.workload for s in cluster.syncs(place.claim)] == [place.sync]
    assert cluster.syncs(place.quiet) == ()


def test_one_view_holds_what_the_single_questions_answer(place, cluster):
    place.until(lambda: cluster.workload(place.workload).ready == 1, "a ready pod")
    cluster.make_snapshot(place.quiet, "am-7-1", labels={})
    place.until(lambda: cluster.snapshot(place.quiet.namespace, "am-7-1").ready, "the snapshot")
    view = cluster.view()
    assert view.blind == {}
    assert cluster.workload(place.workload) in view.workloads
    assert cluster.claim(place.claim) in view.claims
    assert set(cluster.pods_using(place.claim)) <= set(view.pods)
    assert set(cluster.syncs(place.claim)) <= set(view.syncs)
    assert cluster.snapshot(place.quiet.namespace, "am-7-1") in view.snapshots
    assert view.unreadable == 0


def test_a_pods_log_is_read_until_the_pod_is_gone(place, cluster):
    place.until(lambda: cluster.workload(place.workload).ready == 1, "a ready pod")
    pod = next(p for p in cluster.pods_using(place.claim) if p.workload == place.workload)
    name = pod.containers[0].name
    lines = place.until(lambda: cluster.log(pod, name), "a line in the log")
    assert cluster.log(pod, name, lines=1) == lines[-1:]
    with pytest.raises(NotFound):
        cluster.log(pod, "no-such-container")
    cluster.scale(place.workload, was=1, to=0)
    place.until(lambda: not [p for p in cluster.pods_using(place.claim) if p.workload == place.workload], "the end")
    with pytest.raises(NotFound):
        cluster.log(pod, name)


def test_events_of_a_claim_tell_of_its_pods(place, cluster):
    place.until(lambda: cluster.workload(place.workload).ready == 1, "a ready pod")  # what never ran is not killed
    cluster.scale(place.workload, was=1, to=0)
    found = place.until(lambda: [e for e in cluster.events(place.claim) if e.reason == "Killing"], "an event")
    assert place.workload.name in found[-1].subject
    assert not [e for e in cluster.events(place.quiet) if e.reason == "Killing"]


QUESTIONS = {
    "workload": lambda c: c.workload(NOTHING),
    "claim": lambda c: c.claim(NOBODY),
    "workload_using": lambda c: c.workload_using(NOBODY),
    "pods_using": lambda c: c.pods_using(NOBODY),
    "syncs": lambda c: c.syncs(NOBODY),
    "witnesses": lambda c: c.witnesses(NOBODY),
    "snapshots": lambda c: c.snapshots(NOBODY),
    "events": lambda c: c.events(NOBODY),
    "snapshot": lambda c: c.snapshot("home", "none"),
    "job": lambda c: c.job("home", "none"),
    "scale": lambda c: c.scale(NOTHING, was=1, to=0),
    "suspend": lambda c: c.suspend(Sync(NOTHING, "Deployment", NOBODY.name, running=True, replicas=1)),
    "resume": lambda c: c.resume(Sync(NOTHING, "Deployment", NOBODY.name, running=True, replicas=1)),
    "make_snapshot": lambda c: c.make_snapshot(NOBODY, "am-1-1", labels={}),
    "start_job": lambda c: c.start_job(JobSpec(NOBODY, "am-1-2", "inspect", {})),
}


@pytest.mark.parametrize("ask", QUESTIONS.values(), ids=QUESTIONS)
def test_what_is_not_there_is_not_found(cluster, ask):
    with pytest.raises(NotFound):
        ask(cluster)
