"""
Every test that this machine can run: on SQLite, then those that use the database again on PostgreSQL, then those that
need a cluster against the Kubernetes of KUBECONFIG. `make test` runs it; words after it go to pytest, as in
`make test ARGS="tests/people -x"`. The word `kubernetes` before them is for the third part alone, `kubernetes-all` for
that with everything that takes long or breaks the cluster for others.

PostgreSQL is the one that TEST_POSTGRES_URL names, else one that is started for the tests where the server's programs
are installed. AFTERMATH_REQUIRE names what must not be skipped.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from tests import postgres  # noqa: E402  the line above makes it be found
from tests.requirements import required  # noqa: E402

NO_POSTGRES = "PostgreSQL: no server on this machine; apt install postgresql, or let TEST_POSTGRES_URL name one"
NO_TESTS = 5
# How the tests of a cluster reach it and the object store beside it; the others are not to find either by chance.
CLUSTER = (
    *("KUBECONFIG", "KUBE_CONTEXT", "S3_ENDPOINT", "S3_ENDPOINT_FROM_PODS", "S3_REGION"),
    *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"),
    *("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL"),
)
HERE, THERE, ALL = "not kubernetes", "kubernetes and not matrix and not alone", "kubernetes"


def main(words: list[str]) -> int:
    part, words = (words[0], words[1:]) if words[:1] in (["kubernetes"], ["kubernetes-all"]) else ("", words)
    with tempfile.TemporaryDirectory(prefix="am-", dir=memory(), ignore_cleanup_errors=True) as home:
        skipped: Counter[str] = Counter()
        codes = [] if part else databases(Path(home), words, skipped)
        codes.append(kubernetes(Path(home) / "k", words, skipped, everything=part == "kubernetes-all"))
    print_skipped(skipped)
    if words:  # whoever names some tests need not name some of each part
        codes = [code for code in codes if code != NO_TESTS]
    return max(codes, default=0)


def databases(home: Path, words: list[str], skipped: Counter[str]) -> list[int]:
    here = ["-m", HERE, *words]
    codes = [suite("SQLite", home / "s", {}, here, skipped)]
    with postgres_url() as url:
        if url:
            codes.append(suite("PostgreSQL", home / "p", {"DATABASE_URL": url}, ["--database-only", *here], skipped))
        else:
            skipped[NO_POSTGRES] += 1
            codes.append(int(required("postgres")))
    return codes


def kubernetes(home: Path, words: list[str], skipped: Counter[str], *, everything: bool) -> int:
    """
    On SQLite, once. These mostly wait for the cluster, so there is one process more than cores; what breaks the
    cluster for others is done by one alone.
    """
    told = {name: os.environ[name] for name in CLUSTER if os.environ.get(name)} | {"AFTERMATH_CONTRACT": "kubernetes"}
    if everything:
        return suite("Kubernetes, all of it", home, told | {"AFTERMATH_ALONE": "1"}, ["-m", ALL, *words], skipped, 0)
    return suite("Kubernetes", home, told, ["-m", THERE, *words], skipped, (os.cpu_count() or 1) + 1)


def suite(
    name: str, home: Path, env: dict[str, str], words: list[str], skipped: Counter[str], processes: int | None = None
) -> int:
    """
    Run some of the tests, by as many processes as there are cores unless it is said; what they skipped is added to
    `skipped`. Pytest's own code: 0 when all passed.
    """
    print(f"\nTests on {name}", flush=True)
    for part in ("tmp", "var"):
        (home / part).mkdir(parents=True)
    report = home / "skipped.json"
    places = {"AFTERMATH_VAR": str(home / "var"), "TMPDIR": str(home / "tmp"), "AFTERMATH_SKIPPED": str(report)}
    share = ["--numprocesses", str(os.cpu_count() if processes is None else processes), "--no-loadscope-reorder"]
    # A short path: some tests open a socket below it, whose path can have a hundred bytes.
    ways = ["-q", "--durations", "10", "-p", "tests.skips", "--basetemp", str(home / "t"), *share]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *ways, *words],
        cwd=ROOT,
        env=clean(os.environ) | places | env,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    if report.exists():
        skipped.update(json.loads(report.read_text()))
    return done.returncode


def clean(environ: os._Environ[str]) -> dict[str, str]:
    """The environment without what would set the program up differently: the tests say themselves what they need."""
    read = re.findall(r'env\.\w+\(\s*"(\w+)"', (ROOT / "config" / "settings.py").read_text())
    set_up = {*read, *(f"{name}_FILE" for name in read), *CLUSTER}
    return {name: value for name, value in environ.items() if name not in set_up}


@contextlib.contextmanager
def postgres_url() -> Iterator[str]:
    if url := os.environ.get("TEST_POSTGRES_URL"):
        yield url
    elif programs := postgres.programs():
        with postgres.server(programs) as url:
            yield url
    else:
        yield ""


def memory() -> str | None:
    """Many small files are made and removed: in memory that is quick on every machine."""
    return "/dev/shm" if os.access("/dev/shm", os.W_OK) else None


def print_skipped(skipped: Counter[str]) -> None:
    print("\nSkipped, and how to get it:" if skipped else "\nNothing was skipped.")
    for reason, count in sorted(skipped.items()):
        print(f"  {count:4} x {reason}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
