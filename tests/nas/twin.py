"""
A DSM that answers as the real one does, on loopback: the same forms, answers and error numbers, and its temper.

It is strict where the real one is: strings must be JSON-quoted, a session ends, three bad logins block the address.
"""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

USER, PASSWORD = "aftermath", 'it says "geheim" & more'
BAD_LOGINS = 3
NO_SPACE, BAD_TYPE, NO_LUN, NO_SNAPSHOT, EXISTS, TOO_MANY = 18990002, 18990500, 18990531, 18990532, 18990538, 18990543
NOT_QUOTED = 18990710


class No(Exception):
    """How it refuses."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


@dataclass
class Lun:
    uuid: str = field(default_factory=lambda: str(uuid.uuid4()))
    can: bool = True  # whether its type knows snapshots
    snapshots: list[dict[str, object]] = field(default_factory=list)


@dataclass
class Twin:
    """`asked` is everything that reached it: the path as it was sent, the form, and the session's cookie."""

    user: str = USER
    password: str = PASSWORD
    carrier: str = "cookie"  # where it reads the session from: cookie or form
    guarded: bool = False  # against forged requests: every request must bring the token
    room: int = 100  # snapshots that still fit on the disk
    most: int = 256  # snapshots of one LUN
    unhealthy_looks: int = 0  # how often a new snapshot is still seen in the making
    luns: list[Lun] = field(default_factory=list)
    targets: list[dict[str, object]] = field(default_factory=list)
    sids: dict[str, str] = field(default_factory=dict)
    over: int = 119  # how it says that a session has ended
    bad: int = 0
    blocked: bool = False
    login_code: int = 0  # a refusal of another kind, such as a second factor that is missing
    fails: dict[str, int] = field(default_factory=dict)  # method: error number, whatever is asked
    cut: list[str] = field(default_factory=list)  # methods whose next request is cut before it does anything
    lose: list[str] = field(default_factory=list)  # methods whose next answer is lost after all was done
    hold: float = 0.0  # seconds between the pieces of an answer
    raw: bytes | None = None  # said instead of any answer
    status: int = 200
    asked: list[tuple[str, dict[str, str], str]] = field(default_factory=list)
    url: str = ""
    lock: threading.Lock = field(default_factory=threading.Lock)

    def lun(self, **more) -> Lun:
        self.luns.append(Lun(**more))
        return self.luns[-1]

    def target(self, *luns: Lun, sessions=()) -> dict[str, object]:
        mapped = [{"lun_uuid": lun.uuid, "mapping_index": n} for n, lun in enumerate(luns, 1)]
        made = {"name": f"target-{len(self.targets)}", "target_id": len(self.targets), "status": "online"}
        self.targets.append({**made, "mapped_luns": mapped, "connected_sessions": list(sessions)})
        return self.targets[-1]

    def methods(self) -> list[str]:
        return [form["method"] for _, form, _ in self.asked]

    def end_sessions(self, code: int = 119) -> None:
        self.sids.clear()
        self.over = code

    # --- What it does ---

    def answer(self, path: str, form: dict[str, str], headers) -> dict[str, object]:
        if path != "/webapi/entry.cgi":
            return {"error": {"code": 102}, "success": False}
        try:
            if form["api"] == "SYNO.API.Auth":
                return {"data": self.log_in(form), "success": True}
            self.known(form, headers)
            if form["method"] in self.fails:
                raise No(self.fails[form["method"]])
            act = getattr(self, f"{form['api'].rpartition('.')[2].lower()}_{form['method']}", None)
            if act is None:
                raise No(103)
            return {"data": act(form), "success": True}
        except No as e:
            return {"error": {"code": e.code}, "success": False}

    def log_in(self, form) -> dict[str, object]:
        if (form["method"], form["version"], form["format"]) != ("login", "3", "sid"):
            raise No(101)
        if self.blocked:
            raise No(407)
        if self.login_code:
            raise No(self.login_code)
        if (form["account"], form["passwd"]) != (self.user, self.password):
            self.bad += 1
            self.blocked = self.bad >= BAD_LOGINS
            raise No(400)
        sid, token = uuid.uuid4().hex, uuid.uuid4().hex[:12]
        self.sids[sid] = token
        return {"sid": sid, "synotoken": token, "is_portal_port": False}

    def known(self, form, headers) -> None:
        cookie = (headers.get("Cookie") or "").removeprefix("id=")
        sid = cookie if self.carrier == "cookie" else form.get("_sid", "")
        if sid not in self.sids:
            raise No(self.over)
        if self.guarded and headers.get("X-SYNO-TOKEN") != self.sids[sid]:
            raise No(105)

    def of(self, form) -> Lun:
        wanted = unquoted(form, "src_lun_uuid")
        found = [lun for lun in self.luns if lun.uuid == wanted]
        if not found:
            raise No(NO_LUN)
        return found[0]

    def lun_list(self, form) -> dict[str, object]:
        assert "BLUN" in json.loads(form["types"])
        return {"luns": [{"uuid": lun.uuid, "status": "normal", "type": 263} for lun in self.luns]}

    def target_list(self, form) -> dict[str, object]:
        more = set(json.loads(form.get("additional", "[]")))
        shown = {"mapped_lun": "mapped_luns", "connected_sessions": "connected_sessions"}
        left_out = {key for asked, key in shown.items() if asked not in more}
        return {"targets": [{k: v for k, v in target.items() if k not in left_out} for target in self.targets]}

    def lun_take_snapshot(self, form) -> dict[str, object]:
        lun, name = self.of(form), unquoted(form, "snapshot_name")
        if not lun.can:
            raise No(BAD_TYPE)
        if any(s["name"] == name for s in lun.snapshots):
            raise No(EXISTS)
        if len(lun.snapshots) >= self.most:
            raise No(TOO_MANY)
        if self.room <= 0:
            raise No(NO_SPACE)
        self.room -= 1
        made = self.snapshot_of(lun, name, unquoted(form, "description"))
        made |= {"taken_by": unquoted(form, "taken_by"), "is_user_locked": json.loads(form["is_locked"])}
        made |= {"is_app_consistent": json.loads(form["is_app_consistent"]), "looks": self.unhealthy_looks}
        return {"snapshot_uuid": made["uuid"]}

    def snapshot_of(self, lun: Lun, name: str, mark: str = "", taken: float = 0) -> dict[str, object]:
        made: dict[str, object] = {
            "uuid": str(uuid.uuid4()),
            "name": name,
            "parent_uuid": lun.uuid,
            "description": mark,
            "create_time": int(taken or time.time()),
            "total_size": 1 << 30,
            "root_path": "/volume1",
            "looks": 0,
        }
        lun.snapshots.append(made)
        return made

    def lun_list_snapshot(self, form) -> dict[str, object]:
        found = [shown(s) for s in self.of(form).snapshots]
        return {"count": len(found), "snapshots": found}

    def lun_get_snapshot(self, form) -> dict[str, object]:
        wanted = unquoted(form, "snapshot_uuid")
        for lun in self.luns:
            for snapshot in lun.snapshots:
                if snapshot["uuid"] == wanted:
                    return {"snapshot": shown(snapshot)}
        raise No(NO_SNAPSHOT)


