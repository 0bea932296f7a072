"""What only a real Kubernetes has: answers that are lost, pods that are refused, logs that rotate, images that miss."""

from __future__ import annotations

import copy
import json
import os
import socket
import subprocess
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from cluster.api import ClaimRef, JobSpec
from cluster.errors import Conflict, NotFound, Refused, Unreachable
from cluster.kubernetes import Api
from cluster.live import jobs, jobtold, snapshots
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


@pytest.fixture(scope="module")
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


# --- Lost answers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("after", [False, True], ids=["before it", "its answer"])
@pytest.mark.parametrize("number", [1, 2, 3, 4], ids=["the Job", "the Secret", "the clone", "letting go"])
def test_whichever_request_is_lost_the_next_start_goes_on_and_there_is_one_pod(world, number, after):
    spec = world.spec(snapshot=world.snapshot())
    flaky = Flaky(world.api, number, after=after)
    with pytest.raises(Unreachable):
        world.start(spec, api=flaky)
    if (number, after) != (4, True):
        with pytest.raises(NotFound):  # nothing runs, and whoever looks is told to start it
            world.read()
        assert world.pods() == []
    for _ in range(2):
        world.start(spec)
    job = world.ended()
    assert job.state == "done", job
    assert job.result["files"] > 20
    assert world.made() == 1
    world.ground.until(lambda: world.beside() == [], "the end of what lay beside it", seconds=15)
    assert world.read() == job  # its pod is gone too, for it would hold the copy


def test_two_workers_at_once_start_one_pod(world):
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: world.start(), range(4)))
    assert world.ended().state == "done"
    assert world.made() == 1


@pytest.mark.parametrize("number", [1, 2, 3, 4], ids=["the Secret", "keeping its words", "the clone", "the pod"])
def test_the_end_is_not_told_before_what_was_lent_is_gone(world, number):
    world.start(world.spec(snapshot=world.snapshot()))
    world.ground.until(lambda: world.pods() and world.pods()[0].status.get("phase") == "Succeeded", "its end")
    with pytest.raises(Unreachable):
        world.read(api=Flaky(world.api, number, after=False))
    assert world.read().state == "done"
    world.ground.until(lambda: world.beside() == [], "the end of what lay beside it", seconds=15)


def test_what_cannot_be_completed_does_not_stay_half_made(world):
    with pytest.raises(Refused):
        world.start(world.spec(spec={"sentinels": ["x" * 2_000_000]}))
    assert world.ground.every("Job") == ()


def test_a_job_of_that_name_that_is_nobodys_of_ours_is_left_alone(world):
    box = pods((), container("box", "true"), restartPolicy="Never")
    world.ground.make(
        {"apiVersion": "batch/v1", "kind": "Job", "metadata": meta(NAME), "spec": {"template": {"spec": box}}}
    )
    with pytest.raises(Conflict):
        world.start()
    with pytest.raises(Conflict):
        world.read()
    with pytest.raises(Refused):
        jobs.drop(world.api, world.ground.namespace, NAME)


def test_one_that_a_person_has_suspended_is_not_started_again_by_us(world, silent_store):
    world.start(waiting(world, silent_store))
    world.running()
    world.api.merge(world.ground.path("Job", NAME), {"spec": {"suspend": True}})
    world.ground.until(lambda: not world.pods(), "the pod's end")
    world.start(waiting(world, silent_store))
    assert world.ground.get("Job", NAME).spec["suspend"] is True
    job = world.read()
    assert (job.state, job.progress) == ("pending", {"waiting": "It was suspended by somebody."})


# --- Its end -----------------------------------------------------------------------------------------------------


def test_a_result_outlives_its_log(world):
    world.start()
    job = world.ended(api=Rotated(world.api))
    assert job.state == "done"
    assert job.result["files"] > 20


def test_a_pod_that_was_killed_leaves_no_error_so_that_the_agent_may_be_started_again(world, silent_store):
    world.start(waiting(world, silent_store))
    world.running()
    (pod,) = world.pods()
    world.ground.drop("Pod", pod.metadata["name"])
    job = world.ended()
    assert (job.state, job.error) == ("failed", {})
    assert world.beside() == []


