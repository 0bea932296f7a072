"""
A sweep of 10,000 pods, 1,000 claims and 100 nodes, judged by every check there is: seconds, and memory at its peak.

One pod in fifty crash-loops and one claim in twenty is a volume of ours with two sources, so that the rules do find
something. The memory counts what the look itself holds and what judging adds, not the program around it.
"""

from __future__ import annotations

import statistics
import time
import tracemalloc
from datetime import UTC, datetime, timedelta

from bench.figure import Figure
from cluster.api import Claim, ClaimRef, Container, Pod, View, Workload, WorkloadRef
from health.base import judge
from health.observed import Copies, Listing, Observed, Point, Volume
from health.rules import all_checks

PODS, CLAIMS, NODES = 10_000, 1_000, 100
NAMESPACES, REPLICAS = 50, 4
SECONDS, BYTES = 2.0, 150_000_000
TURNS = 5
NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
LINES = tuple(
    f"03:00:{second:02} the application says something of a usual length, line {second}" for second in range(20)
)


def measure(turns: int = TURNS) -> list[Figure]:
    """Two figures: seconds, the median of a few turns, and bytes at the peak of one."""
    all_checks()
    times = []
    for _ in range(turns):
        seen = observed()
        start = time.perf_counter()
        judged(seen)
        times.append(time.perf_counter() - start)
    tracemalloc.start()
    found = judged(observed())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert found > PODS // 100, "The rules found next to nothing: this measures nothing."
    name = f"sweep of {PODS:,} pods, {CLAIMS:,} claims, {len(all_checks())} checks"
    return [
        Figure(name, statistics.median(times), SECONDS, "s", "the aim"),
        Figure(f"{name}, memory", float(peak), float(BYTES), "B", "the aim"),
    ]


def judged(seen: Observed) -> int:
    """How many subjects fail."""
    judgements = [judge(check, seen) for check in all_checks()]
    return sum(result.verdict == "fail" for judgement in judgements for result in judgement.results)


def observed() -> Observed:
    claims = [ClaimRef(f"team-{i % NAMESPACES}", f"data-{i}") for i in range(CLAIMS)]
    return Observed(
        view=view(claims),
        now=NOW,
        volumes=tuple(volume(number, ref) for number, ref in enumerate(claims[::20])),
        usual={f"uid-{ref}": 5_000_000 for ref in claims},
    )


def view(claims: list[ClaimRef]) -> View:
    pods = [pod(i, claims[i // REPLICAS % CLAIMS]) for i in range(PODS)]
    refs = sorted({each.workload for each in pods})
    return View(
        at=NOW,
        workloads=tuple(Workload(ref, str(ref), "1", REPLICAS, REPLICAS) for ref in refs),
        pods=tuple(pods),
        claims=tuple(Claim(ref, f"uid-{ref}", "Bound", "pv", "h", "d", 10**9, used=4_000_000) for ref in claims),
        logs={f"{each}/app": LINES for each in pods if each.containers[0].reason},
    )


def pod(number: int, claim: ClaimRef) -> Pod:
    name = f"app-{number // REPLICAS}"
    bad = number % 50 == 0
    app = Container(
        "app",
        "waiting" if bad else "running",
        image="registry.example.org/team/application:1.2.3",
        ready=not bad,
        restarts=7 if bad else 0,
        reason="CrashLoopBackOff" if bad else "",
        last_exit_code=1 if bad else None,
        last_finished=NOW - timedelta(minutes=1) if bad else None,
        started=NOW - timedelta(days=2),
    )
    side = Container("sidecar", "running", image="registry.example.org/team/sidecar:1.2.3", ready=True)
    return Pod(
        namespace=claim.namespace,
        name=f"{name}-{number}",
        uid=f"00000000-0000-4000-8000-{number:012}",
        node=f"node-{number % NODES}",
        phase="Running",
        ready=not bad,
        workload=WorkloadRef(claim.namespace, "Deployment", name),
        claims=(claim.name,),
        containers=(app, side),
    )


def volume(number: int, ref: ClaimRef) -> Volume:
    there = {".storage/auth": number % 10 != 0}
    newest = Listing(NOW, True, 0 if number % 10 == 0 else 400, sentinels=there)
    before = Listing(NOW - timedelta(hours=1), True, 400, sentinels=there)

    def source(id: int, kind: str, point: Point | None = None) -> Copies:
        since = NOW - timedelta(minutes=9)
        return Copies(id, kind, f"{kind} backups/{ref}", 300.0, newest, before, since, before, point)

    archives = source(2 * number + 1, "archives", Point(f"archives/{ref}/1.tar.zst", NOW, there))
    return Volume(number, ref, (".storage/auth",), (source(2 * number, "mirror"), archives))
