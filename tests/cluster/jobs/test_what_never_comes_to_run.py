"""An image that is not there, a volume, a policy, a quota: told in the cluster's words, before where that can be."""

from __future__ import annotations

import pytest

from cluster.api import ClaimRef, JobSpec
from cluster.errors import Refused
from cluster.live import jobtold
from cluster.live.profile import Profile
from tests.cluster.jobs.conftest import LABELS, NAME
from tests.cluster.kit import CORE, Anything, claim, meta


def test_an_image_that_is_not_there_is_told_while_it_waits_and_then_given_up(world, monkeypatch):
    world.start(profile=Profile("nowhere.example/none:1"))
    world.ground.until(lambda: "nowhere.example" in world.read().progress.get("waiting", ""), "a word")
    assert world.read().state == "pending"
    monkeypatch.setattr(jobtold, "TO_HAVE_AN_IMAGE", 1.0)
    job = world.ended()
    assert (job.error["code"], world.pods()) == ("no-image", [])
    assert "nowhere.example" in job.error["message"]
    assert world.beside() == []


def test_a_volume_that_cannot_be_mounted_is_told_while_it_waits(world):
    world.ground.make(claim("never", kind="csi-hostpath-wait-of-nobody"))
    spec = JobSpec(ClaimRef(world.ground.namespace, "never"), NAME, "inspect", {}, labels=LABELS, deadline=5)
    world.start(spec)
    world.ground.until(lambda: "unbound" in world.read().progress.get("waiting", ""), "a word")
    job = world.ended()
    assert job.error["code"] == "deadline"
    assert "unbound" in job.error["message"]
    world.ground.drop("PersistentVolumeClaim", "never")


def test_where_pods_must_not_be_root_the_dry_run_says_so(restricted):
    with pytest.raises(Refused, match=r"PodSecurity|restricted"):
        restricted.start(dry=True)
    assert restricted.ground.every("Job") == ()


def test_the_level_baseline_is_enough(restricted):
    level = {"pod-security.kubernetes.io/enforce": "baseline"}
    path = f"{CORE}/namespaces/{restricted.ground.namespace}"
    restricted.api.merge(path, {"metadata": {"labels": level}})
    for verb in ("inspect", "archive", "restore", "unown", "purge"):
        restricted.start(restricted.spec(verb), dry=True)
    restricted.start()
    assert restricted.ended().state == "done"


def test_where_pods_must_not_be_root_a_job_is_given_up_in_the_clusters_words(restricted, monkeypatch):
    monkeypatch.setattr(jobtold, "TO_BE_ADMITTED", 1.0)
    restricted.start()
    restricted.ground.until(lambda: "PodSecurity" in restricted.read().progress.get("waiting", ""), "a word")
    job = restricted.ended()
    assert job.error["code"] == "not-admitted"
    assert "PodSecurity" in job.error["message"]
    assert restricted.beside() == []


def test_an_account_that_may_make_no_pods_and_read_no_secrets_is_enough(world, acting):
    spec = world.spec(snapshot=world.snapshot())
    world.start(spec, api=acting, dry=True)
    assert world.ground.every("Job") == ()
    world.start(spec, api=acting)
    job = world.ended(api=acting)
    assert job.state == "done"
    world.ground.until(lambda: world.beside() == [], "the end of what lay beside it", seconds=15)


def test_that_account_is_told_of_pod_security_too(restricted, acting):
    with pytest.raises(Refused, match="restricted"):
        restricted.start(api=acting, dry=True)


@pytest.mark.parametrize("hard", [{"pods": "0"}, {"requests.memory": "64Mi"}, {"limits.cpu": "4"}])
def test_a_quota_without_room_is_told_by_the_dry_run_to_either(world, acting, hard):
    path = f"{CORE}/namespaces/{world.ground.namespace}/resourcequotas"
    world.api.create(path, {"metadata": meta("small"), "spec": {"hard": hard}})
    try:
        world.ground.until(lambda: world.api.get(f"{path}/small", Anything).status.get("hard"), "the quota")
        for api in (world.api, acting):
            with pytest.raises(Refused, match="quota"):
                world.start(api=api, dry=True)
    finally:
        world.api.delete(f"{path}/small")
