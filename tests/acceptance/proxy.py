"""
What can go wrong between this program and what it talks to: proxies that lose, cut, slow down and refuse.

`ApiProxy` stands before an API server and ends its TLS; callers find it by a kubeconfig of its own. `Pipe` stands
before anything that speaks TCP and knows bytes alone.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import select
import socket
import ssl
import struct
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

import yaml

from tests.acceptance.server import Access

Fate = Literal["pass", "lose", "refuse"]
PIECE = 64 * 1024
MOMENT = re.compile(rb"\d{4}-\d\d-\d\dT[0-9:.+Z-]+")
HOPS = {"connection", "keep-alive", "transfer-encoding", "te", "trailer", "upgrade", "host", "content-length"}


@dataclass(frozen=True)
class Call:
    """A request as it came by. `key` names what it is about; a repeated one has the same key and `words`."""

    method: str
    path: str
    dry: bool
    body: bytes = b""

    @property
    def mutates(self) -> bool:
        return self.method not in ("GET", "HEAD") and not self.dry and "selfsubject" not in self.path

    @property
    def key(self) -> str:
        name = ""
        if self.method == "POST":
            with contextlib.suppress(ValueError, KeyError, TypeError):
                name = "/" + json.loads(self.body)["metadata"]["name"]
        return f"{self.method} {self.path}{name}"

    @property
    def words(self) -> bytes:
        """What it asks for, without the moment; of something new its name says enough, for parts of it are chance."""
        return b"" if self.method == "POST" else MOMENT.sub(b"", self.body)


@dataclass
class Ways:
    """
    What becomes of each request. `lose`: the server gets it, and its answer is thrown away. `refuse`: the connection is
    closed before the server gets it. All that mutates is written down in `calls` with its fate and the server's status.
    """

    fate: Callable[[Call], Fate] = lambda call: "pass"
    calls: list[tuple[str, Fate, int]] = field(default_factory=list)
    changes: list[tuple[str, bytes]] = field(default_factory=list)  # key and words of what the server did
    down_until: float = 0.0  # monotonic seconds
    lock: threading.Lock = field(default_factory=threading.Lock)
    connections: set[socket.socket] = field(default_factory=set)

    def cut(self, seconds: float) -> None:
        """Nothing gets through for so long, and what is on its way is cut off."""
        self.down_until = max(self.down_until, time.monotonic() + seconds)
        with self.lock:
            for connection in self.connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    @property
    def down(self) -> bool:
        return time.monotonic() < self.down_until

    def note(self, call: Call, fate: Fate, status: int) -> None:
        if call.mutates:
            with self.lock:
                self.calls.append((call.key, fate, status))
                if 200 <= status < 300:
                    self.changes.append((call.key, call.words))

    def forget(self) -> None:
        """What was done so far: the same may be asked for again."""
        with self.lock:
            self.calls.clear()
            self.changes.clear()

    def took_effect(self) -> list[str]:
        """What the server was asked to change and did, in order, whether or not the answer arrived."""
        with self.lock:
            return [key for key, _body in self.changes]

    def done_twice(self) -> list[str]:
        """What the server was made to do more than once, word for word."""
        with self.lock:
            return [key for (key, _body), times in Counter(self.changes).items() if times > 1]


def each_once(fate: Fate) -> Callable[[Call], Fate]:
    """Every mutating request meets this once; the same one sent again gets through."""
    met: set[tuple[str, bytes]] = set()
    lock = threading.Lock()

    def choose(call: Call) -> Fate:
        with lock:
            if not call.mutates or (call.key, call.words) in met:
                return "pass"
            met.add((call.key, call.words))
            return fate

    return choose


class Handler(BaseHTTPRequestHandler):
    """One request, passed on with the administrator's certificate; the answer is passed back as it arrives."""

    protocol_version = "HTTP/1.1"
    server: Front

    def handle_any(self) -> None:
        ways = self.server.ways
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        dry = "dryRun" in parse_qs(parts.query) or (self.command == "DELETE" and b'"dryRun"' in body)
        call = Call(self.command, parts.path, dry, body)
        fate: Fate = "refuse" if ways.down else ways.fate(call)
        if fate == "refuse":
            ways.note(call, fate, 0)
            self.drop()
            return
        upstream = self.server.upstream()
        try:
            headers = {name: value for name, value in self.headers.items() if name.lower() not in HOPS}
            upstream.request(self.command, self.path, body or None, headers)
            answer = upstream.getresponse()
            ways.note(call, fate, answer.status)
            if fate == "lose":
                answer.read()
                self.drop()
            else:
                self.give(answer)
        except OSError:
            self.drop()
        finally:
            upstream.close()

    def give(self, answer: http.client.HTTPResponse) -> None:
        self.send_response_only(answer.status, answer.reason)
        for name, value in answer.getheaders():
            if name.lower() not in HOPS:
                self.send_header(name, value)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while piece := answer.read1(PIECE):
            self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            self.wfile.flush()
        self.wfile.write(b"0\r\n\r\n")

    def drop(self) -> None:
        """Close without a word, as a network that is gone does."""
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:
        """The tests say what happened."""

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = handle_any