def shown(snapshot: dict[str, object]) -> dict[str, object]:
    """As it looks now; each look brings it nearer to being made."""
    looks = int(snapshot["looks"])
    snapshot["looks"] = max(0, looks - 1)
    return {**{k: v for k, v in snapshot.items() if k != "looks"}, "status": "Creating" if looks else "Healthy"}


def unquoted(form: dict[str, str], name: str) -> str:
    try:
        value = json.loads(form[name])
    except (KeyError, ValueError):
        raise No(NOT_QUOTED) from None
    if not isinstance(value, str):
        raise No(NOT_QUOTED)
    return value


class Door(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def do_POST(self) -> None:
        twin = self.server.twin
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        form = {name: values[0] for name, values in parse_qs(body, keep_blank_values=True).items()}
        with twin.lock:
            twin.asked.append((self.path, form, self.headers.get("Cookie") or ""))
            method = form.get("method", "")
            if method in twin.cut:
                twin.cut.remove(method)
                return self.drop()
            said = json.dumps(twin.answer(self.path, form, self.headers)).encode() if twin.raw is None else twin.raw
            if method in twin.lose:
                twin.lose.remove(method)
                return self.drop()
        return self.say(said)

    def do_GET(self) -> None:
        self.server.twin.asked.append((self.path, {"method": "GET"}, ""))
        self.send_error(404)

    def say(self, said: bytes) -> None:
        self.send_response(self.server.twin.status)
        self.send_header("Content-Type", "application/json; charset=utf-8")
        self.send_header("Set-Cookie", "id=another; path=/")
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        for piece in [said[:1], said[1:]] if self.server.twin.hold else [said]:
            time.sleep(self.server.twin.hold)
            self.wfile.write(piece)
            self.wfile.flush()

    def drop(self) -> None:
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, *args: object) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    twin: Twin
    context: ssl.SSLContext | None = None

    def finish_request(self, request, client_address) -> None:
        if not self.context:
            return super().finish_request(request, client_address)
        with self.context.wrap_socket(request, server_side=True) as wrapped:
            return super().finish_request(wrapped, client_address)

    def handle_error(self, request, client_address) -> None:
        """A client that hangs up in the handshake is a client that does not trust us."""


@contextlib.contextmanager
def served(twin: Twin, *, certificate: Path | None = None, key: Path | None = None) -> Iterator[Twin]:
    """The twin behind a port of its own; with a certificate, over TLS."""
    server = Server(("127.0.0.1", 0), Door)
    server.twin = twin
    if certificate:
        server.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        server.context.load_cert_chain(certificate, key)
    twin.url = f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield twin
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
