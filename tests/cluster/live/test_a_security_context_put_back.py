"""On a real Kubernetes: contexts of every kind of workload, and what the server and its policies say to a change."""

from __future__ import annotations

import copy

import pytest

from cluster.api import ClaimRef, WorkloadRef
from cluster.errors import Conflict, Forbidden, Refused
from cluster.live import security
from tests.cluster.kit import BOX, CORE, FOREVER, TRAPPED, claim, container, cron, deployment, meta, pods
from tests.cluster.live.losing import losing_each

HARD = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
SOFT = {"runAsUser": 0}


@pytest.fixture(scope="module", autouse=True)
def some_claim(ground):
    """A template is asked for with a claim."""
    ground.make(claim("any"))


def app(**more):
    return container("app", f"{TRAPPED}{FOREVER}", **more)


def made(ground, kind, name, *containers, **more):
    """A workload of any kind; with contexts on the pod, an init container and a second container."""
    spec = pods((), *(containers or (app(),)), **more)
    body = deployment(name, spec)
    if kind == "CronJob":
        body = cron(name, spec)
    elif kind != "Deployment":
        body |= {"kind": kind, "spec": {k: v for k, v in body["spec"].items() if k != "strategy"}}
        if kind == "DaemonSet":
            del body["spec"]["replicas"]
        else:
            body["spec"]["serviceName"] = name
    ground.make(body)
    return WorkloadRef(ground.namespace, kind, name)


@pytest.fixture
def whole(ground):
    """A Deployment that says something everywhere."""
    first = {"name": "first", "image": BOX, "command": ["true"], "securityContext": {"runAsUser": 5}}
    beside = {**app(), "name": "beside"}
    spec = {"initContainers": [first], "securityContext": {"fsGroup": 7}}
    ref = made(ground, "Deployment", "whole", app(securityContext=SOFT), beside, **spec)
    yield ref
    ground.drop("Deployment", "whole")


def settled(ground, ref):
    ground.until(lambda: ready(ground, ref), f"the pods of {ref}")


def ready(ground, ref):
    status = ground.get(ref.kind, ref.name).status
    same = status.get("observedGeneration") == ground.get(ref.kind, ref.name).metadata["generation"]
    return same and (status.get("readyReplicas") or status.get("numberReady"))


def contexts(cluster, ref):
    return dict(cluster.template(ref, ClaimRef(ref.namespace, "any")).security)


def test_the_pods_and_each_containers_are_told_by_name(cluster, whole):
    assert contexts(cluster, whole) == {"": {"fsGroup": 7}, "app": SOFT, "first": {"runAsUser": 5}}


def test_nothing_else_of_the_object_is_touched(ground, cluster, whole):
    before = ground.get("Deployment", "whole").spec
    was = contexts(cluster, whole)
    to = {"app": HARD, "beside": SOFT, "first": {"runAsUser": 5}}
    cluster.set_security(whole, was=was, to=to)
    after = ground.get("Deployment", "whole").spec
    assert contexts(cluster, whole) == to
    expected = copy.deepcopy(before)
    pod = expected["template"]["spec"]
    pod["securityContext"] = {}
    pod["containers"][0]["securityContext"] = HARD
    pod["containers"][1]["securityContext"] = SOFT
    assert after == expected
    cluster.set_security(whole, was=to, to=was)
    assert ground.get("Deployment", "whole").spec == before


def test_whatever_answer_is_lost_it_is_set_once(ground, cluster, whole):
    was = contexts(cluster, whole)
    to = {**was, "app": HARD}

    def back():
        cluster.set_security(whole, was=contexts(cluster, whole), to=was)

    for _ in losing_each(ground.api, lambda api: security.put(api, whole, was, to), back):
        assert contexts(cluster, whole) == to


def test_a_container_that_came_between_is_noticed_and_not_hit(ground, cluster, whole):
    was = contexts(cluster, whole)
    path = ground.path("Deployment", "whole")
    late = {"name": "late", "image": BOX, "command": ["sh", "-c", f"{TRAPPED}{FOREVER}"]}
    ground.api.patch(path, [{"op": "add", "path": "/spec/template/spec/containers/0", "value": late}])
    cluster.set_security(whole, was=was, to={**was, "app": HARD})
    containers = ground.get("Deployment", "whole").spec["template"]["spec"]["containers"]
    assert {c["name"]: c.get("securityContext") for c in containers} == {"late": None, "app": HARD, "beside": None}


@pytest.mark.parametrize("dry", [True, False])
def test_a_value_that_cannot_be_is_refused_in_the_servers_words(cluster, whole, dry):
    was = contexts(cluster, whole)
    with pytest.raises(Refused, match="runAsUser"):
        cluster.set_security(whole, was=was, to={**was, "app": {"runAsUser": -5}}, dry=dry)
    assert contexts(cluster, whole) == was


def test_what_the_namespace_would_refuse_to_its_pods_is_told_by_the_dry_run(ground, cluster, whole):
    was = contexts(cluster, whole)
    label = "pod-security.kubernetes.io/enforce"
    path = f"{CORE}/namespaces/{ground.namespace}"
    ground.api.merge(path, {"metadata": {"labels": {label: "baseline"}}})
    try:
        with pytest.raises(Refused, match="violates PodSecurity"):
            cluster.set_security(whole, was=was, to={**was, "app": {"privileged": True}}, dry=True)
        cluster.set_security(whole, was=was, to={**was, "app": HARD}, dry=True)
    finally:
        ground.api.merge(path, {"metadata": {"labels": {label: None}}})
    assert contexts(cluster, whole) == was


