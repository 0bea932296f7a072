"""A request whose answer was lost, or that was never sent: started again, it is one job of one pod."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from cluster.errors import Conflict, NotFound, Refused, Unreachable
from cluster.kubernetes import Api
from cluster.live import jobs
from tests.cluster.jobs.conftest import NAME, PROFILE, Flaky, waiting
from tests.cluster.kit import claim, container, meta, pods


@pytest.mark.parametrize("after", [False, True], ids=["before it", "its answer"])
@pytest.mark.parametrize("number", [1, 2, 3, 4], ids=["the Job", "the Secret", "the clone", "letting go"])
def test_whichever_request_is_lost_the_next_start_goes_on_and_there_is_one_pod(world, number, after):
    spec = world.spec(snapshot=world.snapshot())
    flaky = Flaky(world.api, number, after=after)
    with pytest.raises(Unreachable):
        world.start(spec, api=flaky)
    if (number, after) != (4, True):
        with pytest.raises(NotFound):  # nothing runs, and whoever looks is told to start it
            world.read()
        assert world.pods() == []
    for _ in range(2):
        world.start(spec)
    job = world.ended()
    assert job.state == "done", job
    assert job.result["files"] > 20
    assert world.made() == 1
    world.ground.until(lambda: world.beside() == [], "the end of what lay beside it", seconds=15)
    assert world.read() == job  # its pod is gone too, for it would hold the copy


def test_two_workers_at_once_start_one_pod(world):
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: world.start(), range(4)))
    assert world.ended().state == "done"
    assert world.made() == 1


@pytest.mark.parametrize("number", [1, 2, 3, 4], ids=["the Secret", "keeping its words", "the clone", "the pod"])
def test_the_end_is_not_told_before_what_was_lent_is_gone(world, number):
    world.start(world.spec(snapshot=world.snapshot()))
    world.ground.until(lambda: world.pods() and world.pods()[0].status.get("phase") == "Succeeded", "its end")
    with pytest.raises(Unreachable):
        world.read(api=Flaky(world.api, number, after=False))
    assert world.read().state == "done"
    world.ground.until(lambda: world.beside() == [], "the end of what lay beside it", seconds=15)


def test_what_cannot_be_completed_does_not_stay_half_made(world):
    with pytest.raises(Refused):
        world.start(world.spec(spec={"sentinels": ["x" * 2_000_000]}))
    assert world.ground.every("Job") == ()


class LetGoMeanwhile(Api):
    """Another worker lets the Job go just before this one deletes it."""

    def __init__(self, world):
        self.client, self.world = world.api.client, world

    def delete(self, path, **held):
        self.world.start()
        super().delete(path, **held)


def test_what_another_worker_has_let_go_meanwhile_is_not_deleted(world):
    api = LetGoMeanwhile(world)
    here = jobs.made(api, PROFILE, world.spec())
    jobs.take_back(api, here)
    assert world.ended().state == "done"


def test_a_claim_that_the_job_did_not_make_stays_though_it_is_named_like_its_copy(world):
    here = jobs.made(world.api, PROFILE, world.spec(snapshot=world.snapshot()))
    world.ground.make(claim(here.beside))
    jobs.tidy(world.api, here)
    try:
        assert here.beside in world.beside()
        assert "deletionTimestamp" not in world.ground.get("PersistentVolumeClaim", here.beside).metadata
    finally:
        world.ground.drop("PersistentVolumeClaim", here.beside)


def test_a_job_of_that_name_that_is_nobodys_of_ours_is_left_alone(world):
    box = pods((), container("box", "true"), restartPolicy="Never")
    world.ground.make(
        {"apiVersion": "batch/v1", "kind": "Job", "metadata": meta(NAME), "spec": {"template": {"spec": box}}}
    )
    with pytest.raises(Conflict):
        world.start()
    with pytest.raises(Conflict):
        world.read()
    with pytest.raises(Refused):
        jobs.drop(world.api, world.ground.namespace, NAME)


def test_one_that_a_person_has_suspended_is_not_started_again_by_us(world, silent_store):
    world.start(waiting(world, silent_store))
    world.running()
    world.api.merge(world.ground.path("Job", NAME), {"spec": {"suspend": True}})
    world.ground.until(lambda: not world.pods(), "the pod's end")
    world.start(waiting(world, silent_store))
    assert world.ground.get("Job", NAME).spec["suspend"] is True
    job = world.read()
    assert (job.state, job.progress) == ("pending", {"waiting": "It was suspended by somebody."})
