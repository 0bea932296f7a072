"""
How a job fares: by its Job, its pod, and what the agent said. Nothing is remembered between two looks.

The agent's last line is in its log and, if it is short enough, in the pod's status, which a rotated log does not touch.
A pod that never comes to run says why in events and in its status; what will not mend by waiting is given up, by the
Job's own deadline, so that no pod can come after the failure was told.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from cluster.api import Job
from cluster.errors import ClusterError, Conflict, Forbidden, NotFound, Refused, Unreachable
from cluster.kubernetes import Api
from cluster.live.jobobjects import JobObject, Pod
from cluster.live.jobpod import CONTAINER, GAVE_UP, SAID
from cluster.live.logs import NoLog, written
from cluster.live.objects import BATCH, CORE, Condition, EventObject, Meta, Waiting, below, pointer

log = logging.getLogger(__name__)

TO_BE_ADMITTED, TO_HAVE_AN_IMAGE, TO_HAVE_A_LOG = 60.0, 120.0, 300.0  # seconds of patience
LINES, LINES_AT_THE_END = 10, 400  # of the log; a long line is kept by the node in pieces of 16 KiB that count as lines
NO_IMAGE = {"ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName", "ImageInspectError"}
NO_START = {"StartError", "ContainerCannotRun", "ContainerStatusUnknown"}

Words = dict[str, dict[str, Any]]


def told(api: Api, here: JobObject) -> Job:
    """Raises Unreachable when it has ended and what the agent said last cannot be read just now."""
    if kept := here.metadata.annotations.get(SAID):
        return msgspec.json.decode(kept, type=Job)
    pod = pod_of(api, here)
    name, end = here.metadata.name, here.is_("Complete") or here.is_("Failed")
    asked_to_end = here.is_("FailureTarget") or (pod is not None and pod.metadata.deletion_timestamp)
    ended = end is not None or (pod is not None and pod.over and not asked_to_end)
    words = said(api, pod, ended=ended)
    progress = words.get("progress", {})
    if ended and "result" in words:
        return Job(name, "done", progress, words["result"])
    if ended:
        return Job(name, "failed", progress, error=why(api, here, pod, end, words))
    if pod is not None and (pod.agent.running or pod.agent.terminated):
        return Job(name, "running", {**progress, **lingering(pod)})
    return Job(name, "pending", waited(api, here, pod))


def pod_of(api: Api, here: JobObject) -> Pod | None:
    """The last one that it had; there is never more than one that is not over."""
    return max(pods_of(api, here), key=lambda p: (not p.over, p.metadata.creation_timestamp), default=None)


def pods_of(api: Api, here: JobObject) -> tuple[Pod, ...]:
    mine = f"batch.kubernetes.io/controller-uid={here.metadata.uid}"
    return api.list(below(CORE, "pods", here.metadata.namespace), Pod, labelSelector=mine).items


# --- What the agent said ---


def said(api: Api, pod: Pod | None, *, ended: bool) -> Words:
    """The last line of each kind."""
    if pod is None or not (pod.agent.running or pod.agent.terminated):
        return {}
    left = message(pod.agent.terminated.message) if pod.agent.terminated else {}
    try:
        lines = LINES_AT_THE_END if ended else LINES
        meta = pod.metadata
        words = spoken(written(api, meta.namespace, meta.name, container=CONTAINER, tailLines=str(lines)))
    except (NotFound, Refused):  # it is not there yet, or no more
        words = {}
    except (Unreachable, Forbidden) as e:  # its node does not answer; the pod's status may say enough
        if ended and not left and not (isinstance(e, NoLog) and ended_long_ago(pod)):
            raise
        words = {}
    return words | left


def ended_long_ago(pod: Pod) -> bool:
    """Its node will not find again what the agent said. It is as one that was killed: it may be done again."""
    return pod.agent.terminated is not None and late(pod.agent.terminated.finished_at, datetime.now(UTC), TO_HAVE_A_LOG)


def spoken(lines: Iterable[str]) -> Words:
    words: Words = {}
    for line in lines:
        words |= message(line)
    return words


def message(line: str) -> Words:
    try:
        return msgspec.json.decode(line, type=dict[str, dict[str, Any]])
    except (msgspec.MsgspecError, UnicodeError):
        return {}  # not of the agent's making


# --- Why it failed ---


def why(api: Api, here: JobObject, pod: Pod | None, end: Condition | None, words: Words) -> Mapping[str, Any]:
    """The error, empty for a pod that was killed: what it did may be done again."""
    if given := here.metadata.annotations.get(GAVE_UP):
        return message(given).get("error", {})
    if end is not None and end.reason == "DeadlineExceeded":
        told = f"It was not done after {here.spec.active_deadline_seconds} s, and was ended."
        return error("deadline", " ".join(filter(None, (told, last_warning(api, here)))))
    if (by_agent := words.get("error", {})) and by_agent.get("code") != "terminated":
        return by_agent
    ended = pod.agent.terminated if pod is not None else None
    if ended is not None and ended.reason == "OOMKilled":
        return error("out-of-memory", "It took more memory than the limit of the jobs' profile allows.")
    if ended is not None and ended.reason in NO_START and ended.reason != "ContainerStatusUnknown":
        return error("no-image", ended.message or ended.reason)
    return {}


def error(code: str, words: str) -> dict[str, Any]:
    return {"code": code, "message": words, "params": {}}


def last_warning(api: Api, here: JobObject) -> str:
    """What the cluster said last of the pods that it had, which may be gone."""
    mine = f"{here.metadata.name}-"
    found = warnings(api, here.metadata.namespace, "involvedObject.kind=Pod")
    return newest([e for e in found if e.involved_object.name.startswith(mine)])


# --- What it waits for ---


def waited(api: Api, here: JobObject, pod: Pod | None) -> dict[str, Any]:
    """Progress of a job that does not run yet: what it waits for, in the cluster's words. Gives up what is in vain."""
    if here.spec.suspend:
        return {"waiting": "It was suspended by somebody."}
    now = datetime.now(UTC)
    if pod is None:
        failed = [e for e in about(api, here.metadata) if e.reason == "FailedCreate"]
        words = newest(failed)
        in_vain = words and late(here.status.start_time, now, TO_BE_ADMITTED)
        code = "not-admitted"
    else:
        waiting = pod.agent.waiting or Waiting()
        no_image = waiting.reason in NO_IMAGE
        words = no_image_words(waiting) if no_image else words_of(api, pod, waiting)
        in_vain = no_image and late(pod.metadata.creation_timestamp, now, TO_HAVE_AN_IMAGE)
        code = "no-image"
    if in_vain and GAVE_UP not in here.metadata.annotations:
        give_up(api, here, error(code, words))
    return {"waiting": words} if words else {}


