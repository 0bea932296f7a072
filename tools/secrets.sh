#!/bin/sh
# Makes the secrets that docker-compose.yml reads, each once. The directory is its owner's alone; the files in it can be
# read by the containers' users, who reach them by no other way.
set -eu
cd "$(dirname "$0")/.."
mkdir -p secrets
chmod 700 secrets
made() { head -c 30 /dev/urandom | base64 | tr '+/' '-_'; }
keep() {
    [ -s "secrets/$1" ] || { printf '%s' "$2" >"secrets/$1"; chmod 444 "secrets/$1"; echo "secrets/$1"; }
}
keep secret-key "$(made)$(made)"
keep postgres-password "$(made)"
keep database-url "postgres://aftermath:$(cat secrets/postgres-password)@postgres:5432/aftermath"
