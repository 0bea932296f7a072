"""The rights in `deploy/rbac`: enough for every runbook, a reason for each, and nothing that could be had without."""

from __future__ import annotations

import re

import pytest
import yaml

from cluster.api import Right
from runbooks import may
from runbooks.base import shelf
from tests.deploy.kubectl import DEPLOY

ROLES = {path.parent.name: path for path in sorted((DEPLOY / "rbac").glob("*/role.yaml"))}
README = (DEPLOY / "README.md").read_text()


def rules(name):
    return yaml.safe_load(ROLES[name].read_text())["rules"]


def given(name):
    """(verb, group, resource) of each right that a role gives."""
    return {
        (verb, group, resource)
        for rule in rules(name)
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def plain(right: Right):
    resource = f"{right.resource}/{right.subresource}" if right.subresource else right.resource
    return right.verb, right.group, resource


def every(attribute):
    return {plain(right) for kind in shelf().values() for right in getattr(kind, attribute)}


def test_the_roles_are_these():
    assert ROLES.keys() == {"reader", "actor", "gitops", "keeper", "break-glass"}


@pytest.mark.parametrize("name", ROLES)
def test_nothing_is_given_by_a_star(name):
    assert not [right for right in given(name) if "*" in "".join(right)]


@pytest.mark.parametrize("name", ROLES)
def test_every_rule_has_its_reason(name):
    lines = ROLES[name].read_text().splitlines()
    begins = [n for n, line in enumerate(lines) if line.startswith("  - apiGroups")]
    reasons = [n for n in begins if lines[n - 1].startswith("  #") or reason_is_the_rule_before(lines, n)]
    assert reasons == begins


def test_the_table_of_who_may_what_says_what_the_roles_give_and_nothing_else():
    rows = re.findall(r"\| `([\w-]+)` \| (`.+?) \| ([a-z, ]+) \| .+ \|", README)
    told = {(role, verb, what) for role, on, verbs in rows for what in names(on) for verb in verbs.split(", ")}
    assert told == {(role, verb, resource) for role in ROLES for verb, _group, resource in given(role)}


def names(cell):
    return re.findall(r"`([^`]+)`", cell)


def reason_is_the_rule_before(lines, n):
    """Rules of one reason stand together without a line between."""
    return lines[n - 1].startswith("    verbs: ") and n > 0


def test_the_reader_changes_nothing_and_learns_no_secret():
    assert {verb for verb, _, resource in given("reader") if resource != "selfsubjectaccessreviews"} == {"get", "list"}
    told = {resource for _, _, resource in given("reader")}
    assert not told & {"secrets", "configmaps", "pods/exec", "pods/attach", "pods/portforward", "nodes/proxy"}


def test_nobody_reads_a_secret_and_only_broken_glass_enters_a_pod():
    for name in ROLES:
        held = {verb for verb, _, resource in given(name) if resource == "secrets"}
        assert held <= {"create", "delete"}
        assert name == "break-glass" or not {r for _, _, r in given(name) if r.startswith("pods/") and r != "pods/log"}
        assert not {r for _, _, r in given(name) if r.startswith("nodes/")}
        assert not {g for _, g, _ in given(name) if g == "rbac.authorization.k8s.io"}


def test_acting_is_for_one_namespace_at_a_time():
    for name in ("actor", "gitops"):
        for path in (DEPLOY / "rbac" / name).glob("*.yaml"):
            kinds = {each["kind"] for each in yaml.safe_load_all(path.read_text())}
            assert not kinds & {"ClusterRole", "ClusterRoleBinding"}, path


def test_every_runbook_may_run_with_reading_and_acting():
    """But for what touches the whole cluster, or what others own: each is for the one runbook that is about it."""
    ordinary = given("reader") | given("actor")
    beyond = {
        slug: more
        for slug, kind in shelf().items()
        if (more := {plain(right) for right in kind.needs if right.group not in may.ELSEWHERE} - ordinary)
    }
    assert beyond == {"rebind-released": {("patch", "", "persistentvolumes")}}
    owned = {
        slug
        for slug, kind in shelf().items()
        if any(right.group in may.ELSEWHERE and right.verb == "patch" for right in kind.needs)
    }
    assert owned <= {"pause-gitops", "resume-gitops"}
    assert {plain(right) for slug in owned for right in shelf()[slug].needs} <= ordinary | given("gitops")


def test_what_a_part_of_a_runbook_wants_can_be_given():
    assert every("wants") <= set().union(*(given(name) for name in ROLES))


def test_every_right_to_change_something_is_one_that_a_runbook_uses():
    reading = {"get", "list"}
    unused = {r for name in ROLES for r in given(name) if r[0] not in reading} - every("needs") - every("wants")
    assert unused <= {
        ("create", "authorization.k8s.io", "selfsubjectaccessreviews"),  # the page Access
        ("create", "", "pods"),  # every runbook, as a dry run, which goes without where it may not
        ("delete", "snapshot.storage.k8s.io", "volumesnapshots"),  # people, and the purge of what was kept
        ("patch", "", "nodes"),  # people, by hand
        ("create", "", "pods/exec"),  # people, by the command that a recovery pod's page shows
    }


def test_a_binding_names_the_accounts_that_there_are():
    accounts = {yaml.safe_load(path.read_text())["metadata"]["name"] for path in DEPLOY.rglob("account.yaml")}
    assert accounts == {"aftermath", "aftermath-break-glass"}
    for path in DEPLOY.rglob("binding.yaml"):
        for each in yaml.safe_load_all(path.read_text()):
            assert {(s["namespace"], s["name"]) for s in each["subjects"]} <= {("aftermath", n) for n in accounts}
            if each["roleRef"]["name"] == "aftermath-break-glass":
                assert [s["name"] for s in each["subjects"]] == ["aftermath-break-glass"]
