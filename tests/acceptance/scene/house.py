"""
The application of the scene. Like many images it starts as root, takes its lock, and then becomes somebody else.

It asks to be set up (onboarding) where it finds no accounts, keeps a SQLite file open in WAL mode, and answers by HTTP.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import sqlite3
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

CONFIG = Path("/config")
LOCK, AUTH, DATABASE = CONFIG / ".ha_run.lock", CONFIG / ".storage" / "auth", CONFIG / "home.db"
UID = GID = 1000
PORT = 8123


def lock() -> int:
    try:
        opened = os.open(LOCK, os.O_RDWR | os.O_CREAT, 0o644)
    except PermissionError:
        sys.exit(f"Permission denied: {LOCK}")
    fcntl.flock(opened, fcntl.LOCK_EX)
    os.write(opened, b"%d\n" % os.getpid())
    return opened


def become() -> None:
    """Whoever may not become somebody else stays root, which is well on a new volume: that is root's."""
    try:
        os.chown(LOCK, UID, GID)
        if os.stat(CONFIG).st_uid == 0:  # a new volume: it is made one's own
            os.chown(CONFIG, UID, GID)
        os.setgroups([])
        os.setgid(GID)
        os.setuid(UID)
    except PermissionError as e:
        print(f"It stays root: {e}", flush=True)


def accounts() -> int:
    """How many there are; where there is no file of them it is written, without any, as after an installation."""
    if not AUTH.exists():
        AUTH.parent.mkdir(mode=0o700, exist_ok=True)
        AUTH.write_text(json.dumps({"users": [], "made": time.time()}))
        (CONFIG / "configuration.yaml").write_text("default_config:\n")
    return len(json.loads(AUTH.read_text())["users"])


def live() -> None:
    """Write now and then, for ever, and never let go of the file."""
    database = sqlite3.connect(DATABASE)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("CREATE TABLE IF NOT EXISTS states (at REAL, what TEXT)")
    while True:
        with database:
            database.execute("INSERT INTO states VALUES (?, ?)", (time.time(), "on" * 50))
        time.sleep(1)


class Page(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        said = b"home\n" if accounts() else b"onboarding\n"
        self.send_response(200)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, format: str, *args: object) -> None:
        """Nobody reads who asked."""


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    lock()
    become()
    print("ready" if accounts() else "onboarding: nobody has an account yet", flush=True)
    threading.Thread(target=live, daemon=True).start()
    ThreadingHTTPServer(("", PORT), Page).serve_forever()


if __name__ == "__main__":
    main()
