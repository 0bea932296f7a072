"""What is to be committed so that it lasts: YAML that a person can read and a tool can apply."""

from __future__ import annotations

import subprocess

import pytest
import yaml

from cluster.api import Sync, Template, WorkloadRef
from runbooks import patches

APP = WorkloadRef("home", "Deployment", "app")
POD = Template(containers=("app",), mount="/config", volume="data")


def parsed(text: str) -> dict:
    return yaml.safe_load(text)


def test_an_init_container_owns_the_volume_where_fs_group_does_not_work():
    whole = parsed(patches.ownership(APP, POD, 1000, 1001))
    assert (whole["kind"], whole["metadata"]) == ("Deployment", {"name": "app", "namespace": "home"})
    [init] = whole["spec"]["template"]["spec"]["initContainers"]
    assert init["volumeMounts"] == [{"name": "data", "mountPath": "/config"}]
    assert init["securityContext"]["capabilities"] == {"drop": ["ALL"], "add": ["CHOWN", "DAC_OVERRIDE", "FOWNER"]}
    assert ":" in init["image"]
    assert not init["image"].endswith(":latest")


SUM = "sha256:" + "1f" * 32


@pytest.mark.parametrize(
    ("images", "image"),
    [
        ({}, patches.IMAGE),
        ({"docker.io/library/busybox:1.37.0": f"docker.io/library/busybox@{SUM}"}, f"docker.io/library/busybox@{SUM}"),
        ({"busybox": "a", "busybox:1.37.0": "b", "busybox:1.9": "c"}, "b"),
        ({"busybox:1.36": "a", "ghcr.io/home/app:busybox": "b", "toybox:1.37.0": "c"}, "a"),
        ({f"harbor.lan:5000/hub/busybox:1.36@{SUM}": "a"}, "a"),
        ({"ghcr.io/home/app:busybox": "b", "busybox/app:1": "c"}, patches.IMAGE),
    ],
)
def test_an_image_that_runs_there_already_is_named_by_its_digest(images, image):
    assert patches.pinned(images) == image


def test_the_patch_has_the_image_and_says_whether_it_is_pinned():
    by_tag, by_digest = (patches.ownership(APP, POD, 1, 1, image) for image in (patches.IMAGE, f"x/busybox@{SUM}"))
    assert "Pin the image" in by_tag
    assert "Pin the image" not in by_digest
    [init] = parsed(by_digest)["spec"]["template"]["spec"]["initContainers"]
    assert init["image"] == f"x/busybox@{SUM}"


def test_fs_group_is_enough_where_the_driver_pays_attention_to_it():
    pod = parsed(patches.ownership(APP, Template(("app",), "/config", "data", fs_group_works=True), 1000, 1001))
    context = pod["spec"]["template"]["spec"]["securityContext"]
    assert context == {"fsGroup": 1001, "fsGroupChangePolicy": "OnRootMismatch"}


@pytest.mark.parametrize("root_is_right", [True, False])
def test_the_script_ends_at_once_when_the_root_is_right_and_gives_the_root_away_last(tmp_path, root_is_right):
    """Run for real, with a chown that writes down whom it was asked about."""
    (tmp_path / "bin").mkdir()
    said = tmp_path / "said"
    chown = tmp_path / "bin" / "chown"
    chown.write_text(f'#!/bin/sh\nshift; [ "$1" = "-h" ] && shift\necho "$@" >> {said}\n')
    chown.chmod(0o755)
    data = tmp_path / "with space"
    for folder in ("lost+found", ".aftermath", "inner"):
        (data / folder).mkdir(parents=True)
        (data / folder / "file").write_text("x")
    seen = data.stat()
    uid = seen.st_uid if root_is_right else seen.st_uid + 1
    script = patches.script(str(data), uid, seen.st_gid)
    subprocess.run(["sh", "-ec", script], check=True, env={"PATH": f"{tmp_path / 'bin'}:/usr/bin:/bin"})
    if root_is_right:
        assert not said.exists()
        return
    *inner, last = said.read_text().splitlines()
    assert last.endswith(str(data))
    assert "inner/file" in " ".join(inner)
    assert "lost+found" not in " ".join(inner)
    assert ".aftermath" not in " ".join(inner)


def test_the_script_is_written_over_lines_and_is_the_script_still():
    text = patches.ownership(APP, POD, 1000, 1000)
    [init] = parsed(text)["spec"]["template"]["spec"]["initContainers"]
    assert init["command"][2].rstrip("\n") == patches.script("/config", 1000, 1000).rstrip("\n")
    assert sum(line.strip().startswith(("find /config", "chown 1000")) for line in text.splitlines()) == 2


def test_a_security_context_takes_out_what_it_no_longer_has():
    was = {"": {"runAsUser": 1000}, "app": {"allowPrivilegeEscalation": False, "privileged": False}}
    to = {"": {}, "app": {"privileged": False}}
    pod = parsed(patches.security(APP, to=to, was=was))["spec"]["template"]["spec"]
    assert pod == {
        "securityContext": {"runAsUser": None},
        "containers": [{"name": "app", "securityContext": {"allowPrivilegeEscalation": None}}],
    }
    assert patches.security(APP, to=was, was=was) == ""


def test_a_sync_stays_stopped():
    cron = Sync(WorkloadRef("home", "CronJob", "copier"), "CronJob", "config", running=True, replicas=0)
    assert parsed(patches.stopped(cron))["spec"] == {"suspend": True}
    deployed = Sync(WorkloadRef("home", "Deployment", "copier"), "Deployment", "config", running=True, replicas=2)
    assert parsed(patches.stopped(deployed))["spec"] == {"replicas": 0}


def test_what_no_such_patch_can_be_written_for_has_none():
    assert patches.ownership(WorkloadRef("home", "Pod", "app"), POD, 1, 1) == ""
    assert patches.ownership(APP, Template(("app",), "", ""), 1, 1) == ""