def test_a_full_quota_is_no_reason_against_a_change(ground, cluster, whole):
    was = contexts(cluster, whole)
    quotas = f"{CORE}/namespaces/{ground.namespace}/resourcequotas"
    ground.api.create(quotas, {"metadata": meta("none"), "spec": {"hard": {"pods": "0"}}})
    ground.until(lambda: b'"used"' in ground.api.text(f"{quotas}/none").encode(), "the quota")
    try:
        cluster.set_security(whole, was=was, to={**was, "app": HARD}, dry=True)
    finally:
        ground.api.delete(f"{quotas}/none")


def test_who_may_not_change_it_is_told(may, ground, cluster, whole):
    was = contexts(cluster, whole)
    with pytest.raises(Forbidden):
        may(("apps", "deployments")).set_security(whole, was=was, to={**was, "app": HARD})
    assert contexts(cluster, whole) == was


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet"])
def test_revisions_of_what_keeps_them_otherwise(ground, cluster, kind):
    ref = made(ground, kind, kind.lower(), app(securityContext=SOFT))
    settled(ground, ref)
    (first,) = cluster.revisions(ref)
    assert (first.current, first.ready, dict(first.security)) == (True, True, {"app": SOFT})
    cluster.set_security(ref, was={"app": SOFT}, to={"app": HARD})
    ground.until(lambda: [(r.current, r.ready) for r in cluster.revisions(ref)] == [(True, True), (False, None)], "it")
    new, old = cluster.revisions(ref)
    assert (dict(new.security), dict(old.security)) == ({"app": HARD}, {"app": SOFT})
    assert (old.name, old.number < new.number) == (first.name, True)
    cluster.set_security(ref, was={"app": HARD}, to={"app": SOFT})
    ground.until(lambda: cluster.revisions(ref)[0].name == first.name, "the first revision again")
    ground.drop(kind, ref.name)


def test_a_deployment_that_crash_loops_says_which_revision_was_the_last_that_ran(ground, cluster):
    ref = made(ground, "Deployment", "crash", container("app", f"touch /etc/x && {TRAPPED}{FOREVER}"))
    settled(ground, ref)
    good = cluster.revisions(ref)[0]
    cluster.set_security(ref, was={}, to={"app": {"readOnlyRootFilesystem": True}})
    ground.until(lambda: [r.ready for r in cluster.revisions(ref)] == [False, None], "the crash")
    bad, before = cluster.revisions(ref)
    assert (bad.current, before.name) == (True, good.name)
    cluster.set_security(ref, was=bad.security, to=before.security)
    ground.until(lambda: cluster.revisions(ref)[0].ready, "the recovery")
    assert cluster.revisions(ref)[0].name == good.name
    ground.drop("Deployment", "crash")


def test_the_pods_of_a_cron_job_have_contexts_too_and_no_revisions(ground, cluster):
    ref = made(ground, "CronJob", "cron", app(securityContext=SOFT))
    assert cluster.revisions(ref) == ()
    cluster.set_security(ref, was={"app": SOFT}, to={"app": HARD})
    assert contexts(cluster, ref) == {"app": HARD}
    ground.drop("CronJob", "cron")


def test_a_bare_pod_cannot_be_changed(ground, cluster):
    ground.make({"apiVersion": "v1", "kind": "Pod", "metadata": meta("bare"), "spec": pods((), app())})
    ref = WorkloadRef(ground.namespace, "Pod", "bare")
    with pytest.raises((Refused, Conflict)):
        cluster.set_security(ref, was={}, to={"app": HARD})
    assert contexts(cluster, ref) == {}
    ground.drop("Pod", "bare")


# --- Templates, for a patch that a person commits ---


def test_a_claim_of_a_stateful_set_is_found_by_the_name_that_its_pods_give_it(ground, cluster):
    made_ = claim("files")
    spec = pods((), container("app", f"{TRAPPED}{FOREVER}", "files"))
    spec["volumes"] = []
    body = deployment("set", spec)
    body |= {"kind": "StatefulSet", "spec": {k: v for k, v in body["spec"].items() if k != "strategy"}}
    body["spec"] |= {"serviceName": "set", "volumeClaimTemplates": [{"metadata": meta("files"), "spec": made_["spec"]}]}
    ground.make(body)
    ref = WorkloadRef(ground.namespace, "StatefulSet", "set")
    settled(ground, ref)
    template = cluster.template(ref, ClaimRef(ground.namespace, "files-set-0"))
    assert (template.mount, template.volume, template.containers) == ("/files", "files", ("app",))
    assert cluster.template(ref, ClaimRef(ground.namespace, "any")).volume == ""
    cluster.set_security(ref, was={}, to={"app": SOFT}, dry=True)
    ground.drop("StatefulSet", "set")
    ground.drop("PersistentVolumeClaim", "files-set-0")


def test_a_whole_mount_is_told_before_a_part_of_it(ground, cluster):
    ground.make(claim("parts"))
    spec = pods(("parts",), app(volumeMounts=[
        {"name": "parts", "mountPath": "/part", "subPath": "part"}, {"name": "parts", "mountPath": "/whole"}
    ]))  # fmt: skip
    ground.make(deployment("parts", spec, replicas=0))
    ref = WorkloadRef(ground.namespace, "Deployment", "parts")
    assert cluster.template(ref, ClaimRef(ground.namespace, "parts")).mount == "/whole"
    ground.drop("Deployment", "parts")
    ground.drop("PersistentVolumeClaim", "parts")
