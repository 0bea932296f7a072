"""Logs: of one container, and the last words of all that fail."""

from __future__ import annotations

import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from cluster.api import Container, Pod
from cluster.errors import ClusterError, Unreachable
from cluster.kubernetes import Api
from cluster.live.objects import CORE, below

MOST = 20  # containers whose last words are read
LINES = 20
LATELY = timedelta(minutes=10)
LONGEST = 256 * 1024  # bytes of the last lines
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\S+ ?")
CUT = re.compile(r"[-\dT]{1,11}")  # what is left of a time where the bytes that are asked for end in it


class NoLog(Unreachable):
    """Its node answers, and cannot read the log: for a moment, or for ever where it has thrown the container away."""


def tail(api: Api, pod: Pod, container: str, lines: int, *, previous: bool = False) -> tuple[str, ...]:
    """Raises Refused while there is no log, Unreachable when its node has it no more or not yet."""
    query = {"container": container, "tailLines": str(lines), "limitBytes": str(LONGEST)}
    return written(api, pod.namespace, pod.name, **query, **({"previous": "true"} if previous else {}))


def written(api: Api, namespace: str, pod: str, **query: str) -> tuple[str, ...]:
    """
    The lines of a log as the container wrote them. A node that cannot read one may say so in its place, as if all were
    well; so the lines are asked for with their time, and what comes without one is the node's words: NoLog.
    """
    said = api.text(f"{below(CORE, 'pods', namespace, pod)}/log", timestamps="true", **query)
    lines = said.removesuffix("\n").split("\n") if said else []
    if len(lines) > 1 and CUT.fullmatch(lines[-1]):
        lines.pop()
    if strange := next((line for line in lines if not STAMP.match(line)), None):
        raise NoLog(strange.strip())
    return tuple(STAMP.sub("", line, count=1).rstrip("\r") for line in lines)


def last_words(
    api: Api, pool: ThreadPoolExecutor, pods: Iterable[Pod], at: datetime
) -> tuple[dict[str, tuple[str, ...]], dict[str, str]]:
    """The last lines of the containers that fail, the worst first; and why for each whose log was not read."""
    failing = [(pod, c) for pod in pods if not pod.deleting for c in pod.containers if fails(c, at)]
    failing.sort(key=lambda pair: (pair[1].reason != "CrashLoopBackOff", -pair[1].restarts, str(pair[0])))
    asked = {where(*pair): pool.submit(words, api, *pair) for pair in failing[:MOST]}
    logs: dict[str, tuple[str, ...]] = {}
    unread = {f"logs:{where(*pair)}": f"only the worst {MOST} are read" for pair in failing[MOST:]}
    for name, answer in asked.items():
        try:
            logs[name] = answer.result()
        except ClusterError as e:
            unread[f"logs:{name}"] = str(e)
    return logs, unread


def where(pod: Pod, container: Container) -> str:
    return f"{pod}/{container.name}"


def fails(container: Container, at: datetime) -> bool:
    """In back-off, or it failed a short while ago: between two crashes a container is running."""
    if container.reason == "CrashLoopBackOff":
        return True
    lately = container.last_finished is not None and at - container.last_finished <= LATELY
    return container.restarts > 0 and lately and container.last_exit_code not in (0, None)


def words(api: Api, pod: Pod, container: Container) -> tuple[str, ...]:
    """Of the one that crashed: in back-off that is the last one, and while the next one runs the one before."""
    return tail(api, pod, container.name, LINES, previous=container.state == "running")
