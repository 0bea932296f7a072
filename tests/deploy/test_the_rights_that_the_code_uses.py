"""
What `cluster/live` asks of an API server, read from its code, held against what `runbooks/rights.py` says of it and
what `deploy/rbac` gives. A request that is added without its right is red here, and not in somebody's outage.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

import pytest

from runbooks import rights
from tests.cluster.jobs import conftest as jobs
from tests.deploy.kubectl import ROOT
from tests.deploy.test_what_may_be_done_with_the_rights import ROLES, given, plain

LIVE = ROOT / "cluster" / "live"
VERBS = {"get": ("get",), "text": ("get",), "list": ("list",), "pages": ("list",), "create": ("create",),
         "patch": ("patch",), "merge": ("patch",), "delete": ("delete",),
         "settle": ("get", "patch"), "change": ("patch",)}  # fmt: skip
CHANGING = ("settle", "change")  # of `cluster.live.changing`
GROUPS = {"CORE": "", "APPS": "apps", "BATCH": "batch", "STORAGE": "storage.k8s.io",
          "SNAPSHOTS": "snapshot.storage.k8s.io"}  # fmt: skip
ARGO, FLUX, HELM = "argoproj.io/applications", "kustomize.toolkit.fluxcd.io/kustomizations", (
    "helm.toolkit.fluxcd.io/helmreleases")  # fmt: skip
KEDA = "keda.sh/scaledobjects"
APPS = "apps/deployments apps/statefulsets apps/daemonsets"
KINDS = f"{APPS} batch/cronjobs"
VOLSYNC = "volsync.backube/replicationsources volsync.backube/replicationdestinations"

# Where the call itself does not spell its path: GROUP/RESOURCE of each that it may be of.
MEANT = {
    "changing.settle": "", "changing.change": "",  # their callers say of what
    "groups.served": "", "groups.path": "", "groups.has": "",  # which groups there are: every account may ask
    "everything.view": KINDS,
    "gitops.every": ARGO, "gitops.one": f"{FLUX} {HELM}",
    "jobs.once": "/secrets /persistentvolumeclaims", "jobs.gone": "/secrets /persistentvolumeclaims /pods",
    "keepers.of": f"{KINDS} {VOLSYNC}",
    "keepers.scalers": f"{KEDA} http.keda.sh/httpscaledobjects autoscaling/horizontalpodautoscalers "
    "autoscaling.k8s.io/verticalpodautoscalers policy/poddisruptionbudgets",
    "pausing.noted": f"{KINDS} {ARGO} {HELM} {KEDA}",
    "pausing.pause": f"{KINDS} {VOLSYNC} {ARGO} {HELM} {KEDA}",
    "pausing.unpause": f"{KINDS} {VOLSYNC} {ARGO} {HELM} {KEDA}",
    "pods.one_by_one": "apps/replicasets batch/jobs", "pods.all_at_once": "apps/replicasets batch/jobs",
    "revisions.of": APPS, "room.of": KINDS, "security.template": KINDS, "security.put": APPS,
    "rights.ask": "authorization.k8s.io/selfsubjectaccessreviews",
    "rights.lacks": "snapshot.storage.k8s.io/volumesnapshotclasses",
    "scaling.scale": "apps/deployments/scale apps/statefulsets/scale",
    "scaling.must_keep_claims": "apps/statefulsets", "scaling.since": APPS, "scaling.before": APPS,
    "syncs.end_jobs": "batch/jobs", "syncs.end_job": "batch/jobs",
    "syncs.put_cron": "batch/cronjobs", "syncs.put_daemons": "apps/daemonsets",
    "volsync.every": VOLSYNC, "volsync.waiting": VOLSYNC, "volsync.resume": VOLSYNC, "volsync.put": VOLSYNC,
    "volsync.suspend": f"{VOLSYNC} batch/jobs", "volsync.end_mover": "batch/jobs",
    "workloads.one": f"/pods {KINDS} {VOLSYNC}", "workloads.in_namespace": KINDS,
}  # fmt: skip

# What each module does is a part of what a runbook does, and has that part's rights.
PARTS = {
    "looks": rights.EVENTS, "pods": (), "storage": (), "workloads": (),
    "scaling": rights.SCALE, "syncs": rights.SYNC, "volsync": rights.SYNC,
    "attachment": rights.ATTACHED,
    "keepers": rights.KEEPERS, "gitops": rights.KEEPERS, "pausing": rights.PAUSE,
    "snapshots": (*rights.SNAPSHOT, *rights.KEEP, *rights.DROP_SNAPSHOT),
    "jobs": (*rights.JOB, *rights.CLONE), "jobtold": rights.JOB, "logs": rights.JOB,
    "jobplace": rights.SNAPSHOT, "admission": (*rights.JOB, *rights.CLONE),
    "released": (*rights.RELEASED, *rights.REBIND),
    "revisions": rights.REVISIONS, "security": rights.SECURITY, "room": rights.ROOM,
}  # fmt: skip

# What is done without where it may not be asked, and is then unknown, or told by something else.
WITHOUT = {
    ("create", "", "pods"),  # admission, dry
    ("get", "", "namespaces"), ("list", "", "resourcequotas"),  # the same, read instead
    ("list", "", "events"),  # why a pod does not start
    ("list", "", "persistentvolumeclaims"),  # those of a StatefulSet have names that can be told
    ("get", "storage.k8s.io", "csidrivers"), ("list", "storage.k8s.io", "csinodes"),
    ("list", "storage.k8s.io", "volumeattachments"),
    ("get", "storage.k8s.io", "storageclasses"),  # of a claim that has no volume yet
    ("list", "storage.k8s.io", "storageclasses"),
    ("patch", "", "persistentvolumes"),  # a copy that would stay on the storage
}  # fmt: skip


def functions(module) -> Iterator[ast.FunctionDef]:
    """The outermost: what is inside of one counts as its own."""
    for node in module.body:
        for each in node.body if isinstance(node, ast.ClassDef) else [node]:
            if isinstance(each, ast.FunctionDef):
                yield each


def requests(function) -> Iterator[tuple[tuple[str, ...], ast.expr]]:
    """The verbs and the path of each call of the `Api`, and of what is called to be called later."""
    named = dict(assigned(function))
    for call in (node for node in ast.walk(function) if isinstance(node, ast.Call)):
        said, args = call.func, call.args
        if isinstance(said, ast.Name) and said.id == "partial":
            said, *args = args
        if isinstance(said, ast.Name) and said.id in CHANGING:
            args = args[1:]
        elif not (isinstance(said, ast.Attribute) and ast.unparse(said.value) in ("api", "self.api")):
            continue
        path = args[0]
        yield VERBS[said.id if isinstance(said, ast.Name) else said.attr], named.get(ast.unparse(path), path)


def assigned(function) -> Iterator[tuple[str, ast.expr]]:
    for node in ast.walk(function):
        if isinstance(node, ast.Assign):
            (target,), value = node.targets, node.value
            several = isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple)
            pairs = zip(target.elts, value.elts, strict=True) if several else [(target, value)]
            yield from ((ast.unparse(one), of) for one, of in pairs)


def spelt(path: ast.expr) -> str:
    """GROUP/RESOURCE of `below(GROUP, "resource", …)`, with what may stand after it; "" of anything else."""
    if isinstance(path, ast.JoinedStr) and len(path.values) == 2 and isinstance(path.values[0], ast.FormattedValue):
        before = spelt(path.values[0].value)
        return before and before + str(ast.literal_eval(path.values[1]))
    if isinstance(path, ast.Call) and ast.unparse(path.func) == "below" and isinstance(path.args[1], ast.Constant):
        return f"{GROUPS[ast.unparse(path.args[0])]}/{path.args[1].value}"
    return ""


def found() -> Iterator[tuple[str, str, tuple[str, str, str]]]:
    """Module, function and right of each request."""
    for file in sorted(LIVE.glob("*.py")):
        for function in functions(ast.parse(file.read_text())):
            for verbs, path in requests(function):
                where = f"{file.stem}.{function.name}"
                for what in (spelt(path) or MEANT[where]).split():
                    group, _, resource = what.partition("/")
                    yield from ((file.stem, where, (verb, group, resource)) for verb in verbs)


USED = list(found())


def used(module=""):
    return {right for stem, _, right in USED if module in ("", stem)}


def test_requests_are_found_and_nothing_is_meant_that_is_not_asked():
    assert ("patch", "batch", "jobs") in used("jobs")
    assert ("get", "", "pods/log") in used("logs")
    assert ("list", "", "pods") in used("everything")
    unspelt = {where for where, said in MEANT.items() if said}
    assert unspelt <= {where for _, where, _ in USED}, "a function that is there no more"


def test_every_right_that_the_code_uses_is_given():
    assert used() <= set().union(*(given(role) for role in ROLES))
    beyond = used() - given("reader") - given("actor")
    assert beyond <= given("keeper") | given("gitops") | {("patch", "", "persistentvolumes")}


def test_nothing_may_be_read_that_nothing_reads():
    read = {(group, resource) for verb, group, resource in used() if verb in ("get", "list")}
    may = {(group, resource) for verb, group, resource in given("reader") if verb in ("get", "list")}
    assert may <= read


@pytest.mark.parametrize("module", PARTS)
def test_a_part_of_a_runbook_names_every_right_that_its_code_uses(module):
    named = {plain(right) for right in (*rights.LOOK, *PARTS[module])}
    assert used(module) - named <= WITHOUT


def test_who_purges_a_snapshot_that_is_kept_may_say_that_its_data_goes():
    assert {right for right in rights.DROP_SNAPSHOT if right.verb == "patch"} == set(rights.KEEP)


def test_the_account_that_the_tests_of_jobs_act_with_has_no_right_beyond_the_manifests():
    held = {
        (verb, group, resource)
        for rule in (*jobs.ACTING, *jobs.READING)
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }
    assert held <= given("reader") | given("actor")
