from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.api import Pod, WorkloadRef
from cluster.errors import Forbidden
from cluster.kubernetes import Api
from cluster.live.objects import Bare, PodObject
from cluster.live.pods import Owners, images, is_using, pod_value

NOON = "2026-11-23T12:00:00Z"


def decoded(shape, **parts):
    return msgspec.json.decode(json.dumps(parts), type=shape)


def owned(by, name, uid="u"):
    return [{"apiVersion": "v1", "kind": by, "name": name, "uid": uid, "controller": True, "blockOwnerDeletion": True}]


def pod(meta=None, spec=None, status=None):
    whole = {"metadata": {"name": "app-1", "namespace": "home", "uid": "1", **(meta or {})}}
    whole["spec"] = {"containers": [{"name": "app", "image": "app:1"}], **(spec or {})}
    return decoded(PodObject, apiVersion="v1", kind="Pod", **whole, **({"status": status} if status else {}))


def value(**parts) -> Pod:
    return pod_value(pod(**parts), WorkloadRef("home", "Pod", "app-1"))


def nobody(ref):
    raise AssertionError(f"{ref} was asked for")


# --- A pod ---


def test_a_pod_that_no_kubelet_has_seen_yet_waits():
    seen = value()
    assert (seen.phase, seen.ready, seen.node, seen.started, seen.deleting) == ("Unknown", False, "", None, False)
    (container,) = seen.containers
    assert (container.state, container.ready, container.restarts, container.reason) == ("waiting", False, 0, "")


def test_a_pod_with_nothing_but_a_name_can_be_told():
    seen = pod_value(decoded(PodObject, metadata={"name": "x"}), WorkloadRef("", "Pod", "x"))
    assert (seen.containers, seen.claims, seen.created) == ((), (), None)


def test_a_pod_that_is_going_is_not_ready_though_it_still_answers():
    ready = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    assert value(status=ready).ready
    seen = value(meta={"deletionTimestamp": NOON, "deletionGracePeriodSeconds": 30}, status=ready)
    assert (seen.ready, seen.deleting) == (False, True)


def test_a_container_between_two_crashes_tells_of_the_last_one():
    crash = {"terminated": {"exitCode": 137, "reason": "OOMKilled", "startedAt": NOON, "finishedAt": NOON}}
    back_off = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 40s restarting failed container"}}
    told = {"name": "app", "image": "app:1", "imageID": "", "state": back_off, "lastState": crash, "restartCount": 7}
    (container,) = value(status={"phase": "Running", "containerStatuses": [told | {"ready": False}]}).containers
    assert (container.state, container.reason, container.restarts) == ("waiting", "CrashLoopBackOff", 7)
    assert (container.exit_code, container.last_exit_code) == (None, 137)
    assert container.last_finished.isoformat() == "2026-11-23T12:00:00+00:00"


def test_a_container_that_has_ended_tells_with_which_code():
    ended = {"name": "app", "state": {"terminated": {"exitCode": 3, "reason": "Error"}}, "ready": False}
    (container,) = value(status={"phase": "Failed", "containerStatuses": [ended]}).containers
    assert (container.state, container.exit_code, container.reason) == ("terminated", 3, "Error")


def test_a_native_sidecar_comes_after_the_application_with_its_own_status():
    spec = {"initContainers": [{"name": "sync", "image": "rclone/rclone", "restartPolicy": "Always", "args": ["sync"]}]}
    running = {"name": "sync", "state": {"running": {"startedAt": NOON}}, "ready": True, "restartCount": 2}
    seen = value(spec=spec, status={"phase": "Running", "initContainerStatuses": [running]})
    app, sidecar = seen.containers
    assert (app.name, app.init, sidecar.name, sidecar.init) == ("app", False, "sync", True)
    assert (sidecar.state, sidecar.ready, sidecar.restarts, sidecar.command) == ("running", True, 2, ("sync",))


