"""`make run`: the whole program on this machine, until Ctrl-C."""

from __future__ import annotations

import http.client
import signal
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any, TextIO

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand
from django.db import Error as DatabaseError
from django.db import connection

from config import programs
from config.env import CannotStart
from config.lock import claim, only_one
from config.places import private_directory
from config.port import listen
from config.programs import Program
from config.supervisor import Child, Supervisor
from people.actions import one_time_password

# How long the first page may take before something must be wrong, in seconds.
FIRST_ANSWER = 40.0


class Command(BaseCommand):
    help = "Start web, worker, beat, Redis and the practice cluster on this machine; Ctrl-C ends them."

    def handle(self, *args: Any, **options: Any) -> None:
        with only_one(settings.VAR / "up.lock") as running:
            logs = settings.VAR / "log"
            logs.mkdir(parents=True, exist_ok=True)
            supervisor = Supervisor(logs, say)
            asked_to_stop(supervisor.stopping)
            try:
                up(supervisor, running)
            finally:
                supervisor.end()


def say(line: str, to: TextIO | None = None) -> None:
    print(line, file=to or sys.stderr, flush=True)


def asked_to_stop(stopping: threading.Event) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stopping.set())


def up(supervisor: Supervisor, running: TextIO) -> None:
    """Start everything, the web as soon as it can answer, and keep it running until asked to stop."""
    with listen(settings.PORT) as socket:
        address = f"http://127.0.0.1:{socket.getsockname()[1]}/"
        claim(running, address)
        if not settings.REDIS_URL:
            directory = private_directory(settings.REDIS_DIR)
            supervisor.start(Program("redis", programs.redis(directory / "redis.sock"), last=True))
        opened = socket.fileno()
        web = supervisor.start(Program("web", programs.web(f"fd://{opened}"), files=(opened,)))
        migrate()  # while the web is still reading its pages
        account = one_time_password()
        connection.close()
        wait_for_answer(supervisor, web, address)
        if not supervisor.stopping.is_set():
            for program in behind_the_pages():
                supervisor.start(program)
            say(f"Aftermath is at {address}", sys.stdout)
            if account:
                say(f"Sign in as {account[0]} with the one-time password {account[1]}", sys.stdout)
            say("Ctrl-C ends it.", sys.stdout)
        supervisor.watch()


def behind_the_pages() -> Iterator[Program]:
    """What pages do not wait for: they show what was read last, and say how old it is."""
    if settings.CLUSTER == "range":
        yield Program("range", programs.manage("range"))
        yield Program("prepare", programs.manage("prepare"), once=True)
    yield Program("worker", programs.worker())
    yield Program("beat", programs.beat())


def migrate() -> None:
    """
    :raises CannotStart: the database cannot be reached or written.
    """
    try:
        call_command("migrate", verbosity=0, interactive=False)
    except DatabaseError as e:
        reason = str(e).strip().splitlines()[0]
        raise CannotStart(
            f"The database cannot be used ({reason}): see that it runs and that DATABASE_URL is right."
        ) from e


def wait_for_answer(supervisor: Supervisor, web: Child, address: str) -> None:
    """
    Until the web answers, or somebody wants to stop.

    :raises CannotStart: it ended, or said nothing for too long.
    """
    deadline = time.monotonic() + FIRST_ANSWER
    while not answers(address) and not supervisor.stopping.is_set():
        supervisor.look()
        if web.failures or time.monotonic() > deadline:
            raise CannotStart(f"The web did not start. {supervisor.tail(web)}")
        supervisor.stopping.wait(0.05)


def answers(address: str) -> bool:
    caller = http.client.HTTPConnection(address.split("/")[2], timeout=1)
    try:
        caller.request("GET", "/healthz")
        return caller.getresponse().status == 200
    except OSError:
        return False
    finally:
        caller.close()
