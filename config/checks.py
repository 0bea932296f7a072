"""What is asked of the settings at every start: each finding has a number, and a hint that says what to do."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from cluster.nas.configured import configured
from config import broker

HERE = {"localhost", "127.0.0.1", "[::1]"}
SHORTEST_KEY = 32
# A lock on these does not keep two machines apart, and SQLite's write-ahead log needs memory that both would share.
FAR_AWAY = {
    "9p",
    "afs",
    "ceph",
    "cifs",
    "fuse.glusterfs",
    "fuse.sshfs",
    "lustre",
    "ncpfs",
    "nfs",
    "nfs4",
    "smb3",
    "smbfs",
}


def secret_key(_: Any, **__: Any) -> Iterator[CheckMessage]:
    if len(settings.SECRET_KEY) < SHORTEST_KEY or len(set(settings.SECRET_KEY)) < 8:
        yield Error(
            "SECRET_KEY is short or repeats itself: whoever guesses it can sign in as anybody.",
            hint="Leave it out, and one is made and kept under var/; or give 50 random characters by SECRET_KEY_FILE.",
            id="config.E001",
        )


def debug(_: Any, **__: Any) -> Iterator[CheckMessage]:
    if settings.DEBUG and (settings.HTTPS or settings.CLUSTER != "range" or not set(settings.ALLOWED_HOSTS) <= HERE):
        yield Error(
            "DEBUG is on, and this is not the practice cluster on one machine: an error page would show the settings.",
            hint="Leave DEBUG out; what goes wrong is in the log.",
            id="config.E002",
        )


def https(_: Any, **__: Any) -> Iterator[CheckMessage]:
    if settings.HTTPS and set(settings.ALLOWED_HOSTS) <= HERE:
        yield Warning(
            "HTTPS is on, but ALLOWED_HOSTS names this machine alone: every page asked for by a name will be refused.",
            hint="Let ALLOWED_HOSTS name what people type, such as aftermath.example.org.",
            id="config.W003",
        )
    if not settings.HTTPS and not set(settings.ALLOWED_HOSTS) <= HERE:
        yield Warning(
            "People reach this by a name, and HTTPS is off: passwords and sessions travel readable.",
            hint="Put it behind a proxy that speaks TLS and sets X-Forwarded-Proto, and set HTTPS=1.",
            id="config.W004",
        )


def cluster(_: Any, **__: Any) -> Iterator[CheckMessage]:
    if settings.CLUSTER == "range":
        return
    inside = "KUBERNETES_SERVICE_HOST" in os.environ
    if not settings.KUBECONFIG and not inside:
        yield Error(
            "CLUSTER is kubernetes, and there is no way to one: this is no pod, and KUBECONFIG is not set.",
            hint="Let KUBECONFIG name a kubeconfig file, or leave CLUSTER out for the practice cluster.",
            id="config.E005",
        )
    for name in ("KUBECONFIG", "AGENT_PROFILE"):
        if (path := getattr(settings, name)) and not Path(path).is_file():
            yield Error(f"{name} is {path}: there is no such file.", hint="Name a file.", id="config.E008")


def nas(_: Any, **__: Any) -> Iterator[CheckMessage]:
    here = configured()
    if not here.wanted:
        return
    if missing := here.missing():
        yield Error(
            f"A NAS is configured by half: {', '.join(missing)} is not set.",
            hint="Set NAS_URL, NAS_USER and NAS_PASSWORD, or none of them.",
            id="config.E009",
        )
        return
    for sentence in here.unusable():
        yield Error(sentence, hint="See docs/nas.md for what each of its settings takes.", id="config.E010")


def lending(_: Any, **__: Any) -> Iterator[CheckMessage]:
    if settings.CLUSTER != "range" and not (settings.S3_ROLE or settings.S3_STS):
        yield Warning(
            "Jobs are lent the program's own key of the object store: whoever reads one may do all that it may.",
            hint="Set S3_ROLE, or S3_STS where the store needs no role: each job then gets a key for its prefix alone.",
            id="config.W011",
        )


def sqlite(_: Any, **__: Any) -> Iterator[CheckMessage]:
    database = settings.DATABASES["default"]
    if database["ENGINE"].endswith("sqlite3") and (kind := file_system(Path(str(database["NAME"])))) in FAR_AWAY:
        yield Warning(
            f"The SQLite database is on a network file system ({kind}): it can be damaged there.",
            hint="Let AFTERMATH_VAR name a directory of this machine, or DATABASE_URL a PostgreSQL.",
            id="config.W006",
        )


def file_system(path: Path, mounts: Path = Path("/proc/self/mounts")) -> str:
    """The kind of file system that holds `path`; nothing where the system does not say."""
    if not mounts.exists():
        return ""
    held = {}
    for line in mounts.read_text().splitlines():
        _, at, kind, *_ = line.split()
        held[Path(at.replace("\\040", " "))] = kind
    return next((held[place] for place in [path, *path.resolve().parents] if place in held), "")


def redis(_: Any, **__: Any) -> Iterator[CheckMessage]:
    if not broker.answers():
        yield Warning(
            "Redis does not answer: runs, sweeps and scans stand still until it does.",
            hint="Start it, and see that REDIS_URL names it.",
            id="config.W007",
        )


ALWAYS: list[Callable[..., Iterator[CheckMessage]]] = [secret_key, debug, https, cluster, nas, lending, sqlite]


def register_all() -> None:
    for check in ALWAYS:
        register(as_list(check), "config")
    register(as_list(redis), "config", deploy=True)


def as_list(check: Callable[..., Iterator[CheckMessage]]) -> Callable[..., list[CheckMessage]]:
    return lambda app_configs=None, **more: list(check(app_configs, **more))
