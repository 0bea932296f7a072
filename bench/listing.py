"""
A scan of a prefix with 100,000 objects, 50 ms a request, beside `rclone size` on the same server: half of it is the
aim. And the memory of that, beside a scan of a tenth of the objects: it may not grow with them.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from backups.storage import Credentials, Store
from bench.figure import Figure
from cluster.range.store import free_port, rclone, serving

FOLDERS, EACH = 100, 1_000
DELAY = 0.05  # seconds a request
KEY, SECRET = "bench-key", "bench-secret"


def measure() -> list[Figure]:
    with tempfile.TemporaryDirectory(dir="/dev/shm" if os.path.isdir("/dev/shm") else None) as place:
        fill(Path(place) / "bucket")
        with serving(Path(place), key=KEY, secret=SECRET) as server, delayed(server.access.port) as port:
            store = Store(f"http://127.0.0.1:{port}", "us-east-1", "bucket", Credentials(KEY, SECRET))
            small = memory(store, "small")
            beside = size(port)
            begun = time.perf_counter()
            scan = store.scan("all")
            taken = time.perf_counter() - begun
    if scan.objects != FOLDERS * EACH:
        raise RuntimeError(f"{scan.objects} objects were listed")
    return [
        Figure("scan 100,000 objects at 50 ms a request", taken, beside, "s", "rclone size (aim: 0.5)"),
        Figure("memory of that scan", peak(), small, "B", "the same of 10,000 objects"),
    ]


def fill(bucket: Path) -> None:
    for prefix, each in (("all", EACH), ("small", EACH // 10)):
        for folder in range(FOLDERS):
            here = bucket / prefix / f"{folder:03}"
            here.mkdir(parents=True)
            for number in range(each):
                (here / f"{number:05}").touch()


def memory(store: Store, prefix: str) -> float:
    store.scan(prefix)
    return peak()


def peak() -> float:
    """The most that this process ever held, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def size(port: int) -> float:
    env = {
        **os.environ,
        "RCLONE_CONFIG": os.devnull,
        "RCLONE_S3_PROVIDER": "Other",
        "RCLONE_S3_ENDPOINT": f"http://127.0.0.1:{port}",
        "RCLONE_S3_ACCESS_KEY_ID": KEY,
        "RCLONE_S3_SECRET_ACCESS_KEY": SECRET,
    }
    begun = time.perf_counter()
    subprocess.run([rclone(), "size", ":s3:bucket/all"], env=env, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


@contextlib.contextmanager
def delayed(target: int) -> Iterator[int]:
    """A way to the server, in a process of its own, that holds each request up."""
    port = free_port()
    process = multiprocessing.Process(target=lambda: asyncio.run(pass_on(port, target)), daemon=True)
    process.start()
    try:
        yield port
    finally:
        process.kill()
        process.join()


async def pass_on(port: int, target: int) -> None:
    async def client(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        to_reader, to_writer = await asyncio.open_connection("127.0.0.1", target)
        await asyncio.gather(pump(reader, to_writer, DELAY), pump(to_reader, writer, 0))

    async with await asyncio.start_server(client, "127.0.0.1", port) as server:
        await server.serve_forever()


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, delay: float) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(1 << 16):
            if delay:
                await asyncio.sleep(delay)
            writer.write(data)
            await writer.drain()
    writer.close()
