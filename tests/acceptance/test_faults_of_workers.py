"""Real workers beside a real cluster, killed without a word at every act of a restore and of its way back."""

from __future__ import annotations

import os

import pytest

from audit.models import Entry, broken
from config import programs
from config.env import CannotStart
from runbooks import actions
from runbooks.library.restore_volume import RestoreVolume
from runbooks.models import ActRecord, Run
from tests.acceptance import fingerprint
from tests.requirements import missing
from tests.runbooks.kill.test_kill_9 import MOMENTS, OVER, Crew, until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.matrix]
LONG = 1500.0  # seconds: some seventy deaths, each with a second until its lease is over and a worker to start


@pytest.fixture
def crew(tmp_path, store, house):
    try:
        programs.redis_server()
    except CannotStart as e:
        missing("redis", str(e))
    marks = tmp_path / "marks"
    marks.mkdir()
    crew = Crew(tmp_path, tmp_path / "range", marks)
    del crew.commands["range"]
    crew.env |= {
        "CLUSTER": "kubernetes",
        "KUBECONFIG": os.environ["KUBECONFIG"],
        "AGENT_IMAGE": house.image,
        "S3_ENDPOINT": store.endpoint,
        "S3_ENDPOINT_FROM_PODS": store.from_pods,
        "STEADY_SECONDS": "1",
        "APART_SECONDS": "0.5",
    }
    yield crew
    crew.end()


def test_a_worker_killed_at_every_act_of_a_restore_and_of_its_way_back(crew, drive, house, whole):
    point = drive.point()
    house.spoil()
    before = fingerprint.still(house.prints()[""])
    run = actions.draft(RestoreVolume(volume=point.volume_id, point=point.pk), by=drive.by)
    until(crew, run, {"draft", "refused"}, 120)
    run = Run.objects.get(pk=run.pk)
    acts = len(run.plan)
    forth = [f"{n}:{moment}" for n in range(1, acts + 1) for moment in MOMENTS]
    crew.env["KILL_AT"] = " ".join(forth)
    crew.kill("worker")
    actions.start(run, typed=str(run.volume), by=drive.by)
    until(crew, run, OVER, LONG)
    assert run.state == "done", run.why
    assert {m.name for m in crew.marks.iterdir()} == set(forth)
    fingerprint.same(whole, fingerprint.still(house.prints()[""]))
    assert ActRecord.objects.filter(run=run).count() == acts
    assert Entry.objects.of(run).filter(action="act.done").count() == acts
    mine = [s["metadata"]["name"] for s in house.snapshots() if s["metadata"]["name"].startswith(f"{run.tag}-")]
    assert len(mine) == 1, mine

    run = Run.objects.get(pk=run.pk)
    back = [f"{n}-back:{m}" for n, act in enumerate(run.plan, 1) if act.inverse() for m in MOMENTS]
    crew.env["KILL_AT"] = " ".join(back)
    crew.kill("worker")
    actions.undo(run, by=drive.by)
    until(crew, run, OVER, LONG)
    assert run.state == "undone", run.why
    assert {m.name for m in crew.marks.iterdir()} == {*forth, *back}
    fingerprint.same(before, fingerprint.still(house.prints()[""]))
    assert broken() is None
