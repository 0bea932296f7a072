"""`DATABASE_URL` as Django takes it: SQLite for one machine, PostgreSQL for several."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import dj_database_url

from config.env import BadSetting

TAKES = "sqlite:////path/to/file or postgres://user:password@host:5432/name"
# One writer at a time is let in at once (IMMEDIATE) rather than refused half-way; readers never wait (WAL).
SQLITE_OPTIONS = {
    "timeout": 30,
    "transaction_mode": "IMMEDIATE",
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
}
POSTGRES_OPTIONS = {"connect_timeout": 5}


def database(url: str, var: Path) -> dict[str, Any]:
    """
    The settings of the one database. The URL may hold a password, so no message repeats more of it than its scheme.

    :raises BadSetting: the URL names no database that the program knows.
    """
    scheme = urlsplit(url).scheme
    if scheme not in {"sqlite", "postgres", "postgresql"}:
        raise BadSetting(f"DATABASE_URL begins with {scheme + '://' if scheme else 'no scheme'}: write {TAKES}.")
    try:
        parsed: dict[str, Any] = dict(dj_database_url.parse(url, conn_max_age=600, conn_health_checks=True))
    except ValueError as e:
        raise BadSetting(f"DATABASE_URL is no address of a database: write {TAKES}.") from e
    if not parsed["NAME"] or parsed["NAME"] == ":memory:":
        raise BadSetting(f"DATABASE_URL names no database: write {TAKES}.")
    if scheme == "sqlite":
        # A file for the tests as well: threads and workers cannot share a database in memory.
        return parsed | {"OPTIONS": SQLITE_OPTIONS, "TEST": {"NAME": str(var / "test.sqlite3")}}
    return parsed | {"OPTIONS": POSTGRES_OPTIONS | parsed.get("OPTIONS", {})}