def test_past_its_deadline_it_has_failed_and_says_so(world, silent_store):
    world.start(waiting(world, silent_store, deadline=4))
    job = world.ended()
    assert (job.state, job.error["code"]) == ("failed", "deadline")
    assert "4 s" in job.error["message"]


def test_a_dropped_one_takes_everything_with_it_while_it_runs(world, silent_store):
    world.start(waiting(world, silent_store, snapshot=world.snapshot()))
    world.running()
    assert len(world.beside()) == 2
    jobs.drop(world.api, world.ground.namespace, NAME)
    world.ground.until(lambda: not world.pods() and not world.beside(), "the end of it all")


def test_a_person_is_told_how_to_enter_the_pod_of_one_that_runs(world, silent_store):
    ask = lambda: jobs.entering(world.api, world.ground.namespace, NAME)  # noqa: E731
    assert ask() == ""
    world.start(waiting(world, silent_store))
    world.running()
    command = ask().replace(" --stdin --tty", "").replace(" -- bash", " -- bash -c 'ls /data; touch /opt/x'")
    kubectl = os.environ.get("KIT_KUBECTL", "kubectl")
    done = subprocess.run(command.replace("kubectl", kubectl, 1), shell=True, capture_output=True, text=True)
    assert "configuration.yaml" in done.stdout
    assert "Read-only file system" in done.stderr


# --- What never comes to run -------------------------------------------------------------------------------------


def test_an_image_that_is_not_there_is_told_while_it_waits_and_then_given_up(world, monkeypatch):
    world.start(profile=Profile("nowhere.example/none:1"))
    seen = world.ground.until(lambda: world.read().progress.get("waiting"), "a word")
    assert "nowhere.example" in seen
    assert world.read().state == "pending"
    monkeypatch.setattr(jobtold, "TO_HAVE_AN_IMAGE", 1.0)
    job = world.ended()
    assert (job.error["code"], world.pods()) == ("no-image", [])
    assert "nowhere.example" in job.error["message"]
    assert world.beside() == []


def test_a_volume_that_cannot_be_mounted_is_told_while_it_waits(world):
    world.ground.make(claim("never", kind="csi-hostpath-wait-of-nobody"))
    spec = JobSpec(ClaimRef(world.ground.namespace, "never"), NAME, "inspect", {}, labels=LABELS, deadline=5)
    world.start(spec)
    world.ground.until(lambda: "unbound" in world.read().progress.get("waiting", ""), "a word")
    job = world.ended()
    assert job.error["code"] == "deadline"
    assert "unbound" in job.error["message"]
    world.ground.drop("PersistentVolumeClaim", "never")


@pytest.fixture
def restricted(world):
    """The same namespace, with the strictest Pod Security."""
    path, label = f"{CORE}/namespaces/{world.ground.namespace}", "pod-security.kubernetes.io/enforce"
    world.api.merge(path, {"metadata": {"labels": {label: "restricted"}}})
    yield world
    world.api.merge(path, {"metadata": {"labels": {label: None}}})


def test_where_pods_must_not_be_root_the_dry_run_says_so(restricted):
    with pytest.raises(Refused, match=r"PodSecurity|restricted"):
        restricted.start(dry=True)
    assert restricted.ground.every("Job") == ()


def test_where_pods_must_not_be_root_a_job_is_given_up_in_the_clusters_words(restricted, monkeypatch):
    monkeypatch.setattr(jobtold, "TO_BE_ADMITTED", 1.0)
    restricted.start()
    restricted.ground.until(lambda: "PodSecurity" in restricted.read().progress.get("waiting", ""), "a word")
    job = restricted.ended()
    assert job.error["code"] == "not-admitted"
    assert "PodSecurity" in job.error["message"]
    assert restricted.beside() == []


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


def test_an_account_that_may_make_no_pods_and_read_no_secrets_is_enough(world, acting):
    spec = world.spec(snapshot=world.snapshot())
    world.start(spec, api=acting, dry=True)
    assert world.ground.every("Job") == ()
    world.start(spec, api=acting)
    job = world.ended(api=acting)
    assert job.state == "done"
    world.ground.until(lambda: world.beside() == [], "the end of what lay beside it", seconds=15)


def test_that_account_is_told_of_pod_security_too(restricted, acting):
    with pytest.raises(Refused, match="restricted"):
        restricted.start(api=acting, dry=True)


