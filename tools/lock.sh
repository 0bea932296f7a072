#!/bin/sh
# Chooses the newest packages that pyproject.toml allows, for every platform, each with its hashes.
# What the tests need is chosen around what the program needs, so that both have the same versions of it.
set -eu
cd "$(dirname "$0")/.."
PATH=$PATH:$PWD/.venv/bin
command -v uv >/dev/null || { echo "make lock needs uv: install it with 'python3 -m pip install uv'." >&2; exit 1; }
compile() {
    uv pip compile pyproject.toml --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --custom-compile-command 'make lock' "$@"
}
compile --output-file requirements.lock
compile --group dev --constraint requirements.lock --output-file requirements-dev.lock
