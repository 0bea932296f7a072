"""A small world of one's own on a real Kubernetes, to be used by many tests one after the other."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import msgspec

from backups.storage import Credentials, Store
from cluster.api import ClaimRef, WorkloadRef
from cluster.errors import ClusterError, NotFound
from cluster.kubernetes import Api
from tests.requirements import missing

CORE, APPS, BATCH = "/api/v1", "/apis/apps/v1", "/apis/batch/v1"
SNAPSHOTS = "/apis/snapshot.storage.k8s.io/v1"
CLASS = os.environ.get("AFTERMATH_TEST_CLASS", "csi-hostpath")
IMAGE = os.environ.get("AFTERMATH_TEST_IMAGE", "aftermath:dev")  # the program's own, as the nodes have it
BOX = os.environ.get("AFTERMATH_TEST_BOX", "busybox:1.35")  # any that has a shell
FOREVER = "while :; do sleep 1000 & wait $!; done"
TRAPPED = "trap 'exit 0' TERM; "


class Anything(msgspec.Struct):
    """An object as it came."""

    metadata: dict[str, Any]
    spec: dict[str, Any] = {}
    status: dict[str, Any] = {}


def connected() -> Api:
    """The API server of KUBECONFIG; the test is skipped aloud without one."""
    file = os.environ.get("KUBECONFIG", "")
    if not file:
        missing("kubernetes", "needs a Kubernetes with CSI snapshots: set KUBECONFIG")
    api = Api.connect(file)
    try:
        api.text("/version")
    except ClusterError as e:
        missing("kubernetes", f"needs a Kubernetes that answers: {e}")
    return api


def bucket(name: str) -> tuple[dict[str, str], dict[str, str]]:
    """A bucket of the store that the pods reach: how the agent's spec has it, and its credentials."""
    words = ("S3_ENDPOINT", "S3_ENDPOINT_FROM_PODS", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
    if lacking := [word for word in words if not os.environ.get(word)]:
        missing("kubernetes", f"needs an object store that its pods reach: set {', '.join(lacking)}")
    near, far, key, secret = (os.environ[word] for word in words)
    region = os.environ.get("AWS_DEFAULT_REGION", "us-east-1")
    client = Store(near, region, name, Credentials(key, secret)).client
    if name not in {each.get("Name") for each in client.list_buckets()["Buckets"]}:
        client.create_bucket(Bucket=name)
    lent = {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_DEFAULT_REGION": region}
    return {"endpoint": far, "region": region, "bucket": name}, lent


# --- Objects -----------------------------------------------------------------------------------------------------


def meta(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, **more}


def claim(name: str, size: str = "64Mi", kind: str = CLASS) -> dict[str, Any]:
    spec = {"accessModes": ["ReadWriteOnce"], "storageClassName": kind, "resources": {"requests": {"storage": size}}}
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": meta(name), "spec": spec}


def container(name: str, script: str, *mounted: str, **more: Any) -> dict[str, Any]:
    """A shell that has each claim mounted at /NAME."""
    mounts = [{"name": each, "mountPath": f"/{each}"} for each in mounted]
    return {"name": name, "image": BOX, "command": ["sh", "-c", script], "volumeMounts": mounts, **more}


def pods(claims: tuple[str, ...], *containers: dict[str, Any], node: str = "", **more: Any) -> dict[str, Any]:
    """What a pod is made of. One node, if it is named: only there may several pods mount one claim."""
    volumes = [{"name": each, "persistentVolumeClaim": {"claimName": each}} for each in claims]
    place = {"nodeSelector": {"kubernetes.io/hostname": node}} if node else {}
    return {
        "terminationGracePeriodSeconds": 1,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "containers": list(containers),
        "volumes": volumes,
        **place,
        **more,
    }


def template(name: str, spec: dict[str, Any], **annotations: str) -> dict[str, Any]:
    return {"metadata": {"labels": {"app": name}, "annotations": annotations}, "spec": spec}


def deployment(name: str, spec: dict[str, Any], replicas: int = 1) -> dict[str, Any]:
    selector = {"matchLabels": {"app": name}}
    body = {"replicas": replicas, "strategy": {"type": "Recreate"}, "selector": selector}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": meta(name),
        "spec": {**body, "template": template(name, spec)},
    }


def cron(name: str, spec: dict[str, Any], schedule: str = "0 0 1 1 *") -> dict[str, Any]:
    job = {"spec": {"backoffLimit": 0, "template": template(name, {"restartPolicy": "Never", **spec})}}
    return {
        "apiVersion": "batch/v1",
        "kind": "CronJob",
        "metadata": meta(name),
        "spec": {"schedule": schedule, "suspend": False, "jobTemplate": job},
    }


def daemons(name: str, spec: dict[str, Any]) -> dict[str, Any]:
    body = {"selector": {"matchLabels": {"app": name}}, "template": template(name, spec)}
    return {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": meta(name), "spec": body}


def stateful(name: str, spec: dict[str, Any], *own: str, replicas: int = 1) -> dict[str, Any]:
    """`own` are the claims that each of its pods gets for itself."""
    templates = [{"metadata": meta(each), "spec": claim(each)["spec"]} for each in own]
    selector = {"matchLabels": {"app": name}}
    body = {"replicas": replicas, "selector": selector, "serviceName": name, "volumeClaimTemplates": templates}
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": meta(name),
        "spec": {**body, "template": template(name, spec)},
    }


def bare(name: str, spec: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": meta(name, **more), "spec": spec}


def job(name: str, spec: dict[str, Any], **more: Any) -> dict[str, Any]:
    body = {"backoffLimit": 0, "template": {"spec": {"restartPolicy": "Never", **spec}}}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": meta(name, **more), "spec": body}


PATHS = {
    "PersistentVolumeClaim": f"{CORE}/namespaces/{{}}/persistentvolumeclaims",
    "Pod": f"{CORE}/namespaces/{{}}/pods",
    "Deployment": f"{APPS}/namespaces/{{}}/deployments",
    "StatefulSet": f"{APPS}/namespaces/{{}}/statefulsets",
    "DaemonSet": f"{APPS}/namespaces/{{}}/daemonsets",
    "ReplicaSet": f"{APPS}/namespaces/{{}}/replicasets",
    "CronJob": f"{BATCH}/namespaces/{{}}/cronjobs",
    "Job": f"{BATCH}/namespaces/{{}}/jobs",
    "VolumeSnapshot": f"{SNAPSHOTS}/namespaces/{{}}/volumesnapshots",
    "Event": f"{CORE}/namespaces/{{}}/events",
}


# --- The world ---------------------------------------------------------------------------------------------------


@dataclass
class Ground:
    """A namespace, and what a test does there without asking the program under test."""

    api: Api
    namespace: str

    @classmethod
    def made(cls, api: Api, name: str) -> Ground:
        api.create(f"{CORE}/namespaces", {"metadata": meta(name)})
        here = cls(api, name)
        here.until(lambda: here.there(f"{CORE}/namespaces/{name}/serviceaccounts/default"), "its service account")
        return here

    def end(self) -> None:
        with contextlib.suppress(NotFound):
            self.api.delete(f"{CORE}/namespaces/{self.namespace}")

    def path(self, kind: str, name: str = "") -> str:
        base = PATHS[kind].format(self.namespace)
        return f"{base}/{name}" if name else base

    def make(self, *objects: dict[str, Any]) -> None:
        for each in objects:
            self.api.create(self.path(each["kind"]), each)

    def get(self, kind: str, name: str) -> Anything:
        return self.api.get(self.path(kind, name), Anything)

    def every(self, kind: str, **query: str) -> tuple[Anything, ...]:
        return self.api.list(self.path(kind), Anything, **query).items

    def there(self, path: str) -> bool:
        try:
            return bool(self.api.text(path))
        except NotFound:
            return False

    def drop(self, kind: str, name: str) -> None:
        with contextlib.suppress(NotFound):
            self.api.delete(self.path(kind, name))

    def drop_all(self, kind: str) -> None:
        for each in self.every(kind):
            self.drop(kind, each.metadata["name"])

    def until(self, true: Any, what: str, seconds: float = 60.0) -> Any:
        end = time.monotonic() + seconds
        while not (value := true()):
            assert time.monotonic() < end, f"{what} did not happen in {seconds:g} seconds"
            time.sleep(0.1)
        return value


FOREIGN = "nobody.csi.example"  # a driver that is not here, and has no class of anything


@contextlib.contextmanager
def foreign(api: Api, namespace: str) -> Iterator[ClaimRef]:
    """A claim that is bound to a volume of another driver, as one is that was moved here from elsewhere."""
    ground, name = Ground(api, namespace), f"foreign-{namespace}"
    ref = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": namespace, "name": "foreign"}
    spec = {
        "capacity": {"storage": "64Mi"}, "accessModes": ["ReadWriteOnce"], "persistentVolumeReclaimPolicy": "Retain",
        "claimRef": ref, "csi": {"driver": FOREIGN, "volumeHandle": name},
    }  # fmt: skip
    wanted = claim("foreign", kind="")
    wanted["spec"]["volumeName"] = name
    api.create(f"{CORE}/persistentvolumes", {"metadata": meta(name), "spec": spec})
    try:
        ground.make(wanted)
        kind = "PersistentVolumeClaim"
        ground.until(lambda: ground.get(kind, "foreign").status.get("phase") == "Bound", "the claim's volume")
        yield ClaimRef(namespace, "foreign")
    finally:
        ground.drop("PersistentVolumeClaim", "foreign")
        api.delete(f"{CORE}/persistentvolumes/{name}")


def one_node(api: Api) -> str:
    """Where the pods go that mount one claim together."""
    return api.list(f"{CORE}/nodes", Anything).items[0].metadata["labels"]["kubernetes.io/hostname"]


FILES = (
    "mkdir -p .storage; echo '{\"users\": 1}' > .storage/auth; echo name: Home > configuration.yaml; "
    "mkdir -p www; i=0; while [ $i -lt 20 ]; do echo $i > www/$i; i=$((i+1)); done"
)


@dataclass
class World:
    """
    A claim that one Deployment of one replica owns and a Deployment copies away, another that a CronJob does, and one
    that nobody uses. The copying is only said, as the image has no program for it: the store is told nothing.
    """

    ground: Ground
    store: dict[str, str]
    lent: dict[str, str]

    @property
    def claim(self) -> ClaimRef:
        return ClaimRef(self.ground.namespace, "config")

    @property
    def workload(self) -> WorkloadRef:
        return WorkloadRef(self.ground.namespace, "Deployment", "home-assistant")

    @property
    def sync(self) -> WorkloadRef:
        return WorkloadRef(self.ground.namespace, "Deployment", "config-syncer")

    @property
    def cron(self) -> WorkloadRef:
        return WorkloadRef(self.ground.namespace, "CronJob", "vault-backup")

    @property
    def cron_claim(self) -> ClaimRef:
        return ClaimRef(self.ground.namespace, "vault")

    @property
    def quiet(self) -> ClaimRef:
        return ClaimRef(self.ground.namespace, "pages")

    @classmethod
    def made(cls, api: Api, name: str) -> World:
        store, lent = bucket(name)
        ground = Ground.made(api, name)
        world = cls(ground, store, lent)
        node = one_node(api)
        claims = ("config", "vault", "pages")
        ground.make(*(claim(each) for each in claims))
        script = "; ".join(f"(cd /{each}; {FILES})" for each in claims)
        seed = pods(claims, container("seed", script, *claims), node=node, restartPolicy="Never")
        ground.make(bare("seed", seed))
        ground.until(lambda: ground.get("Pod", "seed").status.get("phase") == "Succeeded", "the first files")
        ground.drop("Pod", "seed")
        app = container("app", f"{TRAPPED}echo ready; {FOREVER}", "config")
        once = "rclone sync /config s3:bucket --checksum"
        syncer = container("rclone", f"{TRAPPED}while :; do : {once}; sleep 1 & wait $!; done", "config")
        copier = container("rclone", f"{TRAPPED}: rclone sync /vault s3:bucket/vault; {FOREVER}", "vault")
        ground.make(
            deployment("home-assistant", pods(("config",), app, node=node)),
            deployment("config-syncer", pods(("config",), syncer, node=node)),
            cron("vault-backup", pods(("vault",), copier, node=node)),
        )
        world.settle()
        return world

    def settle(self) -> None:
        """As at first, whatever a test has done. What nobody touched is left alone."""
        ground = self.ground
        for kind in ("Job", "VolumeSnapshot"):
            ground.drop_all(kind)
        for ref in (self.workload, self.sync):
            self.scale_back(ref.name)
        if ground.get("CronJob", self.cron.name).spec.get("suspend"):
            ground.api.merge(ground.path("CronJob", self.cron.name), {"spec": {"suspend": False}})
        ours = {self.workload.name, self.sync.name}
        ground.until(lambda: not ground.every("Job") and not ground.every("VolumeSnapshot"), "the end of what was made")
        ground.until(lambda: self.apps() == ours, "the pods as at first")
        ground.api.delete(ground.path("Event"))

    def scale_back(self, name: str) -> None:
        if self.ground.get("Deployment", name).spec.get("replicas") != 1:
            self.ground.api.merge(self.ground.path("Deployment", name), {"spec": {"replicas": 1}})

    def apps(self) -> set[str]:
        """Whose pods there are, if each has one and none is going."""
        found = self.ground.every("Pod")
        whole = all("deletionTimestamp" not in pod.metadata for pod in found) and len(found) == 2
        return {pod.metadata["labels"].get("app", "") for pod in found} if whole else set()
