"""On a real Kubernetes: Argo CD, Flux, Helm, KEDA, autoscalers and budgets, each as it marks what it keeps."""

from __future__ import annotations

import time

import pytest

from cluster import notes
from cluster.api import WorkloadRef
from cluster.errors import Conflict, Forbidden, NotFound
from cluster.live import keepers
from runbooks.acts import gitops
from runbooks.world import Patience, World
from tests.cluster import crds, healing
from tests.cluster.kit import FOREVER, TRAPPED, container, deployment, pods
from tests.cluster.live.losing import losing_each

NOTE = {"run": "am-7-1", "by": "alice", "why": "a restore", "until": "2026-11-23T18:00:00Z"}


@pytest.fixture(scope="module", autouse=True)
def installed(ground):
    with crds.installed(ground):
        ground.make(deployment("house", pods((), container("app", f"{TRAPPED}{FOREVER}"))))
        yield


@pytest.fixture(scope="module")
def house(ground):
    return WorkloadRef(ground.namespace, "Deployment", "house")


def replicas(cluster, house):
    return cluster.workload(house).replicas


def heals(ground, cluster, house):
    cluster.scale(house, was=1, to=0)
    ground.until(lambda: replicas(cluster, house) == 1, "the healing", seconds=healing.WITHIN)


def stays_down(cluster, house, seconds=2.5):
    cluster.scale(house, was=1, to=0)
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        assert replicas(cluster, house) == 0
        time.sleep(0.1)


WAYS = {
    "Argo CD": lambda ground, house: healing.argo(ground, house),
    "an older Argo CD": lambda ground, house: healing.argo(ground, house, knows_enabled=False),
    "Helm by Flux": lambda ground, house: healing.helm(ground, house),
    "Flux": lambda ground, house: healing.flux(ground, house),
}


@pytest.fixture(params=WAYS)
def kept(request, ground, house):
    with WAYS[request.param](ground, house) as keeper:
        yield keeper


def only(cluster, house):
    (found,) = cluster.keepers(house)
    return found


def own(ground, keeper):
    here = ground.api.get(keeper.own, crds.Anything)
    return {what: here.metadata.get(what, {}) for what in ("annotations", "labels")}, here.spec


def test_each_is_found_paused_so_that_it_does_nothing_and_put_back_exactly(ground, cluster, house, kept):
    was, before = only(cluster, house), own(ground, kept)
    annotations = cluster.workload(house).annotations
    assert (was.pausable, was.paused) == (True, False)
    heals(ground, cluster, house)
    cluster.pause(was, house, NOTE, dry=True)
    assert (only(cluster, house), own(ground, kept)) == (was, before)
    cluster.pause(was, house, NOTE)
    assert only(cluster, house).paused
    stays_down(cluster, house)
    cluster.unpause(was, house, dry=True)
    assert only(cluster, house).paused
    cluster.unpause(was, house)
    ground.until(lambda: replicas(cluster, house) == 1, "the healing", seconds=healing.WITHIN)
    assert (only(cluster, house), own(ground, kept)) == (was, before)
    assert cluster.workload(house).annotations == annotations


def test_whatever_answer_is_lost_it_is_paused_once_and_resumed_once(ground, cluster, house, kept):
    was, before = only(cluster, house), own(ground, kept)

    def act(api):
        keepers.pause(api, was, house, NOTE)

    for _ in losing_each(ground.api, act, lambda: cluster.unpause(was, house)):
        assert only(cluster, house).paused
    assert own(ground, kept) == before
    cluster.pause(was, house, NOTE)
    for _ in losing_each(
        ground.api, lambda api: keepers.unpause(api, was, house), lambda: cluster.pause(was, house, NOTE)
    ):
        assert (only(cluster, house), own(ground, kept)) == (was, before)
    cluster.unpause(was, house)


def test_the_note_stands_where_the_pause_is(ground, cluster, house):
    with healing.argo(ground, house) as argo:
        cluster.pause(only(cluster, house), house, NOTE)
        said, spec = own(ground, argo)
        assert {word: said["annotations"][f"{notes.PAUSED}{word}"] for word in NOTE} == NOTE
        assert spec["syncPolicy"]["automated"] == {"enabled": False, "prune": True, "selfHeal": True}
        assert "argocd.argoproj.io/skip-reconcile" not in said["annotations"]
        cluster.unpause(only(cluster, house), house)


