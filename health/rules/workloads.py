"""Checks of what runs: one finding per top controller, whatever number of its pods."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from django.utils.translation import gettext_lazy as _

from cluster.api import Claim, Container, Pod, WorkloadRef
from health.base import Evidence, Result, Verdict, check, say
from health.observed import Observed, Volume
from health.redact import redacted

RESTARTS = 3
RECENT = timedelta(minutes=10)
ALMOST_NOTHING = 0.05  # of what it usually holds
TOO_SMALL_TO_TELL = 64 * 1024  # bytes: below this a fall says nothing

DENIED = re.compile(
    r"permission denied|\berrno[ =:]*13\b|\beacces\b|operation not permitted|read-only file ?system"
    r"|s6-\S+: (?:fatal|warning): unable to .*|s6-overlay-suexec: fatal",
    re.IGNORECASE,
)
# An application that tells of a refused request is not one that may not touch its files.
OF_A_REQUEST = re.compile(
    r"\bhttps?\b|\b(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) /|\b(?:status|code|error)\W{1,3}40[13]\b|\b403\b",
    re.IGNORECASE,
)


def named(ref: WorkloadRef) -> str:
    return f"workload:{ref.namespace}/{ref.kind}/{ref.name}"


def crashing(container: Container, seen: Observed, most: int) -> bool:
    """In back-off now; or restarted often, and failed lately. Between two crashes a container is running."""
    if container.reason == "CrashLoopBackOff":
        return True
    ended = container.last_finished
    lately = ended is not None and seen.now - ended <= RECENT
    return container.restarts >= most and lately and container.last_exit_code not in (0, None)


def loops(pods: list[Pod], seen: Observed, most: int) -> list[tuple[Pod, Container]]:
    """The crashing containers, the worst first."""
    found = [(pod, each) for pod in pods for each in pod.containers if crashing(each, seen, most)]
    return sorted(found, key=lambda pair: (-pair[1].restarts, pair[0].name, pair[1].name))


def every_workload(seen: Observed) -> Iterator[tuple[WorkloadRef, list[Pod]]]:
    for ref in sorted(seen.pods.keys() | seen.workloads.keys()):
        yield ref, seen.pods.get(ref, [])


@check("crash-loop", _("Crash loop"), reads=["workloads", "pods"])
def crash_loop(seen: Observed) -> Iterator[Result]:
    """
    Three restarts or more and a failure in the last ten minutes, or in back-off; any container, sidecars too. The
    annotation `aftermath.dev/crash-loop` is another number of restarts.
    """
    for ref, pods in every_workload(seen):
        ours = seen.volume_of(ref)
        volume = ours.id if ours else None
        subject, at = named(ref), seen.view.at
        found = loops(pods, seen, seen.allowance(ref, "crash-loop", RESTARTS))
        if found:
            pod, worst = found[0]
            told = say(
                "crash-loop",
                container=worst.name,
                restarts=worst.restarts,
                exit=worst.last_exit_code if worst.last_exit_code is not None else worst.exit_code,
                pods=len({each.name for each, _container in found}),
                of=len(pods),
            )
            yield Result(subject, "fail", told, at, "pod", evidence_of_a_crash(pod, worst), volume)
        elif pods:
            yield Result(subject, "ok", say("no-crash", pods=len(pods)), at, "pod", volume=volume)
        else:
            yield Result(subject, "nothing", say("no-pods"), at, "pod", volume=volume)


def evidence_of_a_crash(pod: Pod, container: Container) -> tuple[Evidence, ...]:
    path = f"{pod}: status.{'initC' if container.init else 'c'}ontainerStatuses[{container.name}]"
    ended, code = container.last_finished, container.last_exit_code
    told = [
        (f"{path}.restartCount", str(container.restarts)),
        (f"{path}.state.{container.state}.reason", container.reason),
        (
            f"{path}.lastState.terminated.exitCode",
            "" if code is None else str(code),
        ),
        (f"{path}.lastState.terminated.finishedAt", ended.isoformat() if ended else ""),
    ]
    return tuple(Evidence(*pair) for pair in told if pair[1])


@check("permission-denied", _("Permission denied"), reads=["workloads", "pods", "logs"])
def permission_denied(seen: Observed) -> Iterator[Result]:
    """
    A container that crash-loops says in its last lines that it may not touch its files. One that is root, but without
    root's rights, was hardened too far: its files may be whole, and changing their owner would not help.
    """
    for ref, pods in every_workload(seen):
        yield denied(ref, pods, seen)


def denied(ref: WorkloadRef, pods: list[Pod], seen: Observed) -> Result:
    subject, at = named(ref), seen.view.at
    ours = seen.volume_of(ref)
    volume = ours.id if ours else None
    found = loops(pods, seen, seen.allowance(ref, "crash-loop", RESTARTS))
    if not found:
        healthy = bool(pods) and all(each.ready or each.init for pod in pods for each in pod.containers)
        verdict: Verdict = "ok" if healthy else "nothing"
        return Result(
            subject, verdict, say("no-crash" if healthy else "not-judged", pods=len(pods)), at, "log", volume=volume
        )
    unread = ""
    for pod, container in found:
        where = f"{pod}/{container.name}"
        lines = seen.view.logs.get(where)
        if lines is None or f"logs:{where}" in seen.view.blind:
            unread = unread or where
        elif line := next((line for line in reversed(lines) if speaks_of_files(line)), None):
            told = say("permission-denied", container=container.name, line=redacted(line))
            evidence = (Evidence(f"{where}: log", redacted(line)),)
            how = {"volume": volume} if volume else {}
            cure = "roll-back-security" if container.curbed else "fix-permissions"
            return Result(subject, "fail", told, at, "log", evidence, volume, cure if volume else "", how)
    if unread:
        return Result(subject, "unknown", say("no-log", where=unread), at, "log", volume=volume)
    return Result(subject, "ok", say("other-reason"), at, "log", volume=volume)


def speaks_of_files(line: str) -> bool:
    return bool(DENIED.search(line)) and not OF_A_REQUEST.search(line)


@check("volume-reset", _("Volume started over"), reads=["pods", "claims"])
def volume_reset(seen: Observed) -> Iterator[Result]:
    """
    What a volume holds fell to almost nothing against the last days, or its application answers as if it had never
    been set up. Only for volumes whose data matter: a new application rightly shows its first page.
    """
    for volume in sorted(seen.volumes, key=lambda each: each.ref):
        if claim := seen.claims.get(volume.ref):
            yield reset(volume, claim, seen)
        else:
            gone = say("no-claim", claim=str(volume.ref))
            yield Result(volume.subject, "unknown", gone, seen.view.at, "claim", volume=volume.id)


def reset(volume: Volume, claim: Claim, seen: Observed) -> Result:
    at, used, usual = seen.view.at, claim.used, seen.usual.get(claim.uid)
    users = sorted(seen.users.get(claim.ref, []), key=str)
    evidence = [Evidence(f"{pod}: onboarding", "true") for pod in users if pod.onboarding]
    fell = used is not None and usual is not None and usual >= TOO_SMALL_TO_TELL and used < usual * ALMOST_NOTHING
    if fell:
        evidence.append(Evidence(f"{claim.ref}: used bytes", f"{used} of {usual}"))
    if evidence:
        code = "onboarding" if users and any(pod.onboarding for pod in users) else "fell"
        told = say(code, claim=str(claim.ref), used=used, usual=usual)
        how = {"volume": volume.id}
        return Result(volume.subject, "fail", told, at, "claim", tuple(evidence), volume.id, "restore-volume", how)
    if used is None:
        return Result(volume.subject, "unknown", say("no-usage", claim=str(claim.ref)), at, "claim", volume=volume.id)
    if usual is None:
        return Result(volume.subject, "nothing", say("no-history", used=used), at, "claim", volume=volume.id)
    return Result(volume.subject, "ok", say("holds", used=used, usual=usual), at, "claim", volume=volume.id)
