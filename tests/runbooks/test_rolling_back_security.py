"""An application that was hardened too far gets the security context back that it ran well with."""

from __future__ import annotations

import pytest
import yaml
from django.urls import reverse

from cluster.errors import Refused
from cluster.range import faults
from runbooks import actions
from runbooks.acts.workloads import Healthy
from runbooks.base import NotYet
from runbooks.library.roll_back_security import RollBackSecurity
from runbooks.models import Pause
from runbooks.records import Rows
from runbooks.sentences import say
from runbooks.world import Patience, World
from tests.runbooks.conftest import HOME, drafted, finish, settle, started
from tests.runbooks.test_reattaching import Otherwise

pytestmark = pytest.mark.django_db


@pytest.fixture
def hardened(world):
    world.break_("hardened")
    settle(world)
    assert not world.workload_using(HOME).ready
    return world


def security(world) -> dict:
    return world.fingerprint()["security"]["home/Deployment/home-assistant"]


def test_it_runs_again(hardened, volume, by):
    run = started(RollBackSecurity(volume=volume.pk), hardened, by=by)
    assert finish(run, hardened) == "done", run.why
    assert security(hardened) == {"": {"seccompProfile": {"type": "RuntimeDefault"}}}
    assert hardened.workload_using(HOME).ready == 1


def test_what_changes_is_shown_key_by_key_before(hardened, volume, by, client, alice):
    client.force_login(alice)
    run = drafted(RollBackSecurity(volume=volume.pk), hardened, by=by)
    changes = {(o["where"], o["key"]): (o["was"], o["to"]) for o in run.objections if o["code"] == "security-change"}
    assert changes[("home-assistant", "allowPrivilegeEscalation")] == (False, None)
    page = client.get(reverse("run", args=[run.pk])).text
    assert "home-assistant: allowPrivilegeEscalation, now false, becomes not set." in page


def test_taken_back_it_is_hardened_again(hardened, volume, by):
    before = security(hardened)
    run = started(RollBackSecurity(volume=volume.pk), hardened, by=by)
    assert finish(run, hardened) == "done", run.why
    actions.undo(run, by=by)
    assert finish(run, hardened) == "undone"
    assert security(hardened) == before


def test_git_would_put_it_back_so_it_is_paused_and_the_patch_is_shown(hardened, volume, by, client, alice):
    client.force_login(alice)
    faults.heal(hardened.ground)
    run = started(RollBackSecurity(volume=volume.pk, minutes=30), hardened, by=by)
    assert finish(run, hardened) == "done", run.why
    settle(hardened)
    assert "home-assistant" not in security(hardened)
    assert Pause.objects.get().ended is None, "until somebody has committed it"
    patch = yaml.safe_load(run.runbook.to_commit(run.sight))
    [container] = patch["spec"]["template"]["spec"]["containers"]
    assert container["securityContext"] == {"allowPrivilegeEscalation": None, "capabilities": None}
    assert "allowPrivilegeEscalation: null" in client.get(reverse("run", args=[run.pk])).text


def test_without_another_template_there_is_nothing_to_go_back_to(world, volume, by):
    whole = world.revisions(world.workload_using(HOME).ref)
    only = tuple(r for r in whole if r.current)
    run = drafted(RollBackSecurity(volume=volume.pk), Otherwise(world, revisions=lambda ref: only), by=by, range_=world)
    assert [o["code"] for o in run.objections if o["stops"]] == ["no-other-revision"]


def test_a_namespace_that_would_refuse_such_pods_says_so_before_anything_happens(hardened, volume, by, client, alice):
    client.force_login(alice)

    def refused(ref, *, was, to, dry=False):
        raise Refused('violates PodSecurity "restricted:latest": allowPrivilegeEscalation != false')

    cluster = Otherwise(hardened, set_security=refused)
    run = drafted(RollBackSecurity(volume=volume.pk), cluster, by=by, range_=hardened)
    assert [o["code"] for o in run.objections if o["stops"]] == ["dry-refused"]
    assert "violates PodSecurity" in client.get(reverse("run", args=[run.pk])).text
    with pytest.raises(actions.HasObjections):
        actions.start(run, typed=str(volume), by=by)


def test_pods_of_the_template_before_are_no_proof_that_the_new_one_runs(world):
    """They may be ready for as long as nobody has replaced them."""
    ref = world.workload_using(HOME).ref
    was = next(r for r in world.revisions(ref) if r.current).security
    world.set_security(ref, was=was, to={**was, "home-assistant": {"readOnlyRootFilesystem": False}})
    asked = World(world, Rows(), "am-1", patience=Patience(0, 0))
    assert Healthy(ref, HOME, 1).do(asked) == {"ready": 1}
    with pytest.raises(NotYet) as waits:
        Healthy(ref, HOME, 1, anew=True).do(asked)
    assert waits.value.waiting.code == "rolling-out"
    assert next(r for r in world.revisions(ref) if not r.current).name in say(waits.value.waiting.as_json())
    settle(world)
    assert Healthy(ref, HOME, 1, anew=True).do(asked) == {"ready": 1}


def test_the_runbook_waits_for_pods_of_the_new_template(hardened, volume, by):
    run = drafted(RollBackSecurity(volume=volume.pk), hardened, by=by)
    assert [act.anew for act in run.plan if isinstance(act, Healthy)] == [True]