def test_an_argo_cd_that_drops_the_field_is_told_by_the_annotation(ground, cluster, house):
    with healing.argo(ground, house, knows_enabled=False) as argo:
        cluster.pause(only(cluster, house), house, NOTE)
        said, spec = own(ground, argo)
        assert said["annotations"]["argocd.argoproj.io/skip-reconcile"] == "true"
        assert spec["syncPolicy"]["automated"] == {"prune": True, "selfHeal": True}


def test_one_that_is_switched_off_by_hand_stays_so(ground, cluster, house):
    automated = {"enabled": False, "selfHeal": True}
    with healing.argo(ground, house, spec={"syncPolicy": {"automated": automated}}) as argo:
        was, before = only(cluster, house), own(ground, argo)
        assert was.paused
        cluster.pause(was, house, NOTE)
        cluster.unpause(was, house)
        assert (only(cluster, house), own(ground, argo)) == (was, before)


def test_one_that_is_only_synced_by_hand_is_as_good_as_paused(ground, cluster, house):
    with healing.argo(ground, house, spec={}) as argo:
        was, before = only(cluster, house), own(ground, argo)
        assert was.paused
        assert "by hand" in was.detail
        cluster.pause(was, house, NOTE)
        assert own(ground, argo)[1] == before[1]
        cluster.unpause(was, house)
        assert own(ground, argo) == before


HELD = {
    "Argo CD": {"spec": {"syncPolicy": {"automated": {"enabled": False}}}},
    "an older Argo CD": {"metadata": {"annotations": {"argocd.argoproj.io/skip-reconcile": "true"}}},
    "Helm by Flux": {"spec": {"suspend": True}},
    "Flux": {"spec": {"suspend": True}},
}
READ = (
    ("", "pods"), ("apps", "deployments"), ("argoproj.io", "applications"), ("keda.sh", "scaledobjects"),
    ("kustomize.toolkit.fluxcd.io", "kustomizations"), ("helm.toolkit.fluxcd.io", "helmreleases"),
    ("http.keda.sh", "httpscaledobjects"), ("policy", "poddisruptionbudgets"),
    ("autoscaling", "horizontalpodautoscalers"), ("autoscaling.k8s.io", "verticalpodautoscalers"),
)  # fmt: skip


@pytest.mark.parametrize("way", WAYS)
def test_what_somebody_has_paused_takes_no_right_to_leave_it_so(way, ground, cluster, house, may):
    few = may(*READ, verbs=("get", "list"))
    with WAYS[way](ground, house) as keeper:
        with pytest.raises(Forbidden):
            few.pause(only(cluster, house), house, NOTE, dry=True)
        ground.api.merge(keeper.own, HELD[way])
        was, before = only(few, house), own(ground, keeper)
        assert was.paused
        few.pause(was, house, NOTE, dry=True)
        few.pause(was, house, NOTE)
        few.unpause(was, house)
        assert (only(cluster, house), own(ground, keeper)) == (was, before)


def test_what_somebody_switched_meanwhile_is_theirs(ground, cluster, house):
    with healing.argo(ground, house) as argo:
        was = only(cluster, house)
        cluster.pause(was, house, NOTE)
        ground.api.merge(argo.own, {"spec": {"syncPolicy": {"automated": {"enabled": True}}}})
        cluster.unpause(was, house)
        said, spec = own(ground, argo)
        assert spec["syncPolicy"]["automated"]["enabled"] is True
        assert not notes.ours(said["annotations"])


def test_another_application_of_the_same_name_is_not_paused_in_its_place(ground, cluster, house):
    with healing.argo(ground, house):
        was = only(cluster, house)
    with healing.argo(ground, house) as argo:
        before = own(ground, argo)
        with pytest.raises(Conflict):
            cluster.pause(was, house, NOTE)
        assert own(ground, argo) == before


def test_a_keeper_that_is_gone_needs_no_resuming_and_cannot_be_paused(ground, cluster, house):
    with healing.argo(ground, house):
        was = only(cluster, house)
    cluster.unpause(was, house)
    with pytest.raises(NotFound):
        cluster.pause(was, house, NOTE)


