"""A namespace of a real Kubernetes where jobs are started, and an account that may do no more than they need."""

from __future__ import annotations

import copy
import json
import os
import socket
import threading
from dataclasses import dataclass, field

import pytest

from cluster.api import ClaimRef, JobSpec
from cluster.errors import Unreachable
from cluster.kubernetes import Api
from cluster.live import jobs, snapshots
from cluster.live.profile import Profile
from tests.cluster.kit import CORE, FILES, IMAGE, Anything, Ground, bucket, claim, connected, container, meta, pods

LABELS = {"app.kubernetes.io/managed-by": "aftermath", "aftermath.dev/run": "7"}
PROFILE = Profile(IMAGE)
NAME = "am-7-2"


class Flaky(Api):
    """Loses the connection once: at the request that changes something and has this number, before it or after it."""

    def __init__(self, api, number, *, after):
        self.client, self.number, self.after = api.client, number, after

    def ask(self, method, path, query, body=None, kind="application/json"):
        if method != "GET":
            self.number -= 1
            if self.number == 0 and not self.after:
                raise Unreachable("It was cut before it was sent.")
        answer = super().ask(method, path, query, body, kind)
        if method != "GET" and self.number == 0:
            raise Unreachable("The answer was lost.")
        return answer


class Rotated(Api):
    """The log of a pod has just been rotated away."""

    def __init__(self, api):
        self.client = api.client

    def text(self, path, **query):
        return "" if path.endswith("/log") else super().text(path, **query)


@dataclass
class World:
    ground: Ground
    store: dict[str, str]
    lent: dict[str, str] = field(repr=False)

    @property
    def api(self):
        return self.ground.api

    def spec(self, verb="inspect", spec=None, name=NAME, **more):
        ref = ClaimRef(self.ground.namespace, "data")
        return JobSpec(ref, name, verb, spec or {}, **{"labels": LABELS, "read_only": True, **more})

    def start(self, spec=None, profile=PROFILE, api=None, *, dry=False):
        jobs.start(api or self.api, profile, spec or self.spec(), dry=dry)

    def read(self, name=NAME, api=None):
        return jobs.read(api or self.api, self.ground.namespace, name)

    def ended(self, name=NAME, api=None):
        def over():
            here = self.read(name, api)
            return here if here.state in ("done", "failed") else None

        return self.ground.until(over, f"the end of {name}")

    def running(self, name=NAME):
        return self.ground.until(lambda: self.read(name).state == "running", f"{name} running")

    def pods(self):
        return [p for p in self.ground.every("Pod") if p.metadata["name"].startswith("am-")]

    def beside(self):
        """What jobs have left beside them: Secrets and claims, by the beginning of their name."""
        secrets = self.api.list(f"{CORE}/namespaces/{self.ground.namespace}/secrets", Anything).items
        found = [*secrets, *self.ground.every("PersistentVolumeClaim")]
        return sorted(each.metadata["name"] for each in found if each.metadata["name"].startswith("am-"))

    def made(self):
        """How many pods the cluster has made for jobs, gone ones too."""
        return len(self.ground.every("Event", fieldSelector="reason=SuccessfulCreate"))

    def snapshot(self):
        """The one that all tests read."""
        ref = ClaimRef(self.ground.namespace, "data")
        snapshots.make(self.api, ref, "before", LABELS)
        self.ground.until(lambda: snapshots.one(self.api, ref.namespace, "before").ready, "the snapshot")
        return "before"

    def box(self, name, script, *claims, **more):
        """Run a shell beside the claims; returns what it printed."""
        spec = pods(claims, container("box", script, *claims, **more), restartPolicy="Never")
        self.ground.make({"apiVersion": "v1", "kind": "Pod", "metadata": meta(name), "spec": spec})
        over = ("Succeeded", "Failed")
        self.ground.until(lambda: self.ground.get("Pod", name).status.get("phase") in over, name)
        printed = self.api.text(f"{self.ground.path('Pod', name)}/log")
        self.ground.drop("Pod", name)
        return printed

    def clear(self):
        self.ground.drop_all("Job")
        ours = lambda: self.pods() or self.beside() or self.ground.every("Job")  # noqa: E731
        self.ground.until(lambda: not ours(), "the end of all jobs")
        self.api.delete(self.ground.path("Event"))


