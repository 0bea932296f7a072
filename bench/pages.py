"""
Pages of a program that has seen much: 100,000 incidents, a million timeline entries.

First each page alone, inside the server; then as many as it serves, from another process on this machine, beside one
process with eight threads. The load is bounded in count, and stays on loopback.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.utils.timezone import now

from bench.figure import Figure
from bench.program import ROOT, status, until
from config.port import listen
from incidents.models import Incident, TimelineEntry
from people.models import User

INCIDENTS, ENTRIES = 100_000, 10
TURNS = 21
ONE = f"/incidents/{INCIDENTS // 2}/"
PAGES = ["/", "/incidents/", ONE, "/runbooks/", "/runs/", "/recoverability/", "/health/", "/trail/"]
REQUESTS, CALLERS = 400, 4
AIM = 0.025
SERVER = [
    sys.executable,
    "-m",
    "gunicorn",
    "config.wsgi:application",
    "--preload",
    "--no-control-socket",
    "--log-level",
    "error",
]


def measure() -> list[Figure]:
    call_command("migrate", verbosity=0)
    fill()
    client = Client(headers={"host": "localhost"})
    client.force_login(User.objects.create_user("bench", role="admin"))
    cookie = "; ".join(f"{name}={morsel.value}" for name, morsel in client.cookies.items())
    alone = [Figure(f"{INCIDENTS:,} incidents: {page}", page_time(client, page), AIM, "s", "the aim") for page in PAGES]
    cores = str(os.cpu_count() or 1)
    ours, threads = (served(cookie, ways) for ways in (["--workers", cores], ["--workers", "1", "--threads", "8"]))
    return [*alone, Figure(f"pages served, {cores} processes", ours, threads, "/s", "one process, eight threads")]


def fill() -> None:
    """One incident with its timeline, and copies of it made by the database itself, each opened a minute earlier."""
    first = Incident.objects.create(
        pk=1, title="The database did not answer", severity="S2", state="closed", opened=now(), resolved=now()
    )
    TimelineEntry.objects.bulk_create(
        TimelineEntry(incident=first, position=n, token=f"10:{n:02}", at=now(), text=f"Step {n}")
        for n in range(ENTRIES)
    )
    numbers = f"WITH RECURSIVE n(i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < {INCIDENTS})"
    with connection.cursor() as cursor:
        for model, changes in (
            (Incident, {"id": "i", "opened": "datetime(opened, '-' || i || ' minutes')"}),
            (TimelineEntry, {"id": f"id + i * {ENTRIES}", "incident_id": "i"}),
        ):
            table, columns = model._meta.db_table, [str(field.column) for field in model._meta.concrete_fields]
            names = ", ".join(f'"{column}"' for column in columns)
            values = ", ".join(changes.get(column, f'"{column}"') for column in columns)
            cursor.execute(f"INSERT INTO {table} ({names}) {numbers} SELECT {values} FROM {table}, n")
        cursor.execute("ANALYZE")


def page_time(client: Client, page: str) -> float:
    """Median seconds of a page, in this process, without the first that fills the caches of templates."""
    times = []
    for _ in range(TURNS):
        began = time.perf_counter()
        answer = client.get(page)
        times.append(time.perf_counter() - began)
        if answer.status_code != 200:
            raise RuntimeError(f"{page} answered {answer.status_code}")
    return statistics.median(times[1:])


def served(cookie: str, ways: list[str]) -> float:
    """Pages a second: the overview, the list and one incident in turn, asked for by a few callers at once."""
    with listen(0) as opened:
        address = f"http://127.0.0.1:{opened.getsockname()[1]}"
        server = subprocess.Popen(
            [*SERVER, "--bind", f"fd://{opened.fileno()}", *ways],
            cwd=ROOT,
            pass_fds=[opened.fileno()],
        )
        try:
            until(lambda: status(address, "/", cookie) == 200)
            asked = [("/", "/incidents/", ONE)[n % 3] for n in range(REQUESTS)]
            with ThreadPoolExecutor(CALLERS) as callers:
                began = time.perf_counter()
                answers = list(callers.map(lambda page: status(address, page, cookie), asked))
                took = time.perf_counter() - began
        finally:
            server.terminate()
            server.wait(30)
    if set(answers) != {200}:
        raise RuntimeError(f"pages answered {sorted(set(answers))}")
    return REQUESTS / took