class Front(ThreadingHTTPServer):
    daemon_threads = True
    ways: Ways
    access: Access
    context: ssl.SSLContext
    tls: ssl.SSLContext

    def upstream(self) -> http.client.HTTPSConnection:
        return http.client.HTTPSConnection(self.access.host, self.access.port, context=self.context, timeout=300)

    def finish_request(self, request: Any, client_address: Any) -> None:
        """The handshake in the connection's own thread: a slow caller holds up nobody."""
        request.settimeout(10)
        with contextlib.suppress(OSError):
            encrypted = self.tls.wrap_socket(request, server_side=True)
            encrypted.settimeout(None)
            with self.ways.lock:
                self.ways.connections.add(encrypted)
            try:
                super().finish_request(encrypted, client_address)
            finally:
                with self.ways.lock:
                    self.ways.connections.discard(encrypted)
                encrypted.close()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that went away is no news here."""


@dataclass
class ApiProxy:
    """`kubeconfig` is the file by which callers come through here."""

    kubeconfig: Path
    ways: Ways
    port: int


@contextmanager
def api_proxy(access: Access, directory: Path) -> Iterator[ApiProxy]:
    """Between callers and the API server of `access`, while this lasts. Its files are in `directory`."""
    certificate, key = certified(directory)
    front = Front(("127.0.0.1", 0), Handler)
    front.ways, front.access, front.context = Ways(), access, access.context()
    front.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    front.tls.load_cert_chain(certificate, key)
    port = int(front.server_address[1])
    kubeconfig = directory / "kubeconfig"
    kubeconfig.write_text(yaml.safe_dump(pointing_to(port, certificate)))
    thread = threading.Thread(target=front.serve_forever, args=(0.1,), daemon=True)
    thread.start()
    try:
        yield ApiProxy(kubeconfig, front.ways, port)
    finally:
        front.shutdown()
        front.server_close()
        thread.join(5)


def certified(directory: Path) -> tuple[Path, Path]:
    """A certificate for 127.0.0.1 that signs itself, and its key."""
    certificate, key = directory / "proxy.crt", directory / "proxy.key"
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
    names = ("-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1")
    files = ("-out", str(certificate), "-keyout", str(key))
    subprocess.run(["openssl", "req", "-x509", *curve, *names, *files], check=True, capture_output=True)
    return certificate, key


def pointing_to(port: int, certificate: Path) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "proxy",
        "clusters": [
            {
                "name": "proxy",
                "cluster": {"server": f"https://127.0.0.1:{port}", "certificate-authority": str(certificate)},
            }
        ],
        "users": [{"name": "proxy", "user": {}}],
        "contexts": [{"name": "proxy", "context": {"cluster": "proxy", "user": "proxy"}}],
    }


# --- Bytes alone ---


@dataclass
class Pipe:
    """
    `refusing`: connections are closed as soon as they are made. `rate`: bytes a second, in each direction and for each
    connection; None for as fast as it goes. `cut_after`: a connection is cut after so many bytes towards the caller.
    """

    host: str
    port: int
    refusing: bool = False
    rate: float | None = None
    cut_after: int | None = None
    passed: int = 0  # bytes towards callers, of all connections

    @property
    def endpoint(self) -> str:
        return f"http://{self.host}:{self.port}"


@contextmanager
def pipe(to: tuple[str, int], host: str = "127.0.0.1") -> Iterator[Pipe]:
    """Between callers that come to `host` and what listens at `to`, while this lasts."""
    listener = socket.create_server((host, 0))
    here = Pipe(host, listener.getsockname()[1])
    over = threading.Event()

    def accept() -> None:
        while not over.is_set():
            try:
                caller, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=join, args=(here, caller, to, over), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield here
    finally:
        over.set()
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def join(here: Pipe, caller: socket.socket, to: tuple[str, int], over: threading.Event) -> None:
    """Pass bytes both ways until either side ends, or the pipe is told to cut."""
    if here.refusing:
        reset(caller)
        return
    with contextlib.suppress(OSError), caller, socket.create_connection(to, timeout=10) as server:
        back = 0
        while not over.is_set() and not here.refusing:
            readable, _, _ = select.select([caller, server], [], [], 0.2)
            for side in readable:
                data = side.recv(PIECE if here.rate is None else 256)
                if not data:
                    return
                if side is server:
                    back += len(data)
                    here.passed += len(data)
                    if here.cut_after is not None and back > here.cut_after:
                        reset(caller)
                        return
                (caller if side is server else server).sendall(data)
                if here.rate is not None:
                    time.sleep(len(data) / here.rate)
        reset(caller)


def reset(connection: socket.socket) -> None:
    with contextlib.suppress(OSError):
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
