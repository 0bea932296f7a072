"""
Speaks with a Kubernetes API server: the one module that knows its client library.

It sends and reads; what the answers mean is `cluster.live`'s. An answer is read as bytes and decoded by msgspec into
just the fields that somebody uses, which takes a tenth of the library's own models. Every request has a deadline, and
no mutating request is ever sent twice: after one without an answer the caller has to look.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

import msgspec
import urllib3
from kubernetes.client import ApiClient, Configuration
from kubernetes.client.exceptions import ApiException
from kubernetes.config import ConfigException, load_incluster_config, load_kube_config

from cluster.errors import ClusterError, Conflict, Forbidden, NotFound, Refused, Unreachable

T = TypeVar("T")

CONNECT, READ = 5.0, 20.0  # seconds: for the connection, and between two pieces of an answer
WHOLE = 60.0  # for one answer
PAGE = 500  # objects
PIECE = 256 * 1024
MANAGER = "aftermath"
DRY = {"dryRun": "All"}
NO_SUCH_PATH = "404 page not found"  # the API server's words for a group of objects that it does not have


class Gone(ClusterError):
    """The server no longer remembers that version (410)."""


@dataclass(frozen=True)
class Listing(Generic[T]):
    """What a list held. `unreadable` objects made no sense."""

    items: tuple[T, ...]
    unreadable: int = 0

    def whole(self, what: str) -> tuple[T, ...]:
        """All of it. Raises Refused if one made no sense: nothing may be concluded from what is not there."""
        if self.unreadable:
            raise Refused(f"{self.unreadable} of the {what} objects could not be understood.")
        return self.items


class Meta(msgspec.Struct):
    continue_: str = msgspec.field(default="", name="continue")


class Page(msgspec.Struct):
    items: list[msgspec.Raw] | None = None
    metadata: Meta = msgspec.field(default_factory=Meta)


class Status(msgspec.Struct):
    """How the server says no."""

    message: str = ""
    reason: str = ""
    code: int = 0


class Api:
    """The API server of one cluster, with one account. May be used by many threads."""

    def __init__(self, configuration: Configuration) -> None:
        configuration.retries = False  # a repeated request is the caller's to decide
        configuration.connection_pool_maxsize = 8
        self.client = ApiClient(configuration)

    @classmethod
    def connect(cls, kubeconfig: str = "", context: str = "") -> Api:
        """
        With a kubeconfig, or without one with the account of the pod that this runs in. Raises Refused where there is
        neither, or where it makes no sense.
        """
        configuration = Configuration()
        try:
            if kubeconfig:
                load_kube_config(kubeconfig, context or None, configuration, persist_config=False)
            else:
                load_incluster_config(client_configuration=configuration)
        except (ConfigException, OSError, ValueError) as e:
            raise Refused(f"There is no way to the cluster: {e}. Set KUBECONFIG, or run inside the cluster.") from e
        return cls(configuration)

    # --- Reading ---

    def get(self, path: str, kind: type[T], **query: str) -> T:
        return decoded(self.ask("GET", path, query), kind)

    def list(self, path: str, kind: type[T], **query: str) -> Listing[T]:
        """Every object below a path, page by page. `query` may hold `labelSelector` and `fieldSelector`."""
        for _ in range(3):
            try:
                return self.pages(path, kind, query)
            except Gone:
                continue  # the pages took longer than the server remembers
        raise Unreachable(f"The list of {path} was never complete.")

    def pages(self, path: str, kind: type[T], query: Mapping[str, str]) -> Listing[T]:
        items: list[T] = []
        unreadable, more = 0, ""
        while True:
            turned = {**query, "limit": str(PAGE), **({"continue": more} if more else {})}
            page = decoded(self.ask("GET", path, turned), Page)
            for raw in page.items or ():
                try:
                    items.append(msgspec.json.decode(raw, type=kind))
                except msgspec.MsgspecError:
                    unreadable += 1
            more = page.metadata.continue_
            if not more:
                return Listing(tuple(items), unreadable)

    def text(self, path: str, **query: str) -> str:
        """An answer that is no object, such as a log."""
        return self.ask("GET", path, query).decode(errors="replace")

    # --- Changing; each answers with the object as it is now ---

    def create(self, path: str, body: Mapping[str, Any], *, dry: bool = False) -> bytes:
        """Conflict when it is there already."""
        return self.ask("POST", path, {"fieldManager": MANAGER, **(DRY if dry else {})}, body)

    def patch(self, path: str, operations: Sequence[Mapping[str, Any]], *, dry: bool = False) -> bytes:
        """A JSON patch. Conflict when one of its `test` operations fails."""
        query = {"fieldManager": MANAGER, **(DRY if dry else {})}
        return self.ask("PATCH", path, query, list(operations), "application/json-patch+json")

    def merge(self, path: str, body: Mapping[str, Any], *, dry: bool = False) -> bytes:
        """A merge patch: null takes a key away. With `metadata.resourceVersion` it is Conflict after any change."""
        query = {"fieldManager": MANAGER, **(DRY if dry else {})}
        return self.ask("PATCH", path, query, body, "application/merge-patch+json")

    def delete(self, path: str, *, uid: str = "", version: str = "", dry: bool = False) -> None:
        """
        With `uid`, only that very object; with `version` only if nothing of it has changed. What it owns goes with it.
        Raises NotFound when it is not there.
        """
        body: dict[str, Any] = {"propagationPolicy": "Background"}
        if held := {name: said for name, said in (("uid", uid), ("resourceVersion", version)) if said}:
            body["preconditions"] = held
        if dry:
            body["dryRun"] = ["All"]  # of a deletion that has a body the server does not read the query
        self.ask("DELETE", path, {}, body)

    # --- The wire ---

    def ask(
        self, method: str, path: str, query: Mapping[str, str], body: Any = None, kind: str = "application/json"
    ) -> bytes:
        """The whole answer."""
        headers = {"Content-Type": kind} if body is not None else {}
        end = time.monotonic() + WHOLE
        try:
            return b"".join(self.pieces(method, path, query, body, headers, end))
        except Dropped:
            if method != "GET":
                raise
        return b"".join(self.pieces(method, path, query, body, headers, end))

    def pieces(
        self, method: str, path: str, query: Mapping[str, str], body: Any, headers: dict[str, str], end: float
    ) -> Iterator[bytes]:
        """An answer as it arrives. Raises one of `cluster.errors`, Unreachable also for one that breaks off."""
        url = f"{path}?{urlencode(query)}" if query else path
        request = self.client.param_serialize(
            method, url, header_params={"Accept": "application/json", **headers}, body=body,
            auth_settings=["BearerToken"],
        )  # fmt: skip
        try:
            answer = self.client.call_api(*request[:4], _request_timeout=(CONNECT, READ)).response
            try:
                if answer.status >= 400:
                    raise refused(answer.status, answer.read(PIECE))
                while piece := answer.read1(PIECE):
                    yield piece
                    if time.monotonic() > end:
                        raise Unreachable(f"The API server took longer than {WHOLE:g} s to answer.")
                answer.drain_conn()
            finally:
                answer.close() if answer.status >= 400 or not answer.isclosed() else answer.release_conn()
        except urllib3.exceptions.ProtocolError as e:
            raise Dropped(f"The API server's answer broke off: {e}") from e
        except (urllib3.exceptions.HTTPError, ApiException, OSError) as e:
            raise Unreachable(f"The API server does not answer: {plain(e)}") from e


class Dropped(Unreachable):
    """The connection ended before the answer did, as one that was kept too long does at once."""


def plain(e: Exception) -> str:
    """The reason without the addresses of Python's objects."""
    reason = getattr(e, "reason", None) or e
    return str(reason).rpartition(": ")[2] or type(e).__name__


