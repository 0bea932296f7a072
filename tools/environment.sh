#!/bin/sh
# Makes .venv as a lock file says: `environment.sh requirements.lock` to run, `environment.sh requirements-dev.lock` to test.
# A copy of the lock in .venv says what is installed, so nothing is done again until the lock changes.
set -eu
cd "$(dirname "$0")/.."
lock=$1

give_up() {
    printf '%s\n' "$1" >&2
    exit 1
}

# The first Python that is new enough; a name on PATH may be a shim that leads nowhere, so each is asked.
find_python() {
    for name in ${PYTHON:-python3.11 python3.12 python3.13 python3.14 python3 python}; do
        if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then
            command -v "$name"
            return
        fi
    done
    found=$(${PYTHON:-python3} -c 'import platform; print(platform.python_version())' 2>/dev/null || echo none)
    give_up "Aftermath needs Python 3.11 or newer and found ${found}: install one, or name it as in 'make run PYTHON=/path/to/python3.11'."
}

holds() { cmp -s "$1" ".venv/.installed-$1"; }

if .venv/bin/python -c '' 2>/dev/null; then
    if holds "$lock" || { [ "$lock" = requirements.lock ] && holds requirements-dev.lock && holds requirements.lock; }; then
        exit 0
    fi
else
    [ -w . ] || give_up "$(pwd) cannot be written by $(id -un 2>/dev/null || id -u): make it writable, or use a copy in a directory of your own."
    python=$(find_python) || exit 1
    [ ! -e .venv ] || [ -f .venv/pyvenv.cfg ] || give_up "$(pwd)/.venv is not a Python environment: move it away, then try again."
    rm -rf .venv
fi
[ ! -e .venv ] || [ -w .venv ] || give_up "$(pwd)/.venv cannot be written by $(id -un 2>/dev/null || id -u): remove it, or use a copy of your own."

echo "Installing the packages of $lock into .venv; this is done once." >&2
if command -v uv >/dev/null 2>&1; then
    [ -d .venv ] || uv venv --quiet --python "$python" .venv
    uv pip install --quiet --python .venv/bin/python --compile-bytecode --require-hashes --no-deps -r "$lock" ||
        give_up "The packages could not be installed (see above): look at the network and at the package index of uv, then try again."
else
    [ -d .venv ] || "$python" -m venv .venv >/dev/null 2>&1 || {
        rm -rf .venv
        give_up "$python cannot make an environment: install its venv module (on Debian: apt install python3-venv) or uv, then try again."
    }
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input --require-hashes --no-deps -r "$lock" ||
        give_up "The packages could not be installed (see above): look at the network and at the package index of pip, then try again."
fi
cp "$lock" ".venv/.installed-$lock"
# What the tests need holds all that the program needs, at the same versions.
[ "$lock" = requirements.lock ] || cp requirements.lock .venv/.installed-requirements.lock
