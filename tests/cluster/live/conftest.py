"""A namespace of a real Kubernetes for the tests of a file, and this program's look at it."""

from __future__ import annotations

import os

import pytest
from kubernetes.client import Configuration

from cluster.kubernetes import Api
from cluster.live.live import Live
from cluster.live.profile import Profile
from tests.cluster.kit import CORE, IMAGE, Ground, connected

RBAC = "/apis/rbac.authorization.k8s.io/v1"


@pytest.fixture(scope="module")
def ground(request):
    word = request.module.__name__.rpartition(".test_")[2].replace("_", "-")[:30].strip("-")
    here = Ground.made(connected(), f"am-live-{word}-{os.getpid()}")
    yield here
    here.end()


@pytest.fixture
def cluster(ground):
    return Live(ground.api, Profile(IMAGE))


@pytest.fixture(scope="module")
def account(ground):
    """The API server as somebody sees it who may nothing yet."""
    accounts = f"{CORE}/namespaces/{ground.namespace}/serviceaccounts"
    ground.api.create(accounts, {"metadata": {"name": "looker"}})
    made = ground.api.create(f"{accounts}/looker/token", {"spec": {"expirationSeconds": 3600}})
    known = ground.api.client.configuration
    configuration = Configuration()
    configuration.host, configuration.ssl_ca_cert = known.host, known.ssl_ca_cert
    token = made.decode().partition('"token":"')[2].partition('"')[0]
    configuration.api_key = {"BearerToken": f"Bearer {token}"}
    return Api(configuration)


@pytest.fixture
def may(ground, account):
    """What it may do everywhere, each as the API group and its resources; the cluster as it has it then."""
    name, made = f"{ground.namespace}-looker", []

    def make(kind, body):
        ground.api.create(f"{RBAC}/{kind}", {"metadata": {"name": name}, **body})
        made.append(f"{RBAC}/{kind}/{name}")

    def with_rights(*given, verbs=("get", "list")):
        rules = [{"apiGroups": [group], "resources": names, "verbs": verbs} for group, *names in given]
        who = [{"kind": "ServiceAccount", "namespace": ground.namespace, "name": "looker"}]
        role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name}
        make("clusterroles", {"rules": rules})
        make("clusterrolebindings", {"roleRef": role, "subjects": who})
        for group, resource, *_ in given:
            ground.until(lambda ask=(verbs[-1], group, resource): allowed(account, *ask), f"the right to {resource}")
        return Live(account, Profile("none"))

    yield with_rights
    for path in made:
        ground.api.delete(path)


def allowed(api, verb, group, resource):
    """What the API server itself says."""
    name, _, part = resource.partition("/")
    asked = {"verb": verb, "group": group, "resource": name, "subresource": part}
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
    return b'"allowed":true' in api.create(path, {"spec": {"resourceAttributes": asked}})
