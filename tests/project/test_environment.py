"""`make env` makes `.venv` as the lock says, once, with what the machine has; where it cannot, a sentence says why."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOBODY = 65534

# Stands for uv, which would ask the network: writes down what it was asked, and makes an environment without packages.
UV = f"""#!/bin/sh
echo "$@" >>"$TREE/asked"
[ -e "$TREE/refuse" ] && [ "$1" = pip ] && exit 2
[ "$1" != venv ] || exec {sys.executable} -m venv --without-pip "$TREE/.venv"
"""


@pytest.fixture
def tree(tmp_path):
    """A tree with a lock, and a path on which there are uv, the test's own Python, and what sh needs."""
    tree = tmp_path / "tree"
    for part in ("tools", "bin"):
        (tree / part).mkdir(parents=True)
    shutil.copy(ROOT / "tools" / "environment.sh", tree / "tools")
    (tree / "requirements.lock").write_text("a==1\n")
    (tree / "requirements-dev.lock").write_text("a==1\nb==1\n")
    program(tree / "bin" / "uv", UV)
    program(tree / "bin" / "python3.11", f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    return tree


def program(path, text):
    path.write_text(text)
    path.chmod(0o755)


def make_env(tree, lock="requirements.lock", **more):
    env = {"PATH": f"{tree / 'bin'}:/usr/bin:/bin", "TREE": str(tree)} | more.pop("env", {})
    command = ["sh", "tools/environment.sh", lock]
    return subprocess.run(command, cwd=tree, env=env, capture_output=True, text=True, check=False, **more)


def asked(tree):
    path = tree / "asked"
    lines = path.read_text().splitlines() if path.exists() else []
    path.unlink(missing_ok=True)
    return lines


def test_it_is_made_once_and_again_only_when_the_lock_says_something_else(tree):
    done = make_env(tree)
    assert done.returncode == 0
    assert done.stderr == "Installing the packages of requirements.lock into .venv; this is done once.\n"
    first = asked(tree)
    assert first[0].startswith("venv")
    assert "--require-hashes" in first[1]
    assert "--no-deps -r requirements.lock" in first[1]

    os.utime(tree / "requirements.lock")
    assert make_env(tree).stderr == ""
    assert asked(tree) == []

    (tree / "requirements.lock").write_text("a==2\n")
    assert make_env(tree).returncode == 0
    assert [line.split()[0] for line in asked(tree)] == ["pip"], "the environment itself is kept"


def test_who_has_what_the_tests_need_has_what_the_program_needs(tree):
    make_env(tree, "requirements-dev.lock")
    assert asked(tree)
    make_env(tree, "requirements.lock")
    assert asked(tree) == []


def test_an_install_that_failed_is_said_and_tried_again(tree):
    (tree / "refuse").touch()
    done = make_env(tree)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].startswith(
        "The packages could not be installed (see above): look at the network"
    )
    (tree / "refuse").unlink()
    asked(tree)
    assert make_env(tree).returncode == 0
    assert [line.split()[0] for line in asked(tree)] == ["pip"]


def test_without_uv_pip_does_it(tree):
    (tree / "bin" / "uv").unlink()
    program(
        tree / "bin" / "python3.11",
        f'#!/bin/sh\n[ "$1" = -m ] && {{ mkdir -p .venv/bin; touch .venv/pyvenv.cfg; cp "$0" .venv/bin/python; '
        f'echo "$@" >>"{tree}/asked"; exit; }}\nexec {sys.executable} "$@"\n',
    )
    assert make_env(tree).returncode == 0
    venv, pip = asked(tree)
    assert venv == "-m venv .venv"
    assert pip.startswith("-m pip install")
    assert "--require-hashes --no-deps -r requirements.lock" in pip


def test_an_environment_whose_python_is_gone_is_made_anew(tree):
    make_env(tree)
    (tree / ".venv" / "bin" / "python").unlink()
    asked(tree)
    assert make_env(tree).returncode == 0
    assert [line.split()[0] for line in asked(tree)] == ["venv", "pip"]


def test_a_python_that_is_too_old_is_named(tree):
    old = '#!/bin/sh\ncase "$2" in *version_info*) exit 1;; *) echo 3.9.2;; esac\n'
    program(tree / "bin" / "old", old)
    done = make_env(tree, env={"PYTHON": "old"})
    assert done.returncode == 1
    assert done.stderr == (
        "Aftermath needs Python 3.11 or newer and found 3.9.2: install one, or name it as in "
        "'make run PYTHON=/path/to/python3.11'.\n"
    )
    assert not (tree / ".venv").exists()


def test_no_python_at_all_is_said(tree):
    done = make_env(tree, env={"PYTHON": "no-such-program"})
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert "found none" in done.stderr


def test_something_else_that_is_called_venv_is_left_alone(tree):
    (tree / ".venv").mkdir()
    (tree / ".venv" / "treasure").touch()
    done = make_env(tree)
    assert done.returncode == 1
    assert "is not a Python environment: move it away" in done.stderr
    assert (tree / ".venv" / "treasure").exists()


@pytest.mark.skipif(os.getuid() != 0, reason="Being somebody else needs root: run the tests as root to see it.")
def test_a_directory_that_may_not_be_written_is_said(tree):
    with tempfile.TemporaryDirectory(prefix="aftermath-", dir="/tmp") as home:  # pytest's own are closed to others
        Path(home).chmod(0o755)
        there = Path(shutil.copytree(tree, Path(home) / "tree"))
        done = make_env(there, user=NOBODY, group=NOBODY, extra_groups=[])
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith(
        f"{there} cannot be written by nobody: make it writable, or use a copy in a directory"
    )
