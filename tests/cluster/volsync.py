"""
VolSync for tests: its two kinds, and an operator that makes movers as the real one does, and lets them have no pods
while they are paused. The mover copies nothing: it has the claim, or a clone of it, mounted, and stays.
"""

from __future__ import annotations

import contextlib
import fcntl
import tempfile
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from cluster.errors import ClusterError, Conflict, NotFound, Unreachable
from tests.cluster import crds
from tests.cluster.kit import FOREVER, TRAPPED, Anything, claim, container, job, one_node, pods

GROUP = "volsync.backube"
BASE = f"/apis/{GROUP}/v1alpha1"
KINDS = {"ReplicationSource": "replicationsources", "ReplicationDestination": "replicationdestinations"}
COPIES = ("Clone", "Snapshot")
OURS = {crds.OURS: "volsync"}
LOCK = Path(tempfile.gettempdir()) / "aftermath-volsync-for-tests.lock"


def crd(kind):
    schema = crds.obj(spec=crds.ANY, status=crds.ANY)
    served = {"name": "v1alpha1", "served": True, "storage": True, "subresources": {"status": {}}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{KINDS[kind]}.{GROUP}", "labels": OURS},
        "spec": {
            "group": GROUP,
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": KINDS[kind], "singular": kind.lower()},
            "versions": [{**served, "schema": {"openAPIV3Schema": schema}}],
        },
    }


def path(ground, kind, name=""):
    base = f"{BASE}/namespaces/{ground.namespace}/{KINDS[kind]}"
    return f"{base}/{name}" if name else base


def body(kind, name, spec, **meta):
    return {"apiVersion": f"{GROUP}/v1alpha1", "kind": kind, "metadata": {"name": name, **meta}, "spec": spec}


def source(name, of, mover="rclone", **options):
    return body("ReplicationSource", name, {"sourcePVC": of, mover: {"copyMethod": "Direct", **options}})


def destination(name, mover="rclone", **options):
    return body("ReplicationDestination", name, {"trigger": {"manual": "once"}, mover: options})


@contextmanager
def installed(ground):
    """As `crds.installed`."""
    with open(LOCK, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        try:
            for kind in KINDS:
                ground.until(lambda kind=kind: is_served(ground, kind), f"the kind {kind}", seconds=30)
            yield
        finally:
            clear(ground)
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                remove(ground)


def clear(ground):
    """All that it has and has made. Who collects what has no owner any more may not know these kinds yet."""
    for kind in KINDS:
        for here in ground.api.list(path(ground, kind), Anything).items:
            ground.api.delete(path(ground, kind, here.metadata["name"]))
    for kind in ("Job", "PersistentVolumeClaim"):
        for here in ground.every(kind):
            if of_it(here):
                ground.drop(kind, here.metadata["name"])
    left = ("Job", "Pod", "PersistentVolumeClaim")
    ground.until(lambda: not any(of_it(each) for kind in left for each in ground.every(kind)), "the end of all of it")


def of_it(here):
    return here.metadata["name"].startswith("volsync-")


@contextmanager
def absent(ground):
    """Nobody has them meanwhile; where a real VolSync is, that cannot be."""
    with open(LOCK, "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        remove(ground)
        if ground.there(f"/apis/{GROUP}"):
            pytest.skip("The cluster has a VolSync that was not made for tests")
        yield


def is_served(ground, kind):
    """Asked for until it is there: one that is just being deleted cannot be made."""
    with contextlib.suppress(Conflict):
        ground.api.create(crds.PATH, crd(kind))
    try:
        here = ground.api.get(f"{crds.PATH}/{KINDS[kind]}.{GROUP}", Anything)
        return "deletionTimestamp" not in here.metadata and ground.there(path(ground, kind))
    except (NotFound, Unreachable):
        return False


def remove(ground):
    """Those that were made for tests: with the kinds of a real one, all that it has would go."""
    made = ground.api.list(crds.PATH, Anything, labelSelector=",".join(f"{k}={v}" for k, v in OURS.items())).items
    for here in made:
        ground.api.delete(f"{crds.PATH}/{here.metadata['name']}")
    if made:
        ground.until(lambda: not ground.there(f"/apis/{GROUP}"), "the end of its kinds")


@dataclass
class Operator:
    """Turns until it is stopped: for each replication a mover, without pods while it is paused."""

    ground: object
    stopping: threading.Event = field(default_factory=threading.Event)

    def __enter__(self):
        self.node = one_node(self.ground.api)
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stopping.set()
        self.thread.join()

    def run(self):
        while not self.stopping.wait(0.2):
            for kind in KINDS:
                for here in self.ground.api.list(path(self.ground, kind), Anything).items:
                    with contextlib.suppress(ClusterError):
                        self.turn(kind, here)

    def turn(self, kind, here):
        name, paused = here.metadata["name"], here.spec.get("paused", False)
        owner = {"apiVersion": f"{GROUP}/v1alpha1", "kind": kind, "name": name, "uid": here.metadata["uid"]}
        mine = {"ownerReferences": [{**owner, "controller": True, "blockOwnerDeletion": True}]}
        options = here.spec.get("rclone")
        if options is None:
            return
        has = here.spec.get("sourcePVC") or options.get("destinationPVC")
        if options.get("copyMethod") in COPIES and kind == "ReplicationSource":
            has = self.copy(name, has, mine)
        end = "src" if kind == "ReplicationSource" else "dst"
        self.mover(f"volsync-rclone-{end}-{name}", has, 0 if paused else 1, mine)

    def copy(self, name, of, mine):
        of_it = self.ground.get("PersistentVolumeClaim", of).spec
        wanted = claim(f"volsync-{name}-src", of_it["resources"]["requests"]["storage"], of_it["storageClassName"])
        wanted["metadata"] |= mine
        wanted["spec"]["dataSource"] = {"kind": "PersistentVolumeClaim", "name": of}
        with contextlib.suppress(Conflict):
            self.ground.make(wanted)
        return wanted["metadata"]["name"]

    def mover(self, name, has, parallelism, mine):
        try:
            there = self.ground.get("Job", name)
        except NotFound:
            copying = container("rclone", f"{TRAPPED}{FOREVER}", has)
            wanted = job(name, pods((has,), copying, node=self.node), **mine)
            wanted["spec"]["parallelism"] = parallelism
            return self.ground.make(wanted)
        if there.spec["parallelism"] != parallelism:
            self.ground.api.merge(self.ground.path("Job", name), {"spec": {"parallelism": parallelism}})
        return None
