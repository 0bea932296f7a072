"""On which node, beside which claims, and with which capabilities."""

from __future__ import annotations

import json

import pytest

from cluster.api import ClaimRef, JobSpec
from cluster.errors import Refused
from cluster.live import jobplace, snapshots
from tests.cluster.jobs.conftest import LABELS, NAME
from tests.cluster.kit import CLASS, CORE, IMAGE, Anything, claim, container, meta, pods


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
    """But not by a dry run: that is asked while the workload still runs which will be stopped before."""
    single = claim("single")
    single["spec"]["accessModes"] = ["ReadWriteOncePod"]
    world.ground.make(single)
    holding(world, "only", "single")
    spec = JobSpec(ClaimRef(world.ground.namespace, "single"), NAME, "inspect", {}, labels=LABELS)
    try:
        world.start(spec, dry=True)
        with pytest.raises(Refused, match="only uses it"):
            world.start(spec)
        assert world.ground.every("Job") == ()
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


# --- A volume's whole way through pods ------------------------------------------------------------------------------


HOLD = """
import os, sqlite3, time
os.chdir("/data")
held = sqlite3.connect("states.db")
held.execute("pragma journal_mode=wal")
held.execute("create table if not exists s (x)")
held.execute("insert into s values (7)")
held.commit()
os.chown("states.db", 1000, 1000)
print("held", flush=True)
time.sleep(1000)
"""


@pytest.fixture
def database(world):
    """A pod that has a database of the volume open, in WAL mode."""
    box = container("box", "", "data", image=IMAGE, command=["python", "-c", HOLD], securityContext={"runAsUser": 0})
    path = world.ground.path("Pod", "holder")
    world.ground.make({"apiVersion": "v1", "kind": "Pod", "metadata": meta("holder"), "spec": pods(("data",), box)})
    running = lambda: world.ground.get("Pod", "holder").status.get("phase") == "Running"  # noqa: E731
    world.ground.until(lambda: running() and "held" in world.api.text(f"{path}/log"), "the open database")
    yield
    world.ground.drop("Pod", "holder")
    world.ground.until(lambda: not world.ground.there(path), "the end of the pod")
    world.box("clean", "rm /data/states.db*", "data")


def test_a_live_volume_with_an_open_database_goes_to_the_store_and_back_again(world, database):
    """Every verb in its own pod with a root that cannot be written; the archive's volume is mounted read-only."""

    def done(verb, claim, spec, **more):
        ref, name = ClaimRef(world.ground.namespace, claim), f"am-11-{verb}"
        world.start(JobSpec(ref, name, verb, {"run": "11", **spec}, labels=LABELS, **more))
        job = world.ended(name)
        assert job.state == "done", job
        return job.result

    stored = {"prefix": "archives/jobs", "store": world.store}
    made = done("archive", "data", {"name": f"n-{world.ground.namespace}", **stored}, lent=world.lent, read_only=True)
    assert [(each["path"], each["how"]) for each in made["manifest"]["sqlite"]] == [("states.db", "backup")]
    done("restore", "other", {"key": made["archive_key"], "store": world.store}, lent=world.lent)
    assert {"path": "states.db", "ok": True} in done("verify", "other", {})["sqlite"]
    done("own", "other", {"uid": 2000, "gid": 2000, "where": "staging"})
    done("swap", "other", {})
    shown = world.box("look", "stat -c '%u %n' /other/states.db /other/.storage/auth", "other")
    assert shown.split() == ["2000", "/other/states.db", "2000", "/other/.storage/auth"]
    done("unswap", "other", {})
    done("unown", "other", {})
    done("discard", "other", {})
    assert world.box("look-again", "ls -A /other; ls -A /other/.aftermath/11", "other").split()[-1] != "staging"


@pytest.mark.parametrize("alike", [True, False], ids=["a class that lets go", "no other class"])
def test_a_copy_of_a_snapshot_leaves_no_volume_behind_where_the_class_retains_them(world, alike):
    kind = f"{world.ground.namespace}-retain"
    path = "/apis/storage.k8s.io/v1/storageclasses"
    like = json.loads(world.api.text(f"{path}/{CLASS}"))
    body = {key: like[key] for key in ("provisioner", "parameters", "volumeBindingMode") if key in like}
    more = {} if alike else {"mountOptions": ["noatime"]}
    world.api.create(path, {"metadata": meta(kind), "reclaimPolicy": "Retain", **body, **more})
    volumes = lambda: [  # noqa: E731
        v.metadata["name"]
        for v in world.api.list(f"{CORE}/persistentvolumes", Anything).items
        if v.spec.get("storageClassName") == kind
    ]
    try:
        world.ground.make(claim("kept", kind=kind))
        world.box("fill", "echo x > /kept/x", "kept")
        ref = ClaimRef(world.ground.namespace, "kept")
        snapshots.make(world.api, ref, "of-kept", LABELS)
        world.ground.until(lambda: snapshots.one(world.api, ref.namespace, "of-kept").ready, "the snapshot")
        (own,) = volumes()
        spec = JobSpec(ref, NAME, "inspect", {}, snapshot="of-kept", labels=LABELS, read_only=True)
        assert (jobplace.look(world.api, spec).like["storageClassName"] == kind) is not alike
        world.start(spec)
        assert world.ended().result["files"] == 1
        world.ground.until(lambda: volumes() == [own], "the end of the copy's volume")
    finally:
        snapshots.drop(world.api, world.ground.namespace, "of-kept")
        for name in volumes():
            policy = {"spec": {"persistentVolumeReclaimPolicy": "Delete"}}
            world.api.merge(f"{CORE}/persistentvolumes/{name}", policy)
        world.ground.drop("PersistentVolumeClaim", "kept")
        world.api.delete(f"{path}/{kind}")


@pytest.mark.parametrize("name", ["", "gone-long-ago"])
def test_a_copy_that_no_class_could_make_is_refused_before_anything_is_made(world, name):
    with pytest.raises(Refused, match="StorageClass"):
        jobplace.class_of_clone(world.api, name, ClaimRef(world.ground.namespace, "data"))
