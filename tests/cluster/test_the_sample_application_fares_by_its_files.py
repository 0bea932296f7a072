from __future__ import annotations

import os

import pytest

from cluster.api import JobSpec
from cluster.errors import Conflict, Refused
from cluster.range import owners
from cluster.range.range import Range
from tests.cluster.conftest import HA, HOME, pod_of, until


@pytest.fixture
def world(tmp_path):
    world = Range(tmp_path / "range", at_once=True)
    world.seed(small=True)
    yield world
    world.close()


@pytest.fixture
def files(world):
    return world.ground.volumes.data(HOME)


def settle(world, ticks=3):
    for _ in range(ticks):
        world.tick()


def test_a_new_world_runs_at_once(world):
    assert all(w.ready == w.replicas for w in world.view().workloads)
    assert not pod_of(world).onboarding


def test_files_of_the_wrong_owner_make_it_crash_loop_and_say_why(world):
    world.break_("wrong-owner")
    settle(world, 5)
    pod = pod_of(world)
    (container,) = pod.containers
    assert not pod.ready
    assert (container.state, container.reason, container.last_exit_code) == ("waiting", "CrashLoopBackOff", 1)
    assert container.restarts >= 3
    assert container.last_finished
    assert world.workload(HA).ready == 0
    logs = world.view().logs[f"{pod}/home-assistant"]
    assert any("Permission denied: '/config/.ha_run.lock'" in line for line in logs)
    assert logs == world.log(pod, "home-assistant")
    assert any(e.warning and e.reason == "BackOff" for e in world.events(HOME))


def test_restarts_go_on_rising(world):
    world.break_("wrong-owner")
    settle(world)
    before = pod_of(world).containers[0].restarts
    settle(world)
    assert pod_of(world).containers[0].restarts > before


def test_given_back_by_the_agent_it_starts_by_itself_with_what_it_had(world):
    before = world.fingerprint()
    world.break_("wrong-owner")
    settle(world)
    assert world.fingerprint()["files"] != before["files"]
    world.start_job(JobSpec(HOME, "fix", "own", {"run": "1", "uid": 1000, "gid": 1000}))
    settle(world)
    assert world.job("home", "fix").state == "done"
    pod = pod_of(world)
    assert pod.ready
    assert not pod.onboarding
    assert world.fingerprint() == before


@pytest.mark.parametrize("path", [".storage/auth", "configuration.yaml", ".storage", ""])
def test_one_file_that_it_may_not_write_is_enough(world, files, path):
    owners.give(files / path, 0, 0, world.ground.objects.read().owners)
    settle(world)
    pod = pod_of(world)
    assert not pod.ready
    said = f"/config/{path}".rstrip("/")
    assert any(f"Permission denied: '{said}'" in line for line in world.log(pod, "home-assistant"))


def test_what_runs_keep_beside_the_data_does_not_matter_to_it(world, files):
    (files / ".aftermath").mkdir(mode=0o700)
    (files / ".aftermath" / "note").write_text("kept")
    settle(world)
    assert pod_of(world).ready


def test_without_its_accounts_it_starts_as_new_and_writes_its_first_files(world, files):
    (files / ".storage" / "auth").unlink()
    (files / "scripts.yaml").unlink()
    settle(world)
    pod = pod_of(world)
    assert pod.ready
    assert pod.onboarding
    assert (files / "scripts.yaml").read_bytes() == b""
    assert not (files / ".storage" / "auth").exists()


def test_an_emptied_volume_is_another_filesystem_with_nothing_but_what_the_new_start_wrote(world, files):
    before = world.fingerprint()
    uid = pod_of(world).uid
    world.break_("emptied")
    assert [p.name for p in files.iterdir()] == ["lost+found"]
    settle(world)
    pod = pod_of(world)
    assert pod.onboarding
    assert pod.uid != uid
    assert (files / ".storage" / "onboarding").read_text().count('"done": []') == 1
    assert not (files / ".storage" / "auth").exists()
    after = world.fingerprint()
    assert after["filesystems"][str(HOME)] != before["filesystems"][str(HOME)]
    others = [c for c in before["files"] if c != str(HOME)]
    assert {c: after["files"][c] for c in others} == {c: before["files"][c] for c in others}
    assert owners.owner(files / "configuration.yaml", world.ground.objects.read().owners) == (1000, 1000)


def test_the_agent_refuses_a_filesystem_that_was_formatted_since(world):
    was = world.ground.objects.read().claims[str(HOME)].filesystem
    world.start_job(JobSpec(HOME, "before", "inspect", {"expect": {"filesystem_id": was}}))
    settle(world)
    assert world.job("home", "before").result["filesystem_id"] == was
    world.break_("emptied")
    world.start_job(JobSpec(HOME, "look", "inspect", {"expect": {"filesystem_id": was}}))
    settle(world)
    assert world.job("home", "look").error["code"] == "other-filesystem"


def test_mended_the_world_is_as_at_first(world):
    before = world.fingerprint()
    for kind in ("wrong-owner", "emptied", "wiped-by-sync"):
        world.break_(kind)
        world.scale(HA, was=1, to=0)
        settle(world)
        world.mend()
        after = world.fingerprint()
        log = "wiki.sqlite3-wal"  # SQLite salts each new one
        for side in (before, after):
            side["files"]["wiki/pages"].pop(log, None)
        assert after == before
        assert pod_of(world).ready


def test_what_nobody_knows_how_to_break_is_refused(world):
    with pytest.raises(Refused, match="earthquake"):
        world.break_("earthquake")


def test_it_is_neither_broken_nor_mended_under_a_job(world):
    world.start_job(JobSpec(HOME, "look", "inspect", {}))
    for change in (lambda: world.break_("emptied"), world.mend):
        with pytest.raises(Conflict, match="look"):
            change()
    settle(world)
    world.break_("emptied")


def test_other_applications_need_their_files_too(world):
    wiki = world.ground.volumes.data(next(c.ref for c in world.view().claims if c.ref.namespace == "wiki"))
    os.rename(wiki / "wiki.sqlite3", wiki / "gone")
    settle(world)
    ref = next(w.ref for w in world.view().workloads if w.ref.name == "wiki")
    pod = pod_of(world, ref)
    assert not pod.ready
    assert any("No such file or directory: '/wiki/wiki.sqlite3'" in line for line in world.log(pod, "wiki"))
    os.rename(wiki / "gone", wiki / "wiki.sqlite3")
    settle(world)
    assert pod_of(world, ref).ready


def test_a_claim_whose_directory_is_gone_is_lost_and_nothing_else_is(world, files):
    until(lambda: pod_of(world), world.tick)
    files.rename(files.with_name("elsewhere"))
    settle(world)
    assert world.claim(HOME).phase == "Lost"
    assert world.claim(HOME).used is None
    assert not pod_of(world).ready
    assert len(world.view().claims) == 4
