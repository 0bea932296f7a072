"""On a real Kubernetes: a volume that may be the only copy is kept first; whatever breaks off, it can be had again."""

from __future__ import annotations

import pytest

from cluster.api import ClaimRef
from cluster.errors import Conflict, Forbidden, NotFound, Refused
from cluster.live import released
from tests.cluster import leaving
from tests.cluster.kit import CORE, FOREVER, TRAPPED, container, meta, pods
from tests.cluster.live.losing import Losing, losing_each

LABELS = {"app.kubernetes.io/managed-by": "aftermath", "aftermath.dev/run": "7", "aftermath.dev/act": "1"}


@pytest.fixture
def name(ground):
    name = leaving.volume(ground)
    yield name
    leaving.forget(ground, name)


@pytest.fixture
def to(ground):
    return ClaimRef(ground.namespace, "found")


def told(cluster, name):
    return next((one for one in cluster.released() if one.volume == name), None)


def of(ground, name):
    return leaving.of(ground, name)


def policy(ground, name):
    return of(ground, name).spec["persistentVolumeReclaimPolicy"]


def bound(ground, cluster, to):
    ground.until(lambda: cluster.claim(to).phase == "Bound", "the binding")


def test_whatever_answer_is_lost_it_is_bound_once_and_let_go_once(ground, cluster, name, to):
    left = told(cluster, name)

    def back():
        bound(ground, cluster, to)
        cluster.release(to, labels=LABELS)
        ground.until(lambda: told(cluster, name), "the release")

    for _ in losing_each(ground.api, lambda api: released.rebind(api, left, to, LABELS), back):
        bound(ground, cluster, to)
        assert cluster.claim(to).volume == name

    def again():
        ground.until(lambda: told(cluster, name), "the release")
        cluster.rebind(told(cluster, name), to, labels=LABELS)
        bound(ground, cluster, to)

    again()
    for _ in losing_each(ground.api, lambda api: released.release(api, to, LABELS), again):
        ground.until(lambda: told(cluster, name), "the release")
    assert policy(ground, name) == "Retain"


def test_broken_off_between_the_volume_and_the_claim_it_is_still_told_and_may_go_elsewhere(ground, cluster, name, to):
    left = told(cluster, name)
    with pytest.raises(Exception, match="lost"):
        released.rebind(Losing(ground.api, 2, before=True), left, to, LABELS)
    ground.until(lambda: of(ground, name).status["phase"] == "Available", "the controller")
    here = told(cluster, name)
    assert here is not None, "a volume that waits for a claim that nobody made"
    assert here.was == to
    cluster.release(to, labels=LABELS)
    other = ClaimRef(ground.namespace, "elsewhere")
    cluster.rebind(here, other, labels=LABELS)
    bound(ground, cluster, other)
    assert cluster.claim(other).volume == name


def test_one_that_is_kept_by_nobody_is_kept_from_then_on(ground, cluster, name, to):
    """It was bound, and somebody asked to have it deleted with its claim."""
    cluster.rebind(told(cluster, name), to, labels=LABELS)
    bound(ground, cluster, to)
    ground.api.merge(f"{CORE}/persistentvolumes/{name}", {"spec": {"persistentVolumeReclaimPolicy": "Delete"}})
    cluster.rebind(cluster_left(ground, cluster, name, to), to, labels=LABELS)
    assert policy(ground, name) == "Retain"
    ground.api.merge(f"{CORE}/persistentvolumes/{name}", {"spec": {"persistentVolumeReclaimPolicy": "Delete"}})
    cluster.release(to, labels=LABELS)
    ground.until(lambda: told(cluster, name), "the release")
    assert policy(ground, name) == "Retain"


def cluster_left(ground, cluster, name, to):
    """The volume as it was told while it had no claim."""
    uid, claim = of(ground, name).metadata["uid"], cluster.claim(to)
    return released.Released(name, uid, ClaimRef(to.namespace, "left"), claim.handle, claim.driver, claim.capacity)


def test_what_a_quota_refuses_leaves_the_volume_untouched(ground, cluster, name, to):
    quotas = f"{CORE}/namespaces/{ground.namespace}/resourcequotas"
    ground.api.create(quotas, {"metadata": meta("none"), "spec": {"hard": {"persistentvolumeclaims": "0"}}})
    ground.until(lambda: '"used"' in ground.api.text(f"{quotas}/none"), "the quota")
    before = of(ground, name).spec
    try:
        for dry in (True, False):
            with pytest.raises(Refused, match="exceeded quota"):
                cluster.rebind(told(cluster, name), to, labels=LABELS, dry=dry)
        assert of(ground, name).spec == before
    finally:
        ground.api.delete(f"{quotas}/none")


def test_a_namespace_that_is_not_there_leaves_the_volume_untouched(ground, cluster, name):
    before = of(ground, name).spec
    with pytest.raises(NotFound):
        cluster.rebind(told(cluster, name), ClaimRef("am-verbs-never", "found"), labels=LABELS)
    assert of(ground, name).spec == before


def test_a_claim_that_somebody_makes_meanwhile_is_theirs(ground, cluster, name, to):
    left = told(cluster, name)

    class Meanwhile(Losing):
        """Somebody is quicker, once the volume has been told whose it will be."""

        def ask(self, method, path, query, body=None, kind="application/json"):
            if method == "POST" and "dryRun" not in query:
                super().ask(method, path, query, {**body, "metadata": meta(to.name)}, kind)
            return super().ask(method, path, query, body, kind)

    with pytest.raises(Conflict):
        released.rebind(Meanwhile(ground.api, 0), left, to, LABELS)
    with pytest.raises(Refused):
        cluster.release(to, labels=LABELS)


def test_a_volume_that_is_gone_or_another_by_that_name_is_a_conflict(ground, cluster, name, to):
    left = told(cluster, name)
    with pytest.raises(Conflict):
        cluster.rebind(released.Released("pv-never", "1", left.was, "h", "d", 1), to, labels=LABELS)
    with pytest.raises(NotFound):
        cluster.claim(to)


def test_while_a_pod_mounts_it_it_is_not_let_go(ground, cluster, name, to):
    cluster.rebind(told(cluster, name), to, labels=LABELS)
    spec = pods(("found",), container("app", f"{TRAPPED}{FOREVER}", "found"))
    ground.make({"apiVersion": "v1", "kind": "Pod", "metadata": meta("user"), "spec": spec})
    with pytest.raises(Conflict, match="user"):
        cluster.release(to, labels=LABELS)
    ground.drop("Pod", "user")
    ground.until(lambda: not ground.every("Pod"), "the pod's end")
    cluster.release(to, labels=LABELS)


def test_who_may_not_see_volumes_is_told(may):
    with pytest.raises(Forbidden):
        may(("apps", "deployments")).released()