def decoded(raw: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(raw, type=kind)
    except msgspec.MsgspecError as e:
        raise Unreachable(f"The API server's answer makes no sense: {e}") from e


def refused(code: int, body: bytes) -> ClusterError:
    try:
        status = msgspec.json.decode(body, type=Status)
    except msgspec.MsgspecError:
        status = Status(message=body.decode(errors="replace").strip()[:500])
        if code == 404 and status.message != NO_SUCH_PATH:
            # Something before the API server does not find *it*: of the object that says nothing.
            return Unreachable(f"What answers is no API server: 404 {status.message}")
    status.code = code
    return error(status)


def error(status: Status) -> ClusterError:
    """The server's no, with its own words. A quota, a policy and a missing right all answer 403."""
    said = status.message or f"The API server answered {status.code} {status.reason}".strip()
    match status.code:
        case 404:
            return NotFound(said)
        case 401:
            return Forbidden(f"{said}: the API server does not know this account")
        case 403:
            return Forbidden(said) if 'User "' in said and " cannot " in said else Refused(said)
        case 409:
            return Conflict(said)
        case 410:
            return Gone(said)
        case 422 if "test failed" in said or "the server rejected our request due to an error" in said:
            return Conflict(said)
        case 400 | 405 | 406 | 413 | 415 | 422:
            return Refused(said)
        case _:
            return Unreachable(said)