def test_claims_are_those_that_are_named_and_those_that_were_made_for_the_pod_alone():
    volumes = [
        {"name": "data", "persistentVolumeClaim": {"claimName": "config"}},
        {"name": "again", "persistentVolumeClaim": {"claimName": "config", "readOnly": True}},
        {"name": "scratch", "ephemeral": {"volumeClaimTemplate": {"spec": {"accessModes": ["ReadWriteOnce"]}}}},
        {"name": "token", "projected": {"sources": []}},
        {"name": "tmp", "emptyDir": {}},
    ]
    assert value(spec={"volumes": volumes}).claims == ("config", "app-1-scratch")


def test_what_is_new_in_a_later_kubernetes_does_not_matter():
    seen = value(spec={"somethingNew": {"a": [1]}}, status={"phase": "Resting", "hostIPs": [{"ip": "::1"}]})
    assert seen.phase == "Unknown"


@pytest.mark.parametrize(
    ("phase", "going", "uses"),
    [
        ("Running", False, True),
        ("Pending", False, True),
        ("Unknown", False, True),
        ("Succeeded", False, False),
        ("Failed", False, False),
        ("Running", True, True),
        ("Succeeded", True, True),
    ],
)
def test_a_pod_uses_its_claims_until_it_has_ended_or_if_it_is_going_until_it_is_gone(phase, going, uses):
    meta = {"deletionTimestamp": NOON} if going else {}
    assert is_using(pod(meta=meta, status={"phase": phase})) is uses


# --- Who made it ---

MARKED = {"labels": {"pod-template-hash": "5d8f9"}}


def top(meta, read=nobody, known=()):
    return Owners(read, known).top(pod(meta=meta).metadata)


def test_a_pod_of_a_known_deployment_needs_no_further_question():
    known = {WorkloadRef("home", "Deployment", "home-assistant")}
    meta = {**MARKED, "ownerReferences": owned("ReplicaSet", "home-assistant-5d8f9")}
    assert top(meta, known=known) == WorkloadRef("home", "Deployment", "home-assistant")


def test_a_name_that_only_looks_like_a_deployments_is_looked_up():
    meta = {**MARKED, "ownerReferences": owned("ReplicaSet", "home-assistant-5d8f9")}
    rollout = decoded(
        Bare, metadata={"name": "home-assistant-5d8f9", "ownerReferences": owned("Rollout", "home-assistant")}
    )
    seen = top(meta, read=lambda ref: rollout.metadata, known={WorkloadRef("shop", "Deployment", "home-assistant")})
    assert seen == WorkloadRef("home", "Rollout", "home-assistant")


def test_a_replicaset_of_nobody_is_itself_at_the_top():
    meta = {"ownerReferences": owned("ReplicaSet", "by-hand")}
    alone = decoded(Bare, metadata={"name": "by-hand"})
    assert top(meta, read=lambda ref: alone.metadata) == WorkloadRef("home", "ReplicaSet", "by-hand")
    assert top(meta, read=lambda ref: None) == WorkloadRef("home", "ReplicaSet", "by-hand")


def forbidden(ref):
    raise Forbidden("no")


@pytest.mark.parametrize("read", [forbidden, lambda ref: None], ids=["forbidden", "gone"])
def test_where_a_maker_cannot_be_read_its_name_has_to_do(read):
    meta = {**MARKED, "ownerReferences": owned("ReplicaSet", "web-5d8f9")}
    assert top(meta, read=read) == WorkloadRef("home", "Deployment", "web")
    meta = {"ownerReferences": owned("ReplicaSet", "web-5d8f9")}
    assert top(meta, read=read) == WorkloadRef("home", "ReplicaSet", "web-5d8f9")
    meta = {"ownerReferences": owned("Job", "backup-29399999")}
    assert top(meta, read=read) == WorkloadRef("home", "CronJob", "backup")
    meta = {"ownerReferences": owned("Job", "backup-by-hand")}
    assert top(meta, read=read) == WorkloadRef("home", "Job", "backup-by-hand")


def test_a_job_is_its_cronjobs_where_it_has_one():
    meta = {"ownerReferences": owned("Job", "backup-29399999")}
    cron = WorkloadRef("home", "CronJob", "backup")
    assert top(meta, known={cron}) == cron
    made = decoded(Bare, metadata={"name": "backup-29399999", "ownerReferences": owned("CronJob", "other")})
    assert top(meta, read=lambda ref: made.metadata) == WorkloadRef("home", "CronJob", "other")
    alone = decoded(Bare, metadata={"name": "backup-29399999", "ownerReferences": []})
    assert top(meta, read=lambda ref: alone.metadata) == WorkloadRef("home", "Job", "backup-29399999")


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet", "Workflow"])
def test_other_makers_are_at_the_top_themselves(kind):
    assert top({"ownerReferences": owned(kind, "db")}) == WorkloadRef("home", kind, "db")


