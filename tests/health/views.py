"""Views of a small world, built by hand: red and green for every check."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from cluster.api import Claim, ClaimRef, Container, Pod, View, Workload, WorkloadRef
from health.observed import Copies, Listing, Observed, Point, Volume

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
APP = WorkloadRef("home", "Deployment", "app")
CONFIG = ClaimRef("home", "config")
SENTINEL = ".storage/auth"


def container(name: str = "app", **changes) -> Container:
    return Container(**{"name": name, "state": "running", "ready": True, **changes})


def looping(name: str = "app", **changes) -> Container:
    told = {"state": "waiting", "ready": False, "restarts": 5, "reason": "CrashLoopBackOff", "last_exit_code": 1}
    return container(name, **{**told, "last_finished": NOW - timedelta(seconds=20), **changes})


def pod(name: str = "app-1", *containers: Container, workload: WorkloadRef = APP, **changes) -> Pod:
    told = {"namespace": workload.namespace, "name": name, "uid": name, "node": "n1", "phase": "Running", "ready": True}
    return Pod(
        **{**told, "workload": workload, "claims": ("config",), "containers": containers or (container(),), **changes}
    )


def workload(ref: WorkloadRef = APP, **changes) -> Workload:
    return Workload(
        **{"ref": ref, "uid": str(ref), "version": "1", "replicas": 1, "ready": 1, "claims": ("config",), **changes}
    )


def claim(ref: ClaimRef = CONFIG, **changes) -> Claim:
    told = {"phase": "Bound", "volume": "pv", "handle": "h", "driver": "d", "capacity": 10**9, "used": 5_000_000}
    return Claim(**{"ref": ref, "uid": f"uid-{ref}", **told, **changes})


def listing(count: int | None = 40, *, seconds_ago: float = 2, there: bool | None = True, **changes) -> Listing:
    sentinels = {} if there is None else {SENTINEL: there}
    at = NOW - timedelta(seconds=seconds_ago)
    return Listing(**{"at": at, "complete": True, "count": count, "sentinels": sentinels, **changes})


def copies(id: int = 1, **changes) -> Copies:
    told = {
        "kind": "mirror",
        "name": "mirror backups/home",
        "every": 5,
        "newest": listing(),
        "filled": listing(),
        "most": listing(41),
    }
    return Copies(**{"id": id, **told, **changes})


def archives(id: int = 2, *, there: bool = True, **changes) -> Copies:
    point = Point("archives/home/1.tar.zst", NOW - timedelta(hours=1), {SENTINEL: there})
    return copies(id, **{"kind": "archives", "name": "archives backups/home", "point": point, **changes})


def volume(*sources: Copies, id: int = 7, ref: ClaimRef = CONFIG, **changes) -> Volume:
    return Volume(**{"id": id, "ref": ref, "sentinels": (SENTINEL,), "copies": sources or (copies(),), **changes})


def observed(view: View | None = None, **changes) -> Observed:
    usual = {f"uid-{CONFIG}": 5_000_000}
    return Observed(
        **{"view": view or healthy(), "now": NOW, "volumes": (volume(),), "usual": usual, "confirm": 5, **changes}
    )


def view(**changes) -> View:
    return View(**{"at": NOW, "workloads": (workload(),), "pods": (pod(),), "claims": (claim(),), **changes})


def healthy() -> View:
    return view()


def crashed(*lines: str, **changes) -> View:
    logs = {"home/app-1/app": lines} if lines else {}
    return view(pods=(pod("app-1", looping(), ready=False),), logs=logs, **changes)


EMPTY = {"newest": listing(0, there=False), "empty_since": NOW - timedelta(seconds=12)}

# For every check: what makes it red, and what makes it green.
RED: dict[str, Observed] = {
    "crash-loop": observed(crashed()),
    "permission-denied": observed(crashed("starting", "[Errno 13] Permission denied: '/config/.run.lock'")),
    "volume-reset": observed(view(claims=(claim(used=900),), pods=(pod(onboarding=True),))),
    "backup-emptied": observed(volumes=(volume(copies(**EMPTY)),)),
    "backup-shrunk": observed(volumes=(volume(copies(newest=listing(7))),)),
    "sentinel-missing": observed(volumes=(volume(copies(newest=listing(39, there=False))),)),
}
GREEN: dict[str, Observed] = {name: observed() for name in RED}