@pytest.fixture(scope="session")
def namespace():
    api = connected()
    store, lent = bucket("am-jobs")
    ground = Ground.made(api, f"am-jobs-{os.getpid()}")
    try:
        here = World(ground, store, lent)
        ground.make(claim("data"), claim("other"))
        here.box("seed", f"cd /data; {FILES}; chown -R 1000:1000 .storage; chmod 700 .storage", "data", "other")
        yield here
        snapshots.drop(api, ground.namespace, "before")
    finally:
        ground.end()


@pytest.fixture
def world(namespace):
    yield namespace
    namespace.clear()


@pytest.fixture
def silent_store(world):
    """A store that takes the call and never says a word: whoever asks it, waits."""
    host = world.store["endpoint"].split("//")[1].rpartition(":")[0]
    held = []
    with socket.create_server((host, 0)) as server:

        def answer():
            while True:
                try:
                    held.append(server.accept()[0])
                except OSError:
                    return

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield {**world.store, "endpoint": f"http://{host}:{server.getsockname()[1]}"}
        server.shutdown(socket.SHUT_RDWR)
    thread.join(10)
    for one in held:
        one.close()


def waiting(world, store, **more):
    """A job that works for as long as it is let."""
    spec = {"run": "7", "name": "n", "prefix": "archives/jobs", "store": store}
    return world.spec("archive", spec, lent=world.lent, **more)


@pytest.fixture
def restricted(world):
    """The same namespace, with the strictest Pod Security."""
    path, label = f"{CORE}/namespaces/{world.ground.namespace}", "pod-security.kubernetes.io/enforce"
    world.api.merge(path, {"metadata": {"labels": {label: "restricted"}}})
    yield world
    world.api.merge(path, {"metadata": {"labels": {label: None}}})


def rule(group, resources, *verbs):
    return {"apiGroups": [group], "resources": resources, "verbs": list(verbs)}


ACTING = [
    rule("batch", ["jobs"], "create", "get", "patch", "delete"),
    rule("", ["secrets"], "create", "delete"),
    rule("", ["persistentvolumeclaims"], "create", "get", "delete"),
    rule("", ["pods"], "get", "list", "delete"),
    rule("", ["pods/log"], "get"),
    rule("", ["events", "resourcequotas"], "list"),
    rule("snapshot.storage.k8s.io", ["volumesnapshots"], "get", "list", "create", "delete"),
]
READING = [
    rule("", ["namespaces", "persistentvolumes"], "get"),
    rule("snapshot.storage.k8s.io", ["volumesnapshotcontents", "volumesnapshotclasses"], "get", "list"),
]


@pytest.fixture
def acting(world):
    """An account that may do in this namespace what jobs need, and make no pods."""
    space, rbac, name = world.ground.namespace, "/apis/rbac.authorization.k8s.io/v1", world.ground.namespace
    subject = [{"kind": "ServiceAccount", "name": "acting", "namespace": space}]
    group = "rbac.authorization.k8s.io"
    made = [
        (f"{CORE}/namespaces/{space}/serviceaccounts", {"metadata": meta("acting")}),
        (f"{rbac}/namespaces/{space}/roles", {"metadata": meta("acting"), "rules": ACTING}),
        (
            f"{rbac}/namespaces/{space}/rolebindings",
            {
                "metadata": meta("acting"),
                "subjects": subject,
                "roleRef": {"apiGroup": group, "kind": "Role", "name": "acting"},
            },
        ),
        (f"{rbac}/clusterroles", {"metadata": meta(name), "rules": READING}),
        (
            f"{rbac}/clusterrolebindings",
            {
                "metadata": meta(name),
                "subjects": subject,
                "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": name},
            },
        ),
    ]
    for path, body in made:
        world.api.create(path, body)
    raw = world.api.create(f"{CORE}/namespaces/{space}/serviceaccounts/acting/token", {"spec": {}})
    configuration = copy.copy(world.api.client.configuration)
    configuration.cert_file = configuration.key_file = None
    token = json.loads(raw)["status"]["token"]
    configuration.api_key = {"BearerToken": f"Bearer {token}", "authorization": f"Bearer {token}"}
    yield Api(configuration)
    for path, body in made:
        world.api.delete(f"{path}/{body['metadata']['name']}")