def no_image_words(waiting: Waiting) -> str:
    return waiting.message or waiting.reason


def words_of(api: Api, pod: Pod, waiting: Waiting) -> str:
    """What keeps it from a node; else the newest warning since it has one; else what its container waits for."""
    unplaced = next((c for c in pod.status.conditions if c.type == "PodScheduled" and c.status == "False"), None)
    if unplaced is not None:
        return unplaced.message
    return newest([e for e in about(api, pod.metadata) if e.reason != "FailedScheduling"]) or waiting.message


def lingering(pod: Pod) -> dict[str, str]:
    """A pod that was to be gone by now may still be at work, on a node that does not answer: nobody can know."""
    if not late(pod.metadata.deletion_timestamp, datetime.now(UTC), 0):
        return {}
    return {"waiting": f"Its pod was asked to end and has not: does the node {pod.spec.node_name} answer?"}


def late(since: datetime | None, now: datetime, patience: float) -> bool:
    return since is not None and (now - since).total_seconds() > patience


def about(api: Api, meta: Meta) -> list[EventObject]:
    return warnings(api, meta.namespace, f"involvedObject.uid={meta.uid}")


def warnings(api: Api, namespace: str, which: str) -> list[EventObject]:
    try:
        return list(
            api.list(below(CORE, "events", namespace), EventObject, fieldSelector=f"{which},type=Warning").items
        )
    except (Forbidden, Unreachable) as e:
        log.warning("The events of %s cannot be read: %s", namespace, e)
        return []


def newest(events: list[EventObject]) -> str:
    return max(events, key=lambda e: e.at).message if events else ""


def give_up(api: Api, here: JobObject, reason: dict[str, Any]) -> None:
    """Let the Job end by its deadline now. It has failed only when the cluster says so."""
    at = pointer("spec", "activeDeadlineSeconds")
    operations: list[dict[str, Any]] = [
        {"op": "test", "path": at, "value": here.spec.active_deadline_seconds},
        {"op": "replace", "path": at, "value": 1},
        {"op": "add", "path": pointer("metadata", "annotations", GAVE_UP), "value": json.dumps({"error": reason})},
    ]
    try:
        api.patch(below(BATCH, "jobs", here.metadata.namespace, here.metadata.name), operations)
    except Conflict:
        return
    except ClusterError as e:
        log.warning("The job %s/%s cannot be given up: %s", here.metadata.namespace, here.metadata.name, e)
