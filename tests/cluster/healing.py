"""GitOps for tests: what really puts a workload back to what Git says, until it is told to leave it alone."""

from __future__ import annotations

import contextlib
import threading
from contextlib import contextmanager

from cluster.api import WorkloadRef
from cluster.errors import ClusterError, NotFound
from cluster.range import faults
from cluster.range.range import Range
from tests.cluster import crds
from tests.cluster.kit import Anything, Ground

FLUX, ARGO, HELM = "kustomize.toolkit.fluxcd.io", "argoproj.io", "helm.toolkit.fluxcd.io"
EVERY = 0.3  # seconds; a real one takes up to five
WITHIN = 5.0


@contextmanager
def kept(place):
    """The workload of a provider is kept by Flux meanwhile."""
    if isinstance(place.cluster, Range):
        faults.heal(place.cluster.ground)
        yield
        faults.heal(place.cluster.ground, on=False)
    else:
        ground = Ground(place.cluster.api, place.workload.namespace)
        with crds.installed(ground), flux(ground, place.workload):
            yield


class Keeper:
    """
    The loop of a GitOps tool over one Deployment: what differs from how it was at first is put back, if `lets` says of
    the workload's object and of the keeper's own that it may.
    """

    def __init__(self, ground: Ground, workload: WorkloadRef, own: str, lets) -> None:
        self.ground, self.workload, self.own, self.lets = ground, workload, own, lets
        self.git = self.read().spec
        self.ending = threading.Event()
        self.thread = threading.Thread(target=self.go_on, daemon=True)

    def read(self) -> Anything:
        return self.ground.get("Deployment", self.workload.name)

    def go_on(self) -> None:
        while not self.ending.wait(EVERY):
            with contextlib.suppress(ClusterError):
                self.look()

    def look(self) -> None:
        here, own = self.read(), self.ground.api.get(self.own, Anything)
        if here.spec != self.git and self.lets(here, own):
            path = self.ground.path("Deployment", self.workload.name)
            version = {"op": "test", "path": "/metadata/resourceVersion", "value": here.metadata["resourceVersion"]}
            self.ground.api.patch(path, [version, {"op": "replace", "path": "/spec", "value": self.git}])

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.thread.join()


def of(here, what):
    return here.metadata.get(what) or {}


@contextmanager
def marked(ground, workload, marks):
    """The workload has labels or annotations of who keeps it, and as before afterwards."""
    path = ground.path("Deployment", workload.name)
    before = ground.get("Deployment", workload.name)
    ground.api.merge(path, {"metadata": marks})
    try:
        yield
    finally:
        now = ground.get("Deployment", workload.name)
        back = {
            what: {name: of(before, what).get(name) for name in of(now, what)} for what in ("labels", "annotations")
        }
        for name in [name for name in back["annotations"] if name.startswith("deployment.kubernetes.io/")]:
            del back["annotations"][name]
        ground.api.merge(path, {"metadata": back, "spec": {"replicas": before.spec["replicas"]}})


@contextmanager
def owning(ground, group, name, spec=None, **meta):
    """An object that keeps others."""
    with contextlib.suppress(NotFound):
        ground.api.delete(crds.path(group, ground.namespace, name))
    ground.api.create(crds.path(group, ground.namespace), crds.body(group, name, spec, **meta))
    try:
        yield crds.path(group, ground.namespace, name)
    finally:
        with contextlib.suppress(NotFound):
            ground.api.delete(crds.path(group, ground.namespace, name))


def by_label(group, ground, name):
    return {"labels": {f"{group}/name": name, f"{group}/namespace": ground.namespace}}


@contextmanager
def flux(ground, workload, name="apps"):
    def lets(here, own):
        off = of(here, "annotations").get(f"{FLUX}/reconcile", "").lower() == "disabled"
        return not off and not own.spec.get("suspend")

    with (
        owning(ground, FLUX, name) as own,
        marked(ground, workload, by_label(FLUX, ground, name)),
        Keeper(ground, workload, own, lets) as keeper,
    ):
        yield keeper


@contextmanager
def helm(ground, workload, name="release"):
    with (
        owning(ground, HELM, name) as own,
        marked(ground, workload, by_label(HELM, ground, name)),
        Keeper(ground, workload, own, lambda _here, own: not own.spec.get("suspend")) as keeper,
    ):
        yield keeper


@contextmanager
def argo(ground, workload, name="house", *, knows_enabled=True, spec=None, **meta):
    """A version of Argo CD that knows `enabled`, or one that does not and drops it."""

    def lets(_here, own):
        automated = own.spec.get("syncPolicy", {}).get("automated")
        skips = of(own, "annotations").get("argocd.argoproj.io/skip-reconcile") == "true"
        on = automated is not None and (automated.get("enabled", True) or not knows_enabled)
        return on and automated.get("selfHeal") and not skips

    crds.schema(ground, ARGO, crds.automated(knows_enabled=knows_enabled))
    spec = {"syncPolicy": {"automated": {"prune": True, "selfHeal": True}}} if spec is None else spec
    tracking = f"{name}:apps/Deployment:{workload.namespace}/{workload.name}"
    try:
        with (
            owning(ground, ARGO, name, spec, **meta) as own,
            marked(ground, workload, {"annotations": {"argocd.argoproj.io/tracking-id": tracking}}),
            Keeper(ground, workload, own, lets) as keeper,
        ):
            yield keeper
    finally:
        crds.schema(ground, ARGO, crds.automated())
