"""`.ci/run` on a machine with a kit for a Kubernetes, and on one without: what is built, promised, and taken down."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root may start a kit; here all tests are run by one")


def script(path, *lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(["#!/bin/sh", *lines, ""]))
    path.chmod(0o755)


@pytest.fixture
def machine(tmp_path):
    """A copy of the script, programs that only tell what they were asked, and a kit beside the project."""
    said = tmp_path / "said"
    project = tmp_path / "project"
    (project / ".ci").mkdir(parents=True)
    shutil.copy(ROOT / ".ci" / "run", project / ".ci" / "run")
    script(tmp_path / "bin" / "dpkg-query", "echo installed")
    told = 'echo "make $* require=$AFTERMATH_REQUIRE kubeconfig=$KUBECONFIG" >>' + str(said)
    script(tmp_path / "bin" / "make", told, "exit ${MADE:-0}")
    kit = tmp_path / "shared" / "kit"
    script(kit / "up", f"echo up >>{said}", "echo \"export KUBECONFIG='/a/file' S3_ENDPOINT='http://s3'\"")
    script(kit / "docker-build", f'echo "build $2" >>{said}')
    script(kit / "down", f"echo down >>{said}")

    def run(**more):
        env = {"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", "KIT_DIR": str(tmp_path / "state")} | more
        done = subprocess.run(["bash", project / ".ci" / "run"], env=env, capture_output=True, text=True, check=False)
        lines = said.read_text().splitlines() if said.exists() else []
        return done, lines

    return run


MADE = "make test require=browser,postgres,redis,kubernetes kubeconfig=/a/file"


def test_a_kit_is_started_promised_and_taken_down(machine):
    done, said = machine()
    assert done.returncode == 0, done.stderr
    assert said == ["up", "build aftermath:dev", MADE, "down"]


def test_it_is_taken_down_when_tests_fail_and_the_failure_is_told(machine):
    done, said = machine(MADE="3")
    assert done.returncode == 3
    assert said[-1] == "down"


def test_one_that_is_up_already_is_used_and_left(machine, tmp_path):
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "env").touch()
    _done, said = machine()
    assert said == ["up", "build aftermath:dev", MADE]


def test_without_a_kit_it_says_so_and_requires_the_rest(machine, tmp_path):
    done, said = machine(AFTERMATH_KIT=str(tmp_path / "none"))
    assert done.returncode == 0, done.stderr
    assert "what needs a cluster is skipped" in done.stdout
    assert said == ["make test require=browser,postgres,redis kubeconfig="]


def test_a_kit_that_does_not_start_fails_the_run_and_is_taken_down(machine, tmp_path):
    script(tmp_path / "shared" / "kit" / "up", "exit 1")
    done, said = machine()
    assert done.returncode != 0
    assert said == ["down"]
