"""
Whether an application answers as if it had never been set up. Kubernetes cannot tell, so its pods say how to ask:

    aftermath.dev/onboarding: "8123/onboarding.html Welcome"

is a port, a path, and words that stand in the answer as long as nobody has set it up.
"""

from __future__ import annotations

import http.client
import logging
import re

from cluster.live.objects import PodObject

log = logging.getLogger(__name__)

ANNOTATION = "aftermath.dev/onboarding"
FORM = re.compile(r"(?P<port>[1-9][0-9]{0,4})(?P<path>/\S*)\s+(?P<words>\S.*)")
PATIENCE = 2.0  # seconds for the connection, and again between two pieces of the answer
MOST = 64 * 1024  # bytes of the answer that are read


def asked(here: PodObject) -> bool:
    return ANNOTATION in here.metadata.annotations


def as_new(here: PodObject) -> bool:
    """False also where it was not asked: no annotation, not ready, or no answer in time."""
    form = FORM.fullmatch(here.metadata.annotations.get(ANNOTATION, "").strip())
    if form is None or not here.status.pod_ip or not ready(here) or int(form["port"]) > 65535:
        return False
    try:
        return form["words"].encode() in answer(here.status.pod_ip, int(form["port"]), form["path"])
    except (OSError, http.client.HTTPException, ValueError) as e:
        log.info("%s/%s does not answer: %s", here.metadata.namespace, here.metadata.name, e)
        return False


def ready(here: PodObject) -> bool:
    return any(c.type == "Ready" and c.status == "True" for c in here.status.conditions)


def answer(host: str, port: int, path: str) -> bytes:
    """The body's beginning, whatever the status; a redirect is not followed, for it may lead anywhere."""
    connection = http.client.HTTPConnection(host, port, timeout=PATIENCE)
    try:
        connection.request("GET", path, headers={"User-Agent": "aftermath", "Accept": "*/*"})
        return connection.getresponse().read(MOST)
    finally:
        connection.close()
