"""Syncs: the real rclone from a claim's files to the range's S3 server, as the command that pods show would do it."""

from __future__ import annotations

import os
import signal
from datetime import datetime, timedelta
from pathlib import Path
from uuid import uuid4

from cluster.api import ClaimRef
from cluster.range import errands, store
from cluster.range.ground import Ground
from cluster.range.objects import PodObject, State, SyncPart, WorkloadObject

FLAGS = "--checksum --skip-links --exclude '.aftermath/**' --exclude 'lost+found/**'"
IMAGE = "rclone/rclone:1.71"
PATIENCE = 60  # seconds for one run
LOG_LINES = 60


def script(verb: str, mount: str, to: str, every: float, *, loops: bool) -> str:
    """What the container runs, as people read it."""
    once = f"rclone {verb} {mount} s3:{to} {FLAGS}"
    return f"while true; do {once}; sleep {every:g}; done" if loops else once


def folder(ground: Ground, workload: WorkloadObject) -> Path:
    return ground.directory / "syncs" / workload.uid


def turn(ground: Ground, now: datetime) -> None:
    """End what may no longer run, take in what has ended, start what is due."""
    seen = ground.objects.read()
    for key, workload in seen.workloads.items():
        if workload.sync is None:
            continue
        here = folder(ground, workload)
        if not active(seen, workload):
            errands.end(here, signal.SIGKILL)
        elif not errands.alive(here) and here not in ground.children and due(workload.sync, now):
            start(ground, key, workload, workload.sync, now)
        collect(ground, key, here, now)


def active(state: State, workload: WorkloadObject) -> bool:
    """Whether its program may run: a CronJob's unless it is suspended, any other's while a pod of it does."""
    if workload.kind == "CronJob":
        return not workload.suspended
    return any(p.state == "running" and not p.deleting for p in pods(state, workload))


def pods(state: State, workload: WorkloadObject) -> list[PodObject]:
    return [pod for pod in state.pods.values() if pod.ref == workload.ref]


def due(sync: SyncPart, now: datetime) -> bool:
    return sync.due is None or sync.due <= now


def start(ground: Ground, key: str, workload: WorkloadObject, sync: SyncPart, now: datetime) -> None:
    here = folder(ground, workload)
    access = store.access(ground.directory)
    if not store.answers(access.port):
        put_off(ground, key, sync, now, "the store does not answer")
        return
    source = ground.volumes.data(ClaimRef(workload.namespace, sync.claim))
    with errands.place(here) as lock:
        with ground.objects.change() as state:
            if key not in state.workloads or not active(state, state.workloads[key]):
                return
            if workload.kind == "CronJob":
                add_pod(state, workload, now)
        ground.children[here] = errands.begin(here, lock, command(sync, source), environment(access))
    if ground.pace.waits:
        ground.children[here].wait(PATIENCE)


def command(sync: SyncPart, source: Path) -> list[str]:
    flags = [flag.strip("'") for flag in FLAGS.split()]
    once = ["--retries", "1", "--low-level-retries", "1", "--contimeout", "2s", "--timeout", "20s"]
    return [store.rclone(), sync.verb, str(source), f"range:{sync.to}", *flags, *once]


def environment(access: store.Access) -> dict[str, str]:
    remote = {
        "TYPE": "s3",
        "PROVIDER": "Rclone",
        "ENDPOINT": access.endpoint,
        "ACCESS_KEY_ID": access.key,
        "SECRET_ACCESS_KEY": access.secret,
        "NO_CHECK_BUCKET": "true",
    }
    return {
        "RCLONE_CONFIG": os.devnull,
        "RCLONE_LOG_LEVEL": "NOTICE",
        "RCLONE_STATS": "0",
    } | {f"RCLONE_CONFIG_RANGE_{name}": value for name, value in remote.items()}


def add_pod(state: State, workload: WorkloadObject, now: datetime) -> None:
    uid = str(uuid4())
    pod = PodObject(
        namespace=workload.namespace,
        name=f"{workload.name}-{uid[:8]}",
        uid=uid,
        kind=workload.kind,
        owner=workload.name,
        container=workload.container,
        image=workload.image,
        command=workload.command,
        claims=workload.claims,
        created=now,
        started=now,
        state="running",
        revision=workload.revision,
    )
    state.pods[pod.key] = pod


def collect(ground: Ground, key: str, here: Path, now: datetime) -> None:
    """Take in a run that has ended: its words go into the log, its next time is set, a CronJob's pod goes."""
    child = ground.children.get(here)
    if child is None or child.poll() is None:
        return
    del ground.children[here]
    said = errands.lines(here / "err")[-5:]
    told = [*said, f"ended with code {child.returncode}"] if child.returncode else said or ["synced"]
    with ground.objects.change() as state:
        workload = state.workloads.get(key)
        if workload is None or workload.sync is None:
            return
        if due(workload.sync, now):  # else somebody put it off meanwhile
            workload.sync.due = now + timedelta(seconds=workload.sync.every)
        for pod in pods(state, workload):
            pod.log = [*pod.log, *(f"{now:%H:%M:%S} {line}" for line in told)][-LOG_LINES:]
            if workload.kind == "CronJob":
                del state.pods[pod.key]


def put_off(ground: Ground, key: str, sync: SyncPart, now: datetime, why: str) -> None:
    with ground.objects.change() as state:
        workload = state.workloads[key]
        assert workload.sync is not None
        workload.sync.due = now + timedelta(seconds=sync.every)
        for pod in pods(state, workload):
            pod.log = [*pod.log, f"{now:%H:%M:%S} {why}"][-LOG_LINES:]
