"""The scene set up in a namespace of its own: what it is like, how it is broken, and how it is cleared away."""

from __future__ import annotations

import itertools
import time
import uuid
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.config import Config

from tests.acceptance.scene import objects
from tests.acceptance.scene.contents import DAY
from tests.acceptance.scene.objects import CLAIM, GALLERY, HOUSE, PHOTOS, PORT, PREFIX
from tests.acceptance.scene.prints import Prints, read
from tests.acceptance.server import Server, until

MARK = "another/thing"  # an object that is nobody's business here
# As after a format: nothing but what a new filesystem has, and its root is root's.
EMPTY = (
    "find /data -mindepth 1 -maxdepth 1 ! -name lost+found -exec rm -rf {} + ; "
    "chown 0:0 /data && chmod 755 /data && rmdir /data/.aftermath 2>/dev/null; true"
)


@dataclass(frozen=True)
class Objects:
    """The object store, from this machine and from pods, and the key for both."""

    endpoint: str
    from_pods: str
    key: str
    secret: str = field(repr=False)
    region: str = "us-east-1"

    def keys(self) -> dict[str, Any]:
        return {
            "endpoint_url": self.endpoint,
            "aws_access_key_id": self.key,
            "aws_secret_access_key": self.secret,
            "region_name": self.region,
            "config": Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 3}),
        }

    def client(self) -> Any:
        return boto3.client("s3", **self.keys())

    def clear(self, bucket: str) -> None:
        here = boto3.resource("s3", **self.keys()).Bucket(bucket)

        def gone() -> bool:  # the sync may be writing still
            here.object_versions.delete()
            try:
                here.delete()
            except client.exceptions.ClientError:
                return False
            return True

        client = self.client()
        until(gone, f"{bucket} to be gone")