@pytest.mark.parametrize("hard", [{"pods": "0"}, {"requests.memory": "64Mi"}, {"limits.cpu": "4"}])
def test_a_quota_without_room_is_told_by_the_dry_run_to_either(world, acting, hard):
    path = f"{CORE}/namespaces/{world.ground.namespace}/resourcequotas"
    world.api.create(path, {"metadata": meta("small"), "spec": {"hard": hard}})
    try:
        world.ground.until(lambda: world.api.get(f"{path}/small", Anything).status.get("hard"), "the quota")
        for api in (world.api, acting):
            with pytest.raises(Refused, match="quota"):
                world.start(api=api, dry=True)
    finally:
        world.api.delete(f"{path}/small")


# --- Where it runs -----------------------------------------------------------------------------------------------


def holding(world, name, *claims):
    spec = pods(claims, container("box", "sleep 1000", *claims))
    world.ground.make({"apiVersion": "v1", "kind": "Pod", "metadata": meta(name), "spec": spec})


def test_it_goes_to_the_node_that_has_the_volume_now(world):
    holding(world, "holder", "data")
    try:
        world.ground.until(lambda: world.ground.get("Pod", "holder").status.get("phase") == "Running", "the holder")
        world.start()
        wanted = world.ground.get("Job", NAME).spec["template"]["spec"]["affinity"]["nodeAffinity"]
        (term,) = wanted["requiredDuringSchedulingIgnoredDuringExecution"]["nodeSelectorTerms"]
        assert term["matchFields"][0]["values"] == [world.ground.get("Pod", "holder").spec["nodeName"]]
        assert world.ended().state == "done"
    finally:
        world.ground.drop("Pod", "holder")


def test_a_volume_for_one_pod_only_is_refused_while_that_pod_has_it(world):
    single = claim("single")
    single["spec"]["accessModes"] = ["ReadWriteOncePod"]
    world.ground.make(single)
    holding(world, "only", "single")
    try:
        ref = ClaimRef(world.ground.namespace, "single")
        for dry in (True, False):
            with pytest.raises(Refused, match="only uses it"):
                world.start(JobSpec(ref, NAME, "inspect", {}, labels=LABELS), dry=dry)
    finally:
        world.ground.drop("Pod", "only")
        world.ground.drop("PersistentVolumeClaim", "single")


def test_another_claim_of_the_namespace_is_read_as_the_source(world):
    spec = JobSpec(
        ClaimRef(world.ground.namespace, "other"), NAME, "restore", {"run": "7"}, source="data", labels=LABELS
    )
    world.start(spec)
    job = world.ended()
    assert job.state == "done", job
    assert job.result["files"] > 20
    assert "auth" in world.box("look", "ls /other/.aftermath/7/staging/.storage", "other")


# --- What capabilities are for -----------------------------------------------------------------------------------


PROGRAM = """
import os, struct
os.makedirs("/other/tool", exist_ok=True)
open("/other/tool/ping", "w").write("x")
os.chmod("/other/tool/ping", 0o755)
os.setxattr("/other/tool/ping", "security.capability", struct.pack("<IIIII", 0x02000001, 1 << 13, 0, 0, 0))
os.chown("/other/tool", 1000, 1000); os.chmod("/other/tool", 0o2775)
"""
LOOK = """
import os
seen = os.stat("/other/tool")
print(bool(os.listxattr("/other/tool/ping")), oct(seen.st_mode & 0o7777), seen.st_uid)
"""


def python(world, name, program):
    """Run a program of the image, as an ordinary container that is root."""
    return world.box(
        name, "", "other", image=IMAGE, command=["python", "-c", program], securityContext={"runAsUser": 0}
    ).strip()


def test_a_directory_keeps_its_setgid_bit_and_a_program_gets_its_capability_back(world):
    python(world, "program", PROGRAM)
    ref = ClaimRef(world.ground.namespace, "other")
    for verb, spec, seen in (
        ("own", {"run": "9", "uid": 2000, "gid": 2000}, "False 0o2775 2000"),
        ("unown", {"run": "9"}, "True 0o2775 1000"),
    ):
        world.start(JobSpec(ref, f"am-9-{verb}", verb, spec, labels=LABELS))
        assert world.ended(f"am-9-{verb}").state == "done"
        assert python(world, f"look-{verb}", LOOK) == seen
