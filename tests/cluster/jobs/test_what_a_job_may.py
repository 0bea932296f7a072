"""The pod of a job, as it is asked for: what it may, what it must not, and where secrets lie."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cluster.api import ClaimRef, JobSpec
from cluster.errors import Refused, Unreachable
from cluster.live import jobpod, jobtold
from cluster.live.jobobjects import JobObject, Pod
from cluster.live.profile import Profile, profile
from cluster.live.quantity import quantity, whole

VERBS = ["inspect", "archive", "restore", "verify", "own", "unown", "swap", "unswap", "discard", "purge"]
LENT = {"AWS_ACCESS_KEY_ID": "key-7", "AWS_SECRET_ACCESS_KEY": "hush-hush"}
BASELINE = {"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE"}
BASELINE |= {"SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"}


def spec(verb="restore", **more):
    return JobSpec(ClaimRef("home", "config"), "am-7-2", verb, {"run": "7"}, **{"lent": LENT, **more})


def made(job=None, shape=None):
    return jobpod.job_object(shape or Profile("aftermath:1"), job or spec(), "am-7-2-0a1b2c3d")


def pod_of(job):
    return job["spec"]["template"]["spec"]


def agent_of(job):
    (container,) = pod_of(job)["containers"]
    return container


@pytest.mark.parametrize("verb", [*VERBS, "a-verb-of-tomorrow"])
def test_it_has_no_token_no_way_to_more_rights_and_writes_nothing_of_its_image(verb):
    job = made(spec(verb))
    pod, security = pod_of(job), agent_of(job)["securityContext"]
    assert pod["automountServiceAccountToken"] is False
    assert pod["enableServiceLinks"] is False
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert security["allowPrivilegeEscalation"] is False
    assert security["privileged"] is False
    assert security["readOnlyRootFilesystem"] is True
    assert security["capabilities"]["drop"] == ["ALL"]
    assert set(security["capabilities"]["add"]) <= BASELINE
    assert not {"hostNetwork", "hostPID", "hostIPC", "hostUsers"} & set(pod)
    assert not [v for v in pod["volumes"] if set(v) & {"hostPath", "projected", "nfs"}]


@pytest.mark.parametrize("verb", VERBS)
def test_the_kubelet_is_never_asked_to_give_the_files_to_a_group(verb):
    """With fsGroup it would change every file of the volume before the agent has seen one."""
    assert "fsGroup" not in pod_of(made(spec(verb)))["securityContext"]


def test_each_verb_has_the_capabilities_it_needs_and_no_others():
    added = {verb: set(agent_of(made(spec(verb)))["securityContext"]["capabilities"]["add"]) for verb in VERBS}
    assert added["inspect"] == {"DAC_OVERRIDE"}
    assert added["archive"] == {"CHOWN", "DAC_OVERRIDE", "FOWNER"}
    assert added["unown"] - added["own"] == {"SETFCAP"}
    assert {frozenset(added[v]) for v in VERBS if v not in ("inspect", "archive", "unown")} == {
        frozenset({"CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID"})
    }


def test_it_runs_once_and_not_for_ever_and_is_made_suspended():
    body = made(spec(deadline=77))["spec"]
    assert (body["suspend"], body["backoffLimit"], body["completions"], body["parallelism"]) == (True, 0, 1, 1)
    assert (body["activeDeadlineSeconds"], body["ttlSecondsAfterFinished"]) == (77, 86_400)
    assert pod_of(made())["restartPolicy"] == "Never"


def test_what_is_lent_and_what_the_agent_is_told_stand_in_the_secret_alone():
    job, secret = made(), jobpod.secret_object(Profile("aftermath:1"), spec(), "am-7-2-0a1b2c3d", "uid-1")
    assert "hush-hush" not in json.dumps(job)
    assert secret["stringData"]["AWS_SECRET_ACCESS_KEY"] == "hush-hush"
    assert json.loads(secret["stringData"]["spec.json"]) == {"run": "7", "data": "/data"}
    assert secret["immutable"] is True
    assert secret["metadata"]["ownerReferences"][0]["uid"] == "uid-1"
    (volume,) = [v["secret"] for v in pod_of(job)["volumes"] if v["name"] == "spec"]
    assert volume["items"] == [{"key": "spec.json", "path": "spec.json"}]  # no credentials as files
    assert {e["name"]: e["valueFrom"]["secretKeyRef"]["key"] for e in agent_of(job)["env"] if "valueFrom" in e} == {
        name: name for name in LENT
    }


def test_what_it_reads_only_is_mounted_so():
    mounts = {m["name"]: m for m in agent_of(made(spec(read_only=True, source="other")))["volumeMounts"]}
    assert mounts["data"]["readOnly"] is True
    assert mounts["source"]["readOnly"] is True
    writing = {m["name"]: m for m in agent_of(made(spec(source="other")))["volumeMounts"]}
    assert writing["data"]["readOnly"] is False
    assert writing["source"]["readOnly"] is True


@pytest.mark.parametrize("verb", ["inspect", "archive"])
def test_what_only_looks_at_a_snapshot_does_not_touch_the_live_volume(verb):
    job = spec(verb, snapshot="before", read_only=True)
    claims = [
        v["persistentVolumeClaim"]["claimName"]
        for v in pod_of(made(job))["volumes"]
        if len(v) > 1 and "persistentVolumeClaim" in v
    ]
    assert claims == ["am-7-2-0a1b2c3d"]
    told = json.loads(jobpod.secret_object(Profile("i"), job, "b", "u")["stringData"]["spec.json"])
    assert (told["data"], told["source"]) == ("/source", "/source")
    assert "data" in {v["name"] for v in pod_of(made(spec("restore", snapshot="before")))["volumes"]}


def test_a_copy_of_a_snapshot_asks_for_its_very_size():
    like = {"storageClassName": "fast", "accessModes": ["ReadWriteOnce"]}
    job = spec("archive", snapshot="before", read_only=True)
    clone = jobpod.clone_object(Profile("i"), job, "am-7-2-0a1b2c3d", "uid-1", like=like, size="67108864")
    assert clone["spec"] == {
        **like,
        "volumeMode": "Filesystem",
        "resources": {"requests": {"storage": "67108864"}},
        "dataSource": {"apiGroup": "snapshot.storage.k8s.io", "kind": "VolumeSnapshot", "name": "before"},
    }
    assert clone["metadata"]["ownerReferences"][0]["uid"] == "uid-1"


def test_what_the_cluster_demands_of_pods_comes_from_its_profile_and_ours_is_not_overwritten():
    demanded = Profile(
        "mirror.example/aftermath:1",
        labels={"team": "storage", "app.kubernetes.io/managed-by": "somebody"},
        annotations={"policy.example/allow": "root"},
        resources={"limits": {"memory": "4Gi"}},
        pull_secrets=("mirror",),
        tolerations=({"key": "storage", "operator": "Exists"},),
        priority_class="urgent",
    )
    job = made(spec(labels={"aftermath.dev/run": "7"}), demanded)
    for labels in (job["metadata"]["labels"], job["spec"]["template"]["metadata"]["labels"]):
        assert labels["team"] == "storage"
        assert labels["app.kubernetes.io/managed-by"] == "aftermath"
        assert labels["aftermath.dev/run"] == "7"
        assert labels["aftermath.dev/store"] == "yes"
    assert job["spec"]["template"]["metadata"]["annotations"] == {"policy.example/allow": "root"}
    pod = pod_of(job)
    assert (pod["imagePullSecrets"], pod["priorityClassName"]) == ([{"name": "mirror"}], "urgent")
    assert pod["tolerations"] == [{"key": "storage", "operator": "Exists"}]
    assert agent_of(job)["image"] == "mirror.example/aftermath:1"
    assert agent_of(job)["resources"] == {"limits": {"memory": "4Gi"}}


# --- What the agent said, however much of it is left ---


LINES = ['{"progress": {"files": 1}}', "Traceback: not ours", '{"progress": {"files": 2}}', '{"result": {"files": 2}}']


class Log:
    """An API server that has a log, as it is or rotated away."""

    def __init__(self, text):
        self.text_ = "".join(f"2026-11-23T16:00:00.123456789Z {line}\n" for line in text.splitlines())

    def text(self, path, **query):
        return self.text_


def ended(message=""):
    state = {"terminated": {"exitCode": 0, "message": message}}
    status = {"phase": "Succeeded", "containerStatuses": [{"name": "agent", "state": state}]}
    return msgspec.convert({"metadata": {"name": "am-7-2-xyz", "namespace": "home"}, "status": status}, Pod)


def test_the_last_line_of_each_kind_counts_and_others_do_not():
    words = jobtold.said(Log("\n".join(LINES)), ended(), ended=True)
    assert words == {"progress": {"files": 2}, "result": {"files": 2}}


def test_what_a_node_says_in_place_of_the_log_is_not_the_silence_of_an_agent_that_was_killed():
    node = Log("")
    node.text_ = "failed to try resolving symlinks in path"
    with pytest.raises(Unreachable, match="symlinks"):
        jobtold.said(node, ended(), ended=True)
    assert jobtold.said(node, ended(LINES[-1]), ended=True) == {"result": {"files": 2}}


def test_a_log_that_its_node_has_thrown_away_is_not_waited_for_for_ever():
    """As where the disk was full: the agent is taken for one that was killed, and is asked again."""
    node = Log("")
    node.text_ = "unable to retrieve container logs for containerd://4f2a"
    pod = ended()
    pod.agent.terminated.finished_at = datetime.now(UTC) - timedelta(seconds=10)
    with pytest.raises(Unreachable):
        jobtold.said(node, pod, ended=True)
    pod.agent.terminated.finished_at = datetime.now(UTC) - timedelta(minutes=6)
    assert jobtold.said(node, pod, ended=True) == {}


def test_a_result_outlives_a_log_that_was_rotated_away():
    assert jobtold.said(Log(""), ended(LINES[-1]), ended=True) == {"result": {"files": 2}}


@given(st.text(max_size=60) | st.sampled_from(LINES).flatmap(lambda line: st.integers(0, 30).map(lambda n: line[n:])))
def test_a_line_of_which_only_a_part_is_left_is_no_word_of_the_agents(line):
    words = jobtold.message(line)
    assert words == {} or line.strip() in LINES or set(words) <= set(json.loads(line))


def test_made_and_not_let_go_is_half_made_and_suspended_by_a_person_is_not():
    raw = {**made(), "metadata": {**made()["metadata"], "uid": "u"}}
    assert msgspec.convert(raw, JobObject).half
    raw["metadata"]["annotations"] = {jobpod.STARTED: "2026-11-23T16:00:00+00:00"}
    assert not msgspec.convert(raw, JobObject).half


def test_a_pod_that_was_to_be_gone_long_ago_is_said_to_linger():
    assert jobtold.lingering(ended()) == {}
    gone = datetime.now(UTC) - timedelta(seconds=30)
    meta = {"name": "am-7-2-xyz", "namespace": "home", "deletionTimestamp": gone}
    pod = msgspec.convert({"metadata": meta, "spec": {"nodeName": "node-7"}}, Pod)
    assert "node-7" in jobtold.lingering(pod)["waiting"]


def test_the_profile_of_a_cluster_is_a_file_and_a_word_that_nobody_knows_is_refused(tmp_path):
    file = tmp_path / "profile.json"
    file.write_text('{"labels": {"team": "storage"}, "tolerations": [{"operator": "Exists"}], "pull_secrets": ["m"]}')
    read = profile("aftermath:1", file)
    assert (read.image, read.labels, read.pull_secrets) == ("aftermath:1", {"team": "storage"}, ("m",))
    assert read.resources == Profile("aftermath:1").resources
    for wrong in ('{"lables": {}}', '{"pull_secrets": "m"}', "{", ""):
        file.write_text(wrong)
        with pytest.raises(Refused, match=r"profile\.json"):
            profile("aftermath:1", file)


# --- Quantities ---


@pytest.mark.parametrize(
    ("written", "meant"),
    {"1Gi": 2**30, "64Mi": 2**26, "500m": 0.5, "1.5k": 1500, "2e3": 2000, "12E": 12 * 10**18, "": 0, "many": 0}.items(),
)
def test_a_quantity_is_as_kubernetes_means_it(written, meant):
    assert float(quantity(written)) == meant


@given(st.integers(0, 2**60))
def test_bytes_are_bytes(number):
    assert whole(number) == whole(str(number)) == number
    assert whole(f"{number}Ki") == number * 1024