def test_a_nodes_own_pod_and_one_that_nobody_controls_are_bare():
    assert top({"ownerReferences": owned("Node", "node-a")}) == WorkloadRef("home", "Pod", "app-1")
    loose = [{**owned("ConfigMap", "x")[0], "controller": False}]
    assert top({"ownerReferences": loose}) == WorkloadRef("home", "Pod", "app-1")


def test_each_maker_is_asked_for_once_however_many_pods_it_has():
    asked = []
    owners = Owners(lambda ref: asked.append(ref))
    for _ in range(100):
        owners.top(pod(meta={"ownerReferences": owned("ReplicaSet", "by-hand")}).metadata)
    assert asked == [WorkloadRef("home", "ReplicaSet", "by-hand")]


# --- Whatever comes ---

words = st.text("abc-/.: \n", max_size=8)
times = st.sampled_from([NOON, "2026-11-23T12:00:00.123456Z", None])
kinds = {
    "running": st.fixed_dictionaries({}, optional={"startedAt": times}),
    "waiting": st.fixed_dictionaries({}, optional={"reason": words, "message": words}),
    "terminated": st.fixed_dictionaries({}, optional={"exitCode": st.integers(0, 255), "finishedAt": times}),
}
states = st.one_of(st.just({}), *(st.fixed_dictionaries({name: inner}) for name, inner in kinds.items()))
statuses = st.fixed_dictionaries(
    {"name": st.sampled_from(["app", "side", "gone"])},
    optional={"state": states, "lastState": states, "ready": st.booleans(), "restartCount": st.integers(0, 9)},
)


@given(
    status=st.fixed_dictionaries(
        {},
        optional={
            "phase": st.sampled_from(["Pending", "Running", "Succeeded", "Failed", "Unknown", "New"]),
            "containerStatuses": st.lists(statuses, max_size=3),
            "initContainerStatuses": st.lists(statuses, max_size=3),
            "startTime": times,
            "conditions": st.lists(st.fixed_dictionaries({"type": words, "status": words}), max_size=2),
        },
    )
)
def test_whatever_a_status_says_each_container_of_the_spec_is_told_once(status):
    seen = value(spec={"initContainers": [{"name": "side"}]}, status=status)
    assert [c.name for c in seen.containers] == ["app", "side"]
    assert all(c.exit_code is None for c in seen.containers if c.state != "terminated")
    assert all(c.started is None for c in seen.containers if c.state != "running")


# --- Their images ---

SUM = "sha256:" + "1f" * 32


class Running(Api):
    """An API server that has one pod, whose containers run these."""

    def __init__(self, **containers):
        self.containers = containers

    def ask(self, method, path, query, body=None, kind="application/json"):
        assert (method, path) == ("GET", "/api/v1/namespaces/home/pods")
        spec = [{"name": name, "image": image} for name, (image, _) in self.containers.items()]
        told = [{"name": name, "image": "any", "imageID": id} for name, (_, id) in self.containers.items() if id]
        status = {"initContainerStatuses": told[:1], "containerStatuses": told[1:]}
        whole = {"metadata": {"name": "app-1"}, "status": status}
        return json.dumps({"items": [whole | {"spec": {"initContainers": spec[:1], "containers": spec[1:]}}]}).encode()


def test_images_are_told_by_the_digest_that_their_node_has():
    api = Running(
        init=("busybox:1.36", f"docker.io/library/busybox@{SUM}"),
        app=("app", f"docker-pullable://ghcr.io/home/app@{SUM}"),
        by_hand=("mine:dev", SUM),
        waiting=("later:1", ""),
    )
    assert images(api, "home") == {"busybox:1.36": f"docker.io/library/busybox@{SUM}", "app": f"ghcr.io/home/app@{SUM}"}
