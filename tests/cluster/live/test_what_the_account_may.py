"""On a real Kubernetes: which rights the account of the program has, asked of the server before anyone needs them."""

from __future__ import annotations

import pytest

from cluster.api import Right
from cluster.errors import Forbidden, Unreachable
from cluster.kubernetes import Api
from cluster.live import rights
from tests.cluster import kit

PODS, SECRETS = Right("list", "", "pods"), Right("create", "", "secrets")
SCALE, NODES = Right("patch", "apps", "deployments", "scale"), Right("list", "", "nodes", namespaced=False)
ALL = [PODS, SECRETS, SCALE, NODES]


def test_each_right_is_told_by_itself(may, ground):
    few = may(("", "pods"), ("apps", "deployments/scale"), verbs=("list", "patch"))
    assert few.allowed(ground.namespace, ALL) == {PODS: True, SECRETS: False, SCALE: True, NODES: False}


def test_a_right_that_is_not_of_a_namespace_holds_in_all(may, ground):
    assert may(("", "nodes")).allowed("never-there", [NODES]) == {NODES: True}


def test_the_administrator_may_all_of_it(cluster, ground):
    assert all(cluster.allowed(ground.namespace, ALL).values())


def test_a_question_changes_nothing_so_it_is_asked_again_when_its_answer_is_lost(ground):
    class Once(Api):
        """Loses the first answer."""

        def __init__(self):
            self.client, self.lost = ground.api.client, 0

        def create(self, path, body, *, dry=False):
            answer = super().create(path, body, dry=dry)
            if not self.lost:
                self.lost = 1
                raise Unreachable("lost on the way back")
            return answer

    lossy = Once()
    assert rights.allowed(lossy, ground.namespace, [PODS]) == {PODS: True}
    assert lossy.lost


def test_a_right_is_asked_for_once_however_often_it_is_named(ground, monkeypatch):
    asked = []
    create = ground.api.create

    def counting(path, body, **more):
        asked.append(body["spec"]["resourceAttributes"]["resource"])
        return create(path, body, **more)

    monkeypatch.setattr(ground.api, "create", counting)
    assert len(rights.allowed(ground.api, ground.namespace, ALL * 5)) == len(ALL)
    assert sorted(asked) == sorted(right.resource for right in ALL)


def test_of_a_volume_whose_driver_is_not_here_it_is_said_that_it_may_be_gone(may, cluster, ground):
    with kit.foreign(ground.api, ground.namespace) as claim:
        lacks = cluster.lacks(claim)
        assert lacks.keys() == {"snapshots", "driver"}
        assert kit.FOREIGN in lacks["driver"]
        few = may(("", "persistentvolumeclaims"), ("", "persistentvolumes"), verbs=("get", "list"))
        with pytest.raises(Forbidden):  # of the classes
            few.lacks(claim)


def test_classes_of_snapshots_that_may_not_be_read_are_as_good_as_none(may, cluster):
    assert cluster.lacks() == {}
    assert "volumesnapshotclasses" in may().lacks()["snapshots"]
