"""What `kubectl apply -k deploy/…` would make, as kustomize renders it: restricted pods that say whether they live."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
import yaml

from cluster.api import ClaimRef, JobSpec
from cluster.live.jobpod import labels
from cluster.live.profile import Profile
from config.management.commands import serve
from tests.deploy.kubectl import DEPLOY, ROOT, copied, rendered

PARTS = {"web", "worker", "beat", "migrate"}
LASTING = PARTS - {"migrate"}


@pytest.fixture(scope="module")
def objects():
    return rendered(DEPLOY)


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    return rendered(copied(tmp_path_factory.mktemp("deploy") / "deploy") / "example")


def named(objects, kind, name):
    """The one of this name, which may end with the hash that kustomize gives."""
    its = re.compile(rf"{name}(-[a-z0-9]{{10}})?")
    return next(each for each in objects if each["kind"] == kind and its.fullmatch(each["metadata"]["name"]))


def of(objects, part):
    return named(objects, "Job" if part == "migrate" else "Deployment", part)["spec"]["template"]


def pod(objects, part):
    return of(objects, part)["spec"]


def containers(objects, part):
    spec = pod(objects, part)
    return [*spec["containers"], *spec.get("initContainers", [])]


def test_it_is_the_program_and_an_account_that_reads(objects):
    kinds = sorted((each["kind"], each["metadata"]["name"]) for each in objects if each["kind"] != "ConfigMap")
    assert kinds == [
        ("ClusterRole", "aftermath-reader"),
        ("ClusterRoleBinding", "aftermath-reader"),
        ("Deployment", "beat"),
        ("Deployment", "web"),
        ("Deployment", "worker"),
        ("Job", "migrate"),
        ("Namespace", "aftermath"),
        ("NetworkPolicy", "aftermath"),
        ("NetworkPolicy", "web"),
        ("NetworkPolicy", "worker"),
        ("PodDisruptionBudget", "web"),
        ("PodDisruptionBudget", "worker"),
        ("Service", "web"),
        ("ServiceAccount", "aftermath"),
    ]


@pytest.mark.parametrize("directory", sorted(path.parent for path in DEPLOY.rglob("kustomization.yaml")), ids=str)
def test_each_directory_can_be_rendered_without_a_network(directory, tmp_path):
    here = copied(tmp_path / "deploy") / directory.relative_to(DEPLOY)
    assert rendered(here)


def test_everything_is_in_the_namespace_that_admits_only_restricted_pods(objects):
    labels = named(objects, "Namespace", "aftermath")["metadata"]["labels"]
    assert labels["pod-security.kubernetes.io/enforce"] == "restricted"
    inside = [o for o in objects if not o["kind"].startswith("Cluster") and o["kind"] != "Namespace"]
    assert {each["metadata"]["namespace"] for each in inside} == {"aftermath"}


@pytest.mark.parametrize("part", sorted(PARTS))
def test_a_part_has_no_right_that_it_could_lose(objects, part):
    spec = pod(objects, part)
    whole = spec["securityContext"]
    assert (whole["runAsNonRoot"], whole["runAsUser"]) == (True, 10001)
    assert whole["seccompProfile"] == {"type": "RuntimeDefault"}
    assert not {"hostNetwork", "hostPID", "hostIPC"} & spec.keys()
    assert not [volume for volume in spec["volumes"] if not volume.keys() & {"emptyDir", "secret"}]
    for each in containers(objects, part):
        assert each["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        mounted = {mount["mountPath"]: mount.get("readOnly", False) for mount in each["volumeMounts"]}
        assert mounted == {"/var/lib/aftermath": False, "/tmp": False, "/run/secrets/aftermath": True}
        assert each["resources"]["requests"].keys() == {"cpu", "memory"}
        assert "memory" in each["resources"]["limits"]


def test_the_user_is_the_one_of_the_image(objects):
    assert "--uid 10001 " in (ROOT / "Dockerfile").read_text()
    assert {pod(objects, part)["securityContext"]["runAsUser"] for part in PARTS} == {10001}


def test_only_the_worker_has_an_account_of_the_cluster(objects):
    assert {part: pod(objects, part)["automountServiceAccountToken"] for part in PARTS} == {
        "web": False,
        "worker": True,
        "beat": False,
        "migrate": False,
    }
    assert pod(objects, "worker")["serviceAccountName"] == "aftermath"
    assert not [part for part in PARTS - {"worker"} if "serviceAccountName" in pod(objects, part)]
    assert named(objects, "ServiceAccount", "aftermath")["automountServiceAccountToken"] is False


@pytest.mark.parametrize("part", sorted(LASTING))
def test_what_lasts_is_asked_whether_it_lives_and_starts_after_the_tables(objects, part):
    program = pod(objects, part)["containers"][0]
    assert {"startupProbe", "livenessProbe", "readinessProbe"} <= program.keys()
    options = serve.Command().create_parser("manage.py", "serve").parse_args(program["args"][1:])
    assert (program["args"][0], options.program) == ("serve", part)
    (tables,) = pod(objects, part)["initContainers"]
    assert "migrate --check" in tables["command"][-1]
    assert tables["command"][0] == "timeout"


def test_a_web_that_is_replaced_answers_until_another_does(objects):
    web = named(objects, "Deployment", "web")["spec"]
    assert web["replicas"] >= 2
    assert web["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    probes = web["template"]["spec"]["containers"][0]
    assert probes["livenessProbe"]["httpGet"]["path"] == "/healthz"
    assert probes["readinessProbe"]["httpGet"]["path"] == "/readyz?exclude=broker"
    assert named(objects, "Deployment", "beat")["spec"]["replicas"] == 1


def test_labels_lead_to_the_pods_that_they_are_meant_for(objects):
    """A service, a budget and a policy find the pods by labels; a word that is misspelt finds none."""
    for each in objects:
        if each["kind"] in {"Service", "PodDisruptionBudget", "NetworkPolicy"}:
            spec = each["spec"]
            chosen = spec.get("podSelector") or spec["selector"]
            wanted = chosen.get("matchLabels", chosen).items()
            found = {part for part in PARTS if wanted <= of(objects, part)["metadata"]["labels"].items()}
            name = each["metadata"]["name"]
            assert found == ({name} if name in PARTS else PARTS)


def test_nobody_speaks_with_a_part_but_the_readers_of_the_web(objects):
    policies = {o["metadata"]["name"]: o["spec"] for o in objects if o["kind"] == "NetworkPolicy"}
    assert policies["aftermath"]["policyTypes"] == ["Ingress", "Egress"]
    assert {name for name, spec in policies.items() if spec.get("ingress")} == {"web"}
    assert policies["web"]["ingress"] == [{"ports": [{"port": "http", "protocol": "TCP"}]}]


def test_the_ports_that_the_policies_let_out_are_those_that_people_are_told(objects):
    out = [o["spec"]["egress"] for o in objects if o["kind"] == "NetworkPolicy"]
    ports = {port["port"] for rules in out for rule in rules for port in rule["ports"]}
    row = re.search(
        r"\| ports other than (.+) \| patch the network policies", (ROOT / "docs/kubernetes.md").read_text()
    )
    assert {int(port) for port in re.findall(r"\d+", row.group(1))} == ports


def settings(objects):
    return named(objects, "ConfigMap", "aftermath-settings")["data"]


def test_every_variable_is_one_that_the_program_reads_and_no_secret_is_among_them(objects):
    read = set(re.findall(r'env\.\w+\(\s*"(\w+)"', (ROOT / "config" / "settings.py").read_text()))
    keys = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
    assert {name.removesuffix("_FILE") for name in settings(objects)} <= read | keys
    secret = {name: value for name, value in settings(objects).items() if re.search("KEY|SECRET|URL|PASSWORD", name)}
    assert secret
    assert all(name.endswith("_FILE") and value.startswith("/run/secrets/aftermath/") for name, value in secret.items())


def test_the_example_has_one_image_everywhere_and_its_secrets(example):
    image = "registry.example.org/aftermath:0.2.0"
    assert {each["image"] for part in PARTS for each in containers(example, part)} == {image}
    assert settings(example)["AGENT_IMAGE"] == image
    secret = named(example, "Secret", "aftermath-secrets")
    files = {value.rpartition("/")[2] for name, value in settings(example).items() if name.endswith("_FILE")}
    assert secret["data"].keys() == files
    used = {v["secret"]["secretName"] for part in PARTS for v in pod(example, part)["volumes"] if "secret" in v}
    assert used == {secret["metadata"]["name"]}


def test_the_version_is_the_programs(objects):
    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE).group(1)
    assert {each["image"] for part in PARTS for each in containers(objects, part)} == {f"aftermath:{version}"}
    assert settings(objects)["AGENT_IMAGE"] == f"aftermath:{version}"


def test_only_jobs_that_carry_an_archive_speak_and_with_the_store_alone():
    every, carriers = yaml.safe_load_all((DEPLOY / "rbac" / "actor" / "network-policy.yaml").read_text())
    job = JobSpec(ClaimRef("home", "config"), "am-1-1", "archive", {}, lent={"AWS_ACCESS_KEY_ID": "a key"})
    alone = replace(job, verb="own", lent={})
    for policy, chosen in ((every, [job, alone]), (carriers, [job])):
        wanted = policy["spec"]["podSelector"]["matchLabels"].items()
        assert [each for each in (job, alone) if wanted <= labels(Profile("aftermath"), each).items()] == chosen
    assert (every["spec"].keys() & {"ingress", "egress"}, every["spec"]["policyTypes"]) == (
        set(),
        ["Ingress", "Egress"],
    )
    assert {port["port"] for rule in carriers["spec"]["egress"] for port in rule["ports"]} == {53, 443, 9000}
