from __future__ import annotations

import json

import msgspec
import pytest

from cluster.api import ClaimRef
from cluster.live.copying import copies
from cluster.live.objects import ContainerSpec, Controller
from cluster.live.syncs import among
from cluster.live.workloads import Numbered, made

COPYING = {
    "a shell that loops": (
        "busybox",
        ["sh", "-c", "while true; do : rclone sync /config s3:bucket; sleep 1; done"],
        [],
    ),
    "rclone's own image": ("rclone/rclone:1.71", [], ["sync", "/data", "s3:bucket"]),
    "an image of another registry": ("registry.home:5000/tools/rclone@sha256:abc", [], ["copy", "/a", "b:"]),
    "a script of one's own in such an image": ("restic/restic:0.18", ["/run.sh"], []),
    "a full path": ("debian", ["/usr/bin/rsync", "-a", "/data/", "nas::data"], []),
    "after a cd": ("debian", ["bash", "-ec", "cd /data\nrestic backup ."], []),
    "minio's client": ("minio/mc", ["mc", "--insecure", "mirror", "--overwrite", "/data", "s3/bucket"], []),
    "aws with flags": ("amazon/aws-cli:2", [], ["--endpoint-url", "http://s3", "s3", "sync", "/data", "s3://b"]),
    "aws in a shell": ("debian", ["sh", "-c"], ["aws s3 cp --recursive /data s3://b"]),
    "s3cmd": ("debian", ["s3cmd", "sync", "/data", "s3://b"], []),
    "kopia": ("kopia/kopia", [], ["snapshot", "create", "/data"]),
    "borg": ("debian", ["borg", "create", "::{now}", "/data"], []),
    "borgmatic": ("ghcr.io/borgmatic-collective/borgmatic", [], []),
    "duplicity": ("debian", ["duplicity", "/data", "s3://b"], []),
    "litestream": ("litestream/litestream:0.3", [], ["replicate"]),
    "in quotes": ("debian", ["sh", "-c", 'timeout 60 "rclone" sync /a b:'], []),
}
NOT_COPYING = {
    "an application": ("ghcr.io/home-assistant/home-assistant:2026.11", ["/init"], []),
    "one that is told of a file": ("app", ["app", "--config", "/etc/rclone.conf"], []),
    "one whose name begins alike": ("rsync-web:1", ["rsync-web", "--port", "80"], []),
    "a directory of that name": ("app", ["app", "/srv/restic/cache"], []),
    "aws for something else": ("amazon/aws-cli", [], ["s3", "ls"]),
    "mc for something else": ("minio/mc", [], ["admin", "info"]),
    "rclone that only serves": ("rclone/rclone", [], ["serve", "webdav", "/data"]),
    "rclone's page": ("rclone/rclone", ["rclone", "rcd"], []),
    "nothing said": ("", [], []),
}


def container(image, command, args):
    return ContainerSpec("c", image=image, command=command, args=args)


@pytest.mark.parametrize("given", COPYING.values(), ids=COPYING)
def test_what_copies_is_known_by_what_it_runs(given):
    assert copies(container(*given))


@pytest.mark.parametrize("given", NOT_COPYING.values(), ids=NOT_COPYING)
def test_what_does_not_copy_is_left_alone(given):
    assert not copies(container(*given))


# --- In a workload ---

RCLONE = {"name": "rclone", "image": "rclone/rclone", "args": ["sync", "/data", "s3:b"]}
APP = {"name": "app", "image": "app:1"}


def mounting(container, *volumes):
    return {**container, "volumeMounts": [{"name": name, "mountPath": f"/{name}"} for name in volumes]}


def workload(kind, *containers, init=(), labels=None, annotations=None, spec=None, claims=("data",)):
    volumes = [{"name": name, "persistentVolumeClaim": {"claimName": name}} for name in claims]
    pods = {"containers": list(containers), "initContainers": list(init), "volumes": volumes}
    template = {"metadata": {"labels": labels or {}, "creationTimestamp": None}, "spec": pods}
    inner = {"jobTemplate": {"spec": {"template": template}}} if kind == "CronJob" else {"template": template}
    meta = {"name": "work", "namespace": "home", "generation": 3, "uid": "1", "annotations": annotations or {}}
    raw = json.dumps({"metadata": meta, "spec": {**inner, **(spec or {})}, "status": {}})
    numbered = Numbered(ClaimRef("home", name) for name in ("data-work-0", "data-work-1", "data-work-x"))
    return made(kind, msgspec.json.decode(raw, type=Controller), numbered)


