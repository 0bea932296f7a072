"""A vault of passwords: few files, each of which matters; a job copies them away now and then, and deletes nothing."""

from __future__ import annotations

from collections.abc import Iterator

from cluster.range.sample.application import DAY, HOUR, Application, Copies, MiB, as_json, database, noise
from cluster.range.volumes import Item

SCHEMA = "CREATE TABLE ciphers (id INTEGER PRIMARY KEY, sealed BLOB, revised REAL)"


def items(small: bool) -> Iterator[Item]:
    yield Item("rsa_key.pem", noise("key of the practice vault", 1_700), mode=0o600, age=25 * DAY)
    yield Item("config.json", as_json({"domain": "https://vault.practice.invalid", "signups": False}), age=14 * DAY)
    yield Item("attachments", mode=0o700, age=2 * DAY)
    for n in range(1 if small else 9):
        yield Item(f"attachments/{n:03d}", noise(f"attachment {n}", 12_000), mode=0o600, age=2 * DAY + n * 5 * HOUR)
    ciphers = [(n, noise(f"cipher {n}", 200), n * 3600.0) for n in range(4 if small else 240)]
    rows = {"INSERT INTO ciphers VALUES (?, ?, ?)": ciphers}
    for name, data in database("db.sqlite3", SCHEMA, rows).items():
        yield Item(name, data, mode=0o600, age=7 * HOUR)


VAULT = Application(
    name="vault",
    title="Vault",
    namespace="vault",
    claim="data",
    mount="/data",
    uid=1003,
    gid=1003,
    image="practice/vault:1.35",
    command=("vault", "--folder", "/data"),
    capacity=256 * MiB,
    sentinels=("rsa_key.pem", "db.sqlite3"),
    needs=("rsa_key.pem", "db.sqlite3"),
    items=items,
    copies=Copies("vault-backup", "CronJob", "copy", "practice/mirror/vault", every=60),
    hello="vault: unsealed",
)
