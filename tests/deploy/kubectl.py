"""kubectl, and the manifests as it renders them."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import yaml

from tests.requirements import missing

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
SECRETS = ("secret-key", "database-url", "redis-url", "s3-key", "s3-secret")


def program() -> str:
    """The path of kubectl; the test is skipped aloud without one."""
    found = os.environ.get("KIT_KUBECTL") or shutil.which("kubectl")
    if not found or not Path(found).exists():
        missing("kubernetes", "needs kubectl: install it, or let KIT_KUBECTL name one")
    return found


def kubectl(*words: str, given: str = "", seconds: float = 120, check: bool = True) -> str:
    """What it says; AssertionError with its own words where it fails."""
    done = subprocess.run(
        [program(), *words], input=given, capture_output=True, text=True, timeout=seconds, check=False
    )
    assert not check or done.returncode == 0, f"kubectl {' '.join(words)}: {done.stderr or done.stdout}"
    return done.stdout


def rendered(directory: Path) -> list[dict[str, Any]]:
    """Every object that applying the directory would make. It must not need a network."""
    nowhere = {"HTTPS_PROXY": "http://127.0.0.1:1", "HTTP_PROXY": "http://127.0.0.1:1", "PATH": os.environ["PATH"]}
    done = subprocess.run(
        [program(), "kustomize", str(directory)],
        env=nowhere,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return list(yaml.safe_load_all(done.stdout))


def copied(to: Path, **secrets: str) -> Path:
    """The manifests beside others, with the example's secrets."""
    shutil.copytree(DEPLOY, to)
    (to / "example" / "secrets").mkdir()
    for name in SECRETS:
        (to / "example" / "secrets" / name).write_text(secrets.get(name.replace("-", "_"), f"a {name}"))
    return to
