"""The packages of `make run` are enough to run: nothing leans on what only the tests install."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LAYERS = ["people", "audit", "cluster", "backups", "health", "incidents", "runbooks", "config"]

# Import everything that the program consists of, with the modules of argv not to be found.
IMPORT = """
import sys
from importlib import import_module
from pathlib import Path

class Missing:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in missing:
            raise ModuleNotFoundError(f"No module named {name!r}: it is not in requirements.lock")

missing = set(sys.argv[1].split())
sys.meta_path.insert(0, Missing())
import django
django.setup()
for layer in sys.argv[2].split():
    for path in sorted(Path(layer).rglob("*.py")):
        if path.name != "__main__.py":
            import_module(".".join(path.with_suffix("").parts).removesuffix(".__init__"))
for used in ("kombu.transport.redis", "celery.bin.worker", "celery.concurrency.prefork", "gunicorn.app.wsgiapp"):
    import_module(used)
"""


def names_in(lock):
    return {name.lower() for name in re.findall(r"^([A-Za-z0-9._-]+)==", (ROOT / lock).read_text(), re.MULTILINE)}


def modules_of_the_tests_alone():
    run = names_in("requirements.lock")
    for module, distributions in packages_distributions().items():
        normal = {re.sub(r"[-_.]+", "-", name).lower() for name in distributions}
        if not normal & run and module.isidentifier():
            yield module


def test_the_program_needs_nothing_that_only_the_tests_install():
    missing = set(modules_of_the_tests_alone())
    assert {"pytest", "mypy", "playwright"} <= missing
    done = subprocess.run(
        [sys.executable, "-c", IMPORT, " ".join(missing), " ".join(LAYERS)],
        cwd=ROOT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "config.settings"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements-dev.lock"])
def test_every_package_has_its_version_its_hashes_and_no_address(lock):
    text = (ROOT / lock).read_text()
    assert "://" not in text
    assert "index-url" not in text
    blocks = re.split(r"\n(?=[a-z0-9])", text.split("\n", 2)[2])
    assert len(blocks) > 30
    assert all(re.match(r"[a-z0-9-]+==\S+ ", block) and "--hash=sha256:" in block for block in blocks)


def test_the_tests_run_on_the_versions_that_are_run():
    versions = [
        dict(re.findall(r"^([a-z0-9-]+)==(\S+)", (ROOT / lock).read_text(), re.MULTILINE))
        for lock in ("requirements.lock", "requirements-dev.lock")
    ]
    assert versions[0].items() <= versions[1].items()