@dataclass
class Stage:
    """`thumbnails` is how many small files the application has; `every` how many seconds pass between two syncs."""

    server: Server
    store: Objects
    image: str
    thumbnails: int
    every: int = 5
    namespace: str = field(default_factory=lambda: f"am-scene-{uuid.uuid4().hex[:6]}")
    now: int = field(default_factory=lambda: int(time.time()))  # when everything was as it is, in seconds
    released: str = ""  # the volume that an older claim left behind
    numbers: Any = field(default_factory=lambda: itertools.count(1))

    @property
    def bucket(self) -> str:
        return self.namespace

    @property
    def six_days_ago(self) -> int:
        return self.now - 6 * DAY

    @property
    def twelve_days_ago(self) -> int:
        return self.now - 12 * DAY

    # --- Set up, and cleared away ---

    def build(self) -> Stage:
        """Everything whole: the application serves its home, its configuration is mirrored, others live beside it."""
        here, server = self.namespace, self.server
        self.make_bucket()
        server.create(
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": here}},
            objects.config_map(here),
            objects.secret(here, self.sync_environment()),
            *(objects.claim(here, name) for name in (CLAIM, PHOTOS)),
        )
        photos = self.begin(PHOTOS, filling(self.now, 50))
        self.end(self.begin(CLAIM, filling(self.twelve_days_ago, self.thumbnails)))
        self.release()
        server.create(objects.claim(here, CLAIM))
        self.end(self.begin(CLAIM, filling(self.now, self.thumbnails)))
        self.end(photos)
        server.create(objects.house(here, self.image, self.every), objects.gallery(here, self.image))
        self.serves("home")
        until(self.mirrored, "the mirror to be filled")
        self.running(GALLERY)
        return self

    def make_bucket(self) -> None:
        client = self.store.client()
        client.create_bucket(Bucket=self.bucket)
        client.put_bucket_versioning(Bucket=self.bucket, VersioningConfiguration={"Status": "Enabled"})
        client.put_object(Bucket=self.bucket, Key=MARK, Body=b"nobody else's business")

    def sync_environment(self) -> dict[str, str]:
        return {
            "BUCKET": self.bucket,
            "RCLONE_S3_PROVIDER": "Minio",
            "RCLONE_S3_ENDPOINT": self.store.from_pods,
            "RCLONE_S3_ACCESS_KEY_ID": self.store.key,
            "RCLONE_S3_SECRET_ACCESS_KEY": self.store.secret,
            "RCLONE_S3_NO_CHECK_BUCKET": "true",
            "RCLONE_CONFIG": "/dev/null",
        }

    def release(self) -> None:
        """Somebody deletes the claim and makes it anew; the volume that it had is kept, and stays behind."""
        self.released = self.volume_of(CLAIM)
        kept = {"spec": {"persistentVolumeReclaimPolicy": "Retain"}}
        self.server.patch("PersistentVolume", "", self.released, kept)
        self.server.delete("PersistentVolumeClaim", self.namespace, CLAIM)
        until(lambda: self.phase_of(self.released) == "Released", "a released volume")

    def clear(self) -> None:
        """Nothing of it stays: not the namespace, nor what was kept on purpose, nor the bucket."""
        for content in self.server.list("VolumeSnapshotContent"):
            if content["spec"]["volumeSnapshotRef"].get("namespace") == self.namespace:
                gone = {"spec": {"deletionPolicy": "Delete"}}
                self.server.patch("VolumeSnapshotContent", "", content["metadata"]["name"], gone)
        for volume in self.server.list("PersistentVolume"):
            if volume["spec"].get("claimRef", {}).get("namespace") == self.namespace:
                gone = {"spec": {"persistentVolumeReclaimPolicy": "Delete"}}
                self.server.patch("PersistentVolume", "", volume["metadata"]["name"], gone)
        self.server.delete("Namespace", "", self.namespace)
        self.store.clear(self.bucket)

    # --- What it is like ---

    def pods(self, app: str) -> list[dict[str, Any]]:
        return self.server.list("Pod", self.namespace, labelSelector=f"app={app}")

    def running(self, app: str) -> dict[str, Any]:
        """Its one pod, once it is ready."""
        return until(
            lambda: next((p for p in self.pods(app) if ready(p) and "deletionTimestamp" not in p["metadata"]), None),
            f"a ready pod of {app}",
        )

    def page(self) -> str:
        """What the application shows: home or onboarding; empty while it shows nothing."""
        for pod in self.pods(HOUSE):
            if ready(pod):
                return self.server.service(self.namespace, pod["metadata"]["name"], PORT).strip()
        return ""

    def serves(self, page: str, within: float = 90.0) -> None:
        until(lambda: self.page() == page, f"the application to show {page}", within)

    def loops(self, saying: str) -> None:
        """It ends again and again, and says this each time."""

        def so() -> bool:
            for pod in self.pods(HOUSE):
                states = {c["name"]: c for c in pod["status"].get("containerStatuses", [])}
                here = states.get(HOUSE)
                if here and here["state"].get("waiting", {}).get("reason") == "CrashLoopBackOff":
                    return saying in self.server.log(self.namespace, pod["metadata"]["name"], HOUSE)
            return False

        until(so, f"the application to loop saying {saying}")

    def replicas(self) -> int:
        return int(self.server.get("Deployment", self.namespace, HOUSE)["spec"]["replicas"])

    def security(self) -> dict[str, Any]:
        """Of the application's container, as the Deployment has it."""
        containers = self.server.get("Deployment", self.namespace, HOUSE)["spec"]["template"]["spec"]["containers"]
        told: dict[str, Any] = next(c for c in containers if c["name"] == HOUSE).get("securityContext", {})
        return told

    def mirrored(self) -> set[str]:
        """The objects that the sync keeps, by their newest version; without the prefix."""
        pages = self.store.client().get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=f"{PREFIX}/")
        return {each["Key"].removeprefix(f"{PREFIX}/") for page in pages for each in page.get("Contents", [])}

    def prints(self, claim: str = CLAIM, *below: str) -> dict[str, Prints]:
        """Fingerprints of a claim under "", and of places `below` its root under their names; absent ones are None."""
        places = ["/data", *(f"/data/{place}" for place in below)]
        said = self.end(self.begin(claim, ["python3", "/scene/prints.py", *places], read_only=True))
        told = read(said.strip().splitlines()[-1])
        return {place.removeprefix("/data").removeprefix("/"): print_ for place, print_ in told.items()}

    def others(self) -> dict[str, Any]:
        """What is nobody's business here: another claim's files, the pod that uses them, an object in the bucket."""
        pod = self.running(GALLERY)
        head = self.store.client().head_object(Bucket=self.bucket, Key=MARK)
        return {
            "files": self.prints(PHOTOS)[""],
            "pod": (pod["metadata"]["uid"], [c["restartCount"] for c in pod["status"]["containerStatuses"]]),
            "object": (head["ETag"], head["VersionId"]),
            "claim": self.server.get("PersistentVolumeClaim", self.namespace, PHOTOS)["metadata"]["resourceVersion"],
        }

    def volume_of(self, claim: str) -> str:
        def bound() -> str:
            here = self.server.get("PersistentVolumeClaim", self.namespace, claim)
            return str(here["spec"]["volumeName"]) if here["status"].get("phase") == "Bound" else ""

        return until(bound, f"{claim} to be bound")

    def phase_of(self, volume: str) -> str:
        return str(self.server.get("PersistentVolume", "", volume)["status"]["phase"])

    def rights_itself(self) -> None:
        """The application is up, and nothing else uses its volume."""
        for job in self.server.list("Job", self.namespace):
            if not {"Complete", "Failed"} & {c["type"] for c in job["status"].get("conditions", [])}:
                self.server.delete("Job", self.namespace, job["metadata"]["name"])
        for pod in self.server.list("Pod", self.namespace):
            if pod["metadata"]["name"].startswith("hand-"):
                self.stop(pod["metadata"]["name"])
        if not self.replicas():
            self.server.patch("Deployment", self.namespace, HOUSE, {"spec": {"replicas": 1}})

    # --- Work on a claim, by a pod of somebody's own ---

    def begin(self, claim: str, command: list[str], *, read_only: bool = False) -> str:
        name = f"hand-{next(self.numbers)}"
        made = objects.pod(self.namespace, name, self.image, claim, command, read_only=read_only)
        self.server.create(made)
        return name

    def stop(self, name: str) -> None:
        self.server.delete("Pod", self.namespace, name, grace=0)
        until(lambda: self.server.find("Pod", self.namespace, name) is None, f"{name} to be gone")

    def snapshots(self) -> list[dict[str, Any]]:
        return self.server.list("VolumeSnapshot", self.namespace)

    def agents(self) -> list[dict[str, Any]]:
        """The pods of the program's own jobs."""
        ours = "app.kubernetes.io/managed-by=aftermath"
        return self.server.list("Pod", self.namespace, labelSelector=ours)

    def end(self, name: str, seconds: float = 120.0) -> str:
        """What it said, once it has ended well; the pod goes, and is gone."""

        def phase() -> str:
            here = self.server.get("Pod", self.namespace, name)["status"].get("phase", "")
            return here if here in ("Succeeded", "Failed") else ""

        ended = until(phase, f"{name} to end", seconds)
        said = self.server.log(self.namespace, name)
        self.stop(name)
        assert ended == "Succeeded", said
        return said

    # --- How it is broken ---

    def harden(self) -> None:
        """Somebody means well: no privileges. The application may not write to its own files any more."""
        self.secure(objects.HARDENED)
        self.loops("Permission denied: /config/.ha_run.lock")

    def secure(self, context: dict[str, Any]) -> None:
        containers = [{"name": HOUSE, "securityContext": context}]
        change = {"spec": {"template": {"spec": {"containers": containers}}}}
        self.server.patch("Deployment", self.namespace, HOUSE, change)

    def empty(self) -> None:
        """The volume is as new; the application starts, writes what it needs there, and asks to be set up."""
        self.end(self.begin(CLAIM, ["sh", "-c", EMPTY]))
        for pod in self.pods(HOUSE):
            self.server.delete("Pod", self.namespace, pod["metadata"]["name"], grace=0)
        self.rights_itself()
        self.serves("onboarding")

    def spoil(self, names: int = 1) -> None:
        """Some of it is gone, some of it is another's now, and names are new; the application goes on."""
        number = next(self.numbers)
        spoilt = (
            "rm -rf /data/thumbnails /data/odd; chown -R 0:0 /data/custom_components; "
            f"cd /data && for n in $(seq {names}); do echo {number} > new-$n; done"
        )
        self.end(self.begin(CLAIM, ["sh", "-c", spoilt]))

    def wiped(self) -> None:
        """The sync has made the mirror as empty as the volume is."""
        until(lambda: self.mirrored() == {"configuration.yaml"}, "the mirror to be wiped")


def filling(then: int, thumbnails: int) -> list[str]:
    return ["python3", "/scene/contents.py", "/data", str(then), str(thumbnails)]


def ready(pod: dict[str, Any]) -> bool:
    """Every container of it."""
    conditions = {c["type"]: c["status"] for c in pod["status"].get("conditions", [])}
    return conditions.get("Ready") == "True"
