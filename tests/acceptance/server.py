"""
What the tests themselves ask of the cluster, without a word through the program that is tested.

A kubeconfig with client certificates, and JSON over HTTPS; nothing else is needed.
"""

from __future__ import annotations

import base64
import http.client
import json
import ssl
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

import yaml

T = TypeVar("T")
KINDS = {
    "Namespace": "/api/v1/namespaces",
    "PersistentVolume": "/api/v1/persistentvolumes",
    "VolumeAttachment": "/apis/storage.k8s.io/v1/volumeattachments",
    "VolumeSnapshotContent": "/apis/snapshot.storage.k8s.io/v1/volumesnapshotcontents",
    "Pod": "/api/v1/namespaces/{}/pods",
    "Secret": "/api/v1/namespaces/{}/secrets",
    "ConfigMap": "/api/v1/namespaces/{}/configmaps",
    "Event": "/api/v1/namespaces/{}/events",
    "PersistentVolumeClaim": "/api/v1/namespaces/{}/persistentvolumeclaims",
    "Deployment": "/apis/apps/v1/namespaces/{}/deployments",
    "ReplicaSet": "/apis/apps/v1/namespaces/{}/replicasets",
    "Job": "/apis/batch/v1/namespaces/{}/jobs",
    "CronJob": "/apis/batch/v1/namespaces/{}/cronjobs",
    "VolumeSnapshot": "/apis/snapshot.storage.k8s.io/v1/namespaces/{}/volumesnapshots",
}


class Answered(Exception):
    """The server said no: `code` is its HTTP status."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code} {message}")
        self.code = code


@dataclass(frozen=True)
class Access:
    """How a kubeconfig of client certificates reaches its cluster. The certificates are PEM."""

    host: str
    port: int
    ca: bytes
    certificate: bytes
    key: bytes

    @classmethod
    def of(cls, kubeconfig: Path) -> Access:
        """Raises KeyError for one without certificates inside."""
        told = yaml.safe_load(kubeconfig.read_text())
        context = named(told["contexts"], told["current-context"])["context"]
        cluster = named(told["clusters"], context["cluster"])["cluster"]
        user = named(told["users"], context["user"])["user"]
        address = urlsplit(cluster["server"])
        pems = cluster["certificate-authority-data"], user["client-certificate-data"], user["client-key-data"]
        ca, certificate, key = (base64.b64decode(pem) for pem in pems)
        return cls(str(address.hostname), address.port or 443, ca, certificate, key)

    def context(self) -> ssl.SSLContext:
        made = ssl.create_default_context(cadata=self.ca.decode())
        with tempfile.NamedTemporaryFile(suffix=".pem") as both:  # a chain is only taken from a file
            both.write(self.certificate + b"\n" + self.key)
            both.flush()
            made.load_cert_chain(both.name)
        return made


def named(items: list[dict[str, Any]], name: str) -> dict[str, Any]:
    return next(item for item in items if item["name"] == name)


class Server:
    """Every request is a connection of its own: nothing here lives longer than it must."""

    def __init__(self, access: Access) -> None:
        self.access, self.context = access, access.context()

    def raw(self, method: str, path: str, body: Any = None, kind: str = "application/json", **query: str) -> bytes:
        caller = http.client.HTTPSConnection(self.access.host, self.access.port, context=self.context, timeout=30)
        try:
            data = None if body is None else json.dumps(body).encode()
            headers = {"Content-Type": kind, "Accept": "application/json"}
            caller.request(method, f"{path}?{urlencode(query)}" if query else path, data, headers)
            answer = caller.getresponse()
            said = answer.read()
        finally:
            caller.close()
        if answer.status >= 400:
            raise Answered(answer.status, said.decode(errors="replace")[:500])
        return said

    def ask(self, method: str, path: str, body: Any = None, kind: str = "application/json", **query: str) -> Any:
        return json.loads(self.raw(method, path, body, kind, **query))

    def get(self, kind: str, namespace: str, name: str) -> dict[str, Any]:
        got: dict[str, Any] = self.ask("GET", f"{KINDS[kind].format(namespace)}/{name}")
        return got

    def find(self, kind: str, namespace: str, name: str) -> dict[str, Any] | None:
        try:
            return self.get(kind, namespace, name)
        except Answered as e:
            if e.code == 404:
                return None
            raise

    def list(self, kind: str, namespace: str = "", **query: str) -> list[dict[str, Any]]:
        got: list[dict[str, Any]] = self.ask("GET", KINDS[kind].format(namespace), **query)["items"]
        return got

    def create(self, *objects: dict[str, Any]) -> None:
        """In this order; `metadata.namespace` says where."""
        for made in objects:
            self.ask("POST", KINDS[made["kind"]].format(made["metadata"].get("namespace", "")), made)

    def patch(self, kind: str, namespace: str, name: str, change: dict[str, Any]) -> dict[str, Any]:
        """A strategic merge, where it is known: containers are told apart by their names."""
        way = "merge" if kind.startswith("VolumeSnapshot") else "strategic-merge"
        path = f"{KINDS[kind].format(namespace)}/{name}"
        got: dict[str, Any] = self.ask("PATCH", path, change, f"application/{way}-patch+json")
        return got

    def delete(self, kind: str, namespace: str, name: str, grace: int | None = None) -> None:
        """Gone already is well."""
        try:
            body: dict[str, Any] = {"propagationPolicy": "Background"}
            self.ask(
                "DELETE",
                f"{KINDS[kind].format(namespace)}/{name}",
                body if grace is None else {**body, "gracePeriodSeconds": grace},
            )
        except Answered as e:
            if e.code != 404:
                raise

    def log(self, namespace: str, pod: str, container: str = "") -> str:
        query = {"container": container} if container else {}
        return self.raw("GET", f"/api/v1/namespaces/{namespace}/pods/{pod}/log", **query).decode(errors="replace")

    def service(self, namespace: str, pod: str, port: int, path: str = "/") -> str:
        """What a pod answers on one of its ports, by way of the API server."""
        there = f"/api/v1/namespaces/{namespace}/pods/{pod}:{port}/proxy{path}"
        return self.raw("GET", there).decode(errors="replace")


def until(true: Callable[[], T], what: str, seconds: float = 60.0, pause: float = 0.3) -> T:
    """Wait until it is so, and return it. Fails saying what it was at last."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            last: Any = true()
        except (Answered, OSError, http.client.HTTPException) as e:
            last = None
            why: Any = e
        else:
            why = last
            if last:
                return last
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds:g} s: {what}; at last {why!r}")
        time.sleep(pause)