def test_parents_that_may_undo_a_pause_are_named(ground, cluster, house):
    above = {"apiVersion": "argoproj.io/v1alpha1", "kind": "ApplicationSet", "name": "houses", "uid": "1-2-3"}
    marks = {"argocd.argoproj.io/tracking-id": f"root:argoproj.io/Application:{ground.namespace}/house"}
    with healing.argo(ground, house, ownerReferences=[above], annotations=marks):
        detail = only(cluster, house).detail
    assert "It heals what differs from Git." in detail
    assert "ApplicationSet houses may undo" in detail
    assert "Application root may undo" in detail


def test_a_mark_that_was_only_copied_along_is_none(ground, cluster, house):
    copied = f"other:apps/Deployment:{ground.namespace}/other"
    with healing.marked(ground, house, {"annotations": {"argocd.argoproj.io/tracking-id": copied}}):
        assert cluster.keepers(house) == ()


def test_an_application_that_is_not_in_this_cluster_is_named_and_cannot_be_paused(ground, cluster, house):
    tracking = f"far:apps/Deployment:{ground.namespace}/house"
    with healing.marked(ground, house, {"annotations": {"argocd.argoproj.io/tracking-id": tracking}}):
        found = only(cluster, house)
    assert (found.kind, found.name, found.pausable) == ("ArgoCD", "far", False)
    assert "not in this cluster" in found.detail


def test_an_application_that_lists_it_is_its_keeper_without_a_mark(ground, cluster, house):
    listed = {"group": "apps", "kind": "Deployment", "namespace": ground.namespace, "name": "house"}
    with healing.owning(ground, healing.ARGO, "lister") as path:
        ground.api.merge(path, {"status": {"resources": [listed]}})
        assert only(cluster, house).name == "lister"


def test_without_a_mark_the_manager_of_its_fields_is_a_hint(ground, cluster, house):
    path = f"{ground.path('Deployment', 'house')}"
    body = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "house", "labels": {"by": "flux"}}}
    ground.api.ask("PATCH", path, {"fieldManager": "kustomize-controller"}, body, "application/apply-patch+yaml")
    found = only(cluster, house)
    assert (found.kind, found.pausable) == ("Flux", False)
    assert "kustomize-controller" in found.detail
    ground.api.ask(
        "PATCH", path, {"fieldManager": "kustomize-controller"},
        {**body, "metadata": {"name": "house"}}, "application/apply-patch+yaml",
    )  # fmt: skip
    assert cluster.keepers(house) == ()


# --- Autoscalers and budgets ---


def aims(name="house", kind="Deployment"):
    return {"apiVersion": "apps/v1", "kind": kind, "name": name}


def test_a_scaled_object_is_paused_by_its_annotation_and_a_strangers_is_not_named(ground, cluster, house):
    with (
        healing.owning(ground, "keda.sh", "mine", {"scaleTargetRef": {"name": "house"}}) as path,
        healing.owning(ground, "keda.sh", "other", {"scaleTargetRef": {"name": "other"}}),
    ):
        was = only(cluster, house)
        assert (was.kind, was.name, was.pausable, was.paused) == ("KEDA", "mine", True, False)
        before = ground.api.get(path, crds.Anything).metadata.get("annotations")
        cluster.pause(was, house, NOTE)
        assert only(cluster, house).paused
        said = ground.api.get(path, crds.Anything).metadata["annotations"]
        assert said["autoscaling.keda.sh/paused"] == "true"
        cluster.unpause(was, house)
        assert only(cluster, house) == was
        assert (ground.api.get(path, crds.Anything).metadata.get("annotations") or None) == before


ROUTE = {"service": "house", "port": 8080}
ROUTED = {"hosts": ["home.example.org"], "scaleTargetRef": {"kind": "Deployment", "name": "house", **ROUTE}}


@pytest.mark.parametrize(
    "target", [{"kind": "Deployment", "name": "house"}, {"name": "house"}, {"deployment": "house"}]
)
def test_what_is_woken_by_requests_is_told_to_be(ground, cluster, house, target):
    spec = {**ROUTED, "scaleTargetRef": {**target, **ROUTE}}
    other = {**ROUTED, "scaleTargetRef": {"name": "other", **ROUTE}}
    with (
        healing.owning(ground, "http.keda.sh", "mine", spec),
        healing.owning(ground, "http.keda.sh", "other", other),
    ):
        found = only(cluster, house)
    assert (found.kind, found.name, found.pausable) == ("KEDA", "mine", False)
    assert "a request wakes the workload" in found.detail


