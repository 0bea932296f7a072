"""Changing the trail behind everybody's back, as somebody with the database in their hands could."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

from audit import triggers


@contextmanager
def hands_on() -> Iterator[Any]:
    """The guards are down, and a cursor is there."""
    triggers.remove(connection)
    try:
        with connection.cursor() as cursor:
            yield cursor
    finally:
        triggers.install(connection)
