"""By itself, by its deadline, by somebody who kills its pod or drops it."""

from __future__ import annotations

import os
import subprocess

from cluster.api import ClaimRef, JobSpec
from cluster.live import jobs
from cluster.live.profile import Profile
from tests.cluster.jobs.conftest import LABELS, NAME, Rotated, waiting
from tests.cluster.kit import IMAGE


def test_a_result_outlives_its_log(world):
    world.start()
    job = world.ended(api=Rotated(world.api))
    assert job.state == "done"
    assert job.result["files"] > 20


def test_a_result_that_is_too_long_for_the_pods_status_is_read_whole_from_the_log(world):
    many = "cd /other; i=0; while [ $i -lt 600 ]; do mkdir -p many/$i; mkdir $(printf 'x%0200d' $i); i=$((i+1)); done"
    world.box("many", many, "other")
    spec = JobSpec(ClaimRef(world.ground.namespace, "other"), NAME, "inspect", {}, labels=LABELS, read_only=True)
    world.box("fill", "cd /other; for d in x*; do : > $d/f; done", "other")
    world.start(spec)
    job = world.ended()
    assert job.state == "done", job
    assert len([name for name in job.result["top"] if name.startswith("x0")]) == 600
    world.box("clean", "rm -rf /other/x* /other/many", "other")


def test_a_pod_that_was_killed_leaves_no_error_so_that_the_agent_may_be_started_again(world, silent_store):
    world.start(waiting(world, silent_store))
    world.running()
    (pod,) = world.pods()
    world.ground.drop("Pod", pod.metadata["name"])
    job = world.ended()
    assert (job.state, job.error) == ("failed", {})
    assert world.beside() == []


def test_past_its_deadline_it_has_failed_and_says_so(world, silent_store):
    world.start(waiting(world, silent_store, deadline=4))
    job = world.ended()
    assert (job.state, job.error["code"]) == ("failed", "deadline")
    assert "4 s" in job.error["message"]


def test_a_dropped_one_takes_everything_with_it_while_it_runs(world, silent_store):
    world.start(waiting(world, silent_store, snapshot=world.snapshot()))
    world.running()
    assert len(world.beside()) == 2
    jobs.drop(world.api, world.ground.namespace, NAME)
    world.ground.until(lambda: not world.pods() and not world.beside(), "the end of it all")


def test_a_person_is_told_how_to_enter_the_pod_of_one_that_runs(world, silent_store):
    ask = lambda: jobs.entering(world.api, world.ground.namespace, NAME)  # noqa: E731
    assert ask() == ""
    world.start(waiting(world, silent_store))
    world.running()
    command = ask().replace(" --stdin --tty", "").replace(" -- bash", " -- bash -c 'ls /data; touch /opt/x'")
    kubectl = os.environ.get("KIT_KUBECTL", "kubectl")
    done = subprocess.run(command.replace("kubectl", kubectl, 1), shell=True, capture_output=True, text=True)
    assert "configuration.yaml" in done.stdout
    assert "Read-only file system" in done.stderr


def test_one_that_needs_more_memory_than_it_may_have_says_so_and_is_not_tried_again(world):
    small = Profile(IMAGE, resources={"limits": {"memory": "6Mi"}})
    world.start(profile=small)
    job = world.ended()
    assert (job.state, job.error["code"]) == ("failed", "out-of-memory")