def test_what_is_woken_by_requests_is_paused_by_its_scaled_object_and_stays_so_beside_its_operator(
    ground, cluster, house
):
    with healing.owning(ground, "http.keda.sh", "house", ROUTED) as route:
        made = ground.api.get(route, crds.Anything).metadata["uid"]
        above = {"apiVersion": "http.keda.sh/v1alpha1", "kind": "HTTPScaledObject", "name": "house", "uid": made}
        spec = {"scaleTargetRef": {"kind": "Deployment", "name": "house"}}
        with healing.owning(ground, "keda.sh", "house", spec, ownerReferences=[above]) as scaled:

            def operator():
                """At each change of the ScaledObject the add-on merges into it what it declares."""
                ground.api.merge(scaled, {"metadata": {"labels": {"scaledobject": "house"}}, "spec": spec})

            operator()
            was, before = only(cluster, house), ground.api.get(scaled, crds.Anything).metadata.get("annotations")
            assert (was.name, was.pausable, was.paused) == ("house", True, False)
            assert was.detail == "Made by HTTPScaledObject house."
            cluster.pause(was, house, NOTE, dry=True)
            assert only(cluster, house) == was
            cluster.pause(was, house, NOTE)
            operator()
            assert only(cluster, house).paused
            gitops.StaysPaused(was, house).do(World(cluster, None, "am-7", patience=Patience(0, 0)))
            cluster.unpause(was, house)
            assert only(cluster, house) == was
            assert (ground.api.get(scaled, crds.Anything).metadata.get("annotations") or None) == before


PICKED = {"matchExpressions": [{"key": "app", "operator": "In", "values": ["house"]}]}
BUDGET = {
    "apiVersion": "policy/v1",
    "kind": "PodDisruptionBudget",
    "spec": {"minAvailable": 1, "selector": PICKED},
}
USE = {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 80}}
HPA = {
    "apiVersion": "autoscaling/v2",
    "kind": "HorizontalPodAutoscaler",
    "spec": {
        "minReplicas": 1,
        "maxReplicas": 3,
        "scaleTargetRef": aims(),
        "metrics": [{"type": "Resource", "resource": USE}],
    },
}


def test_autoscalers_and_budgets_are_named_with_what_they_do_and_cannot_be_paused(ground, cluster, house):
    base = {"budget": "/apis/policy/v1", "hpa": "/apis/autoscaling/v2"}
    paths = {
        "budget": f"{base['budget']}/namespaces/{ground.namespace}/poddisruptionbudgets",
        "hpa": f"{base['hpa']}/namespaces/{ground.namespace}/horizontalpodautoscalers",
    }
    other = {**BUDGET["spec"], "selector": {"matchLabels": {"app": "other"}}}
    for where, body, name in (
        ("budget", BUDGET, "mine"), ("budget", {**BUDGET, "spec": other}, "other"), ("hpa", HPA, "mine")
    ):  # fmt: skip
        ground.api.create(paths[where], {**body, "metadata": {"name": name}})
    with healing.owning(
        ground, "autoscaling.k8s.io", "mine", {"targetRef": aims(), "updatePolicy": {"updateMode": "Off"}}
    ):
        found = cluster.keepers(house)
    for where, name in (("budget", "mine"), ("budget", "other"), ("hpa", "mine")):
        ground.api.delete(f"{paths[where]}/{name}")
    assert [(one.kind, one.name, one.pausable, one.paused) for one in found] == [
        ("HPA", "mine", False, False),
        ("PDB", "mine", False, False),
        ("VPA", "mine", False, True),
    ]
    assert "from 1 to 3 replicas" in found[0].detail
    assert "disruptionsAllowed" in found[1].detail
    assert "Off" in found[2].detail


def test_who_may_not_look_is_told_and_not_that_there_is_nobody(may, house):
    with pytest.raises(Forbidden):
        may(("apps", "deployments")).keepers(house)