def told(*workloads):
    return [(s.kind, s.claim, s.container, s.running, s.replicas) for s in among(workloads)]


def test_a_deployment_of_its_own_is_stopped_by_its_replicas():
    here = workload("Deployment", mounting(RCLONE, "data"), spec={"replicas": 2})
    assert told(here) == [("Deployment", "data", "rclone", True, 2)]
    assert not here.owns("data")
    assert told(workload("Deployment", mounting(RCLONE, "data"), spec={"replicas": 0}))[0][3:] == (False, 0)


def test_without_a_number_of_replicas_there_is_one():
    assert told(workload("Deployment", mounting(RCLONE, "data")))[0][3:] == (True, 1)


def test_what_only_tells_of_itself_beside_a_sync_makes_no_application_of_it():
    assert told(workload("Deployment", mounting(RCLONE, "data"), {"name": "metrics"}))[0][0] == "Deployment"


def test_beside_an_application_it_is_a_sidecar_with_the_applications_replicas():
    here = workload("Deployment", mounting(APP, "data"), mounting(RCLONE, "data"), spec={"replicas": 3})
    assert told(here) == [("Sidecar", "data", "rclone", True, 3)]
    assert here.owns("data")


def test_a_native_sidecar_is_one_too():
    init = {**mounting(RCLONE, "data"), "restartPolicy": "Always"}
    assert told(workload("StatefulSet", mounting(APP, "data"), init=[init])) == [("Sidecar", "data", "rclone", True, 1)]


def test_an_init_container_that_fetches_once_is_no_sync_but_works_with_the_files():
    here = workload("Deployment", APP, init=[mounting(RCLONE, "data")])
    assert told(here) == []
    assert here.owns("data")


def test_a_cronjob_runs_unless_it_is_suspended():
    on, off = (workload("CronJob", mounting(RCLONE, "data"), spec={"suspend": off}) for off in (False, True))
    assert told(on) == [("CronJob", "data", "rclone", True, 0)]
    assert told(off) == [("CronJob", "data", "rclone", False, 0)]


def test_a_statefulsets_sync_copies_each_of_its_claims_away_though_its_pods_are_gone():
    templates = {"volumeClaimTemplates": [{"metadata": {"name": "data"}}], "replicas": 0}
    here = workload("StatefulSet", mounting(RCLONE, "data"), spec=templates, claims=())
    assert told(here) == [
        ("StatefulSet", "data-work-0", "rclone", False, 0),
        ("StatefulSet", "data-work-1", "rclone", False, 0),
    ]
    assert here.value().claims == ("data-work-0", "data-work-1")


def test_a_sync_that_has_not_the_claim_is_none_of_it():
    assert told(workload("Deployment", mounting(APP, "data"), RCLONE)) == []


def test_a_whole_device_counts_as_mounted():
    device = {**RCLONE, "volumeDevices": [{"name": "data", "devicePath": "/dev/x"}]}
    assert told(workload("Deployment", device))[0][1] == "data"


@pytest.mark.parametrize("where", ["labels", "annotations"])
def test_people_may_say_which_container_copies_and_that_none_does(where):
    def saying(word):
        both = [mounting(APP, "data"), mounting({"name": "helper", "image": "own:1"}, "data"), mounting(RCLONE, "data")]
        return told(workload("Deployment", *both, **{where: {"aftermath.dev/sync": word}}))

    assert [each[2] for each in saying("helper")] == ["helper"]
    assert [each[2] for each in saying("helper, rclone")] == ["helper", "rclone"]
    assert saying("false") == []
    assert [each[0] for each in saying("true")] == ["Deployment"]


def test_what_was_last_applied_is_not_kept_for_it_may_hold_secrets():
    notes = {"kubectl.kubernetes.io/last-applied-configuration": "{...}", "aftermath.dev/crash-loop": "5"}
    assert workload("Deployment", APP, annotations=notes).value().annotations == {"aftermath.dev/crash-loop": "5"}
