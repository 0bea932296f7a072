"""On a real Kubernetes: logs and events of what crashes, and of what has not even begun."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from cluster.api import ClaimRef, Container, Pod, WorkloadRef
from cluster.live.logs import MOST, fails, last_words, tail
from tests.cluster.kit import bare, claim, container, deployment, pods

NO_LOG = "unable to retrieve container logs for containerd://4f2a"
CRASHES = "echo 'app: /config/.storage: Permission denied'; sleep 2; exit 13"  # long enough to be seen while it runs


@pytest.fixture(scope="module")
def data(ground):
    ground.make(claim("data"), deployment("house", pods(("data",), container("app", CRASHES, "data"))))
    return ClaimRef(ground.namespace, "data")


def test_what_it_said_before_it_crashed_is_read_in_back_off_and_while_it_tries_again(cluster, ground, data):
    states = set()

    def seen_in_both():
        view = cluster.view()
        for pod in view.pods:
            # For a moment the cluster may have forgotten the last one, or still hold the first for the last.
            if pod.namespace == data.namespace and fails(pod.containers[0], view.at):
                name = f"{pod}/app"
                assert name in view.logs or f"logs:{name}" in view.blind
                assert all("Permission denied" in line for line in view.logs.get(name, ()))
                if view.logs.get(name):
                    states.add(pod.containers[0].state)
        return {"running", "waiting"} <= states

    ground.until(lambda: cluster.pods_using(data), "the pod")
    ground.until(seen_in_both, "a look in back-off and a look while it runs", seconds=90)
    (pod,) = cluster.pods_using(data)
    assert pod.containers[0].last_exit_code == 13


def test_its_warnings_are_in_the_view_and_all_its_events_with_its_claim(cluster, ground, data):
    ground.until(lambda: any(e.reason == "BackOff" for e in cluster.events(data)), "the back-off")
    (warning,) = [
        e for e in cluster.view().events if e.reason == "BackOff" and e.subject.startswith(f"{data.namespace}/house-")
    ]
    assert warning.warning
    told = cluster.events(data)
    assert list(told) == sorted(told, key=lambda e: e.at)
    assert {"Provisioning", "ScalingReplicaSet", "SuccessfulCreate", "Scheduled", "BackOff"} <= {e.reason for e in told}
    assert warning.message in {e.message for e in told}


def test_the_log_of_a_container_that_has_not_begun_is_empty(cluster, ground, data):
    spec = pods((), {**container("app", "true"), "image": "nobody.example/none:1"})
    ground.make(bare("waits", spec), claim("other"))

    def waiting():
        return next((p for p in cluster.view().pods if str(p) == f"{ground.namespace}/waits" and p.node), None)

    pod = ground.until(waiting, "the pod")
    assert cluster.log(pod, "app") == ()


class Library:
    """An API server that has nothing but logs, and tells how many of them it was asked for."""

    asked = 0

    def text(self, path, **query):
        self.asked += 1
        return f"2026-11-23T19:00:00.123456789Z {path} {query.get('previous', '')}\n"


class Says:
    """An API server that has this in place of every log."""

    def __init__(self, words):
        self.words = words

    def text(self, path, **query):
        return self.words


@pytest.mark.parametrize("stamped", ["", "2026-11-23T19:00:00.123456789Z app: begins\n"])
def test_what_a_node_says_in_place_of_a_log_or_after_its_half_is_not_taken_for_one(stamped):
    pod = Pod("home", "web", "1", "node", "Running", False, WorkloadRef("home", "Deployment", "web"),
              containers=(back_off(restarts=3),))  # fmt: skip
    with ThreadPoolExecutor(2) as pool:
        logs, unread = last_words(Says(stamped + NO_LOG), pool, [pod], datetime.now(UTC))
    assert logs == {}
    assert unread == {"logs:home/web/app": NO_LOG}


def test_a_log_is_read_as_it_was_written():
    stamp = "2026-11-23T19:00:00.123456789Z "
    written_so = (
        f"{stamp}one\u2028two\f three \n{stamp}\n2026-11-23T20:00:00+01:00 2026-11-23T19:00:00Z said\r\n{stamp}cut"
    )
    pod = Pod("home", "web", "1", "node", "Running", False, None)
    assert tail(Says(written_so), pod, "app", 9) == ("one\u2028two\f three ", "", "2026-11-23T19:00:00Z said", "cut")
    assert tail(Says(""), pod, "app", 9) == ()


def test_a_log_that_is_cut_in_the_time_of_its_last_line_is_read():
    """So many bytes are asked for, and the node stops after as many."""
    said = "2026-11-23T19:00:00.123456789Z one\n2026-11-23T19:00:01.123456789Z two\n"
    pod = Pod("home", "web", "1", "node", "Running", False, None)
    for end in range(len("2026-11-23T") + 1):
        assert tail(Says(said + "2026-11-23T"[:end]), pod, "app", 9) == ("one", "two")


def test_of_very_many_that_fail_the_worst_are_read_and_the_others_are_blind():
    ref = WorkloadRef("home", "Deployment", "web")
    many = [
        Pod("home", f"web-{n}", str(n), "node", "Running", False, ref, containers=(back_off(restarts=n),))
        for n in range(MOST + 5)
    ]
    api = Library()
    with ThreadPoolExecutor(2) as pool:
        logs, unread = last_words(api, pool, many, datetime.now(UTC))
    assert (len(logs), api.asked) == (MOST, MOST)
    assert set(unread) == {f"logs:home/web-{n}/app" for n in range(5)}


def back_off(restarts):
    return Container("app", "waiting", reason="CrashLoopBackOff", restarts=restarts)
