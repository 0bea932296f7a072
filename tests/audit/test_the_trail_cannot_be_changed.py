"""Entries are added. The model refuses the rest, and so does the database, whoever asks it."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from audit import triggers
from audit.models import AppendOnly, Entry, record
from people.actors import COMMAND

pytestmark = pytest.mark.django_db


@pytest.fixture
def entry():
    return record("door.opened", "door:1", by=COMMAND, colour="red")


def test_the_model_refuses(entry):
    entry.action = "door.closed"
    for change in (
        entry.save,
        entry.delete,
        Entry.objects.all().delete,
        lambda: Entry.objects.filter(pk=entry.pk).update(actor="nobody"),
        lambda: Entry.objects.bulk_create([Entry()]),
    ):
        with pytest.raises(AppendOnly):
            change()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET actor = 'nobody'",
        "UPDATE audit_entry SET facts = '{}' WHERE seq = 1",
        "DELETE FROM audit_entry",
        "DELETE FROM audit_entry WHERE seq = 1",
    ],
)
def test_the_database_refuses(entry, statement):
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert Entry.objects.get().actor == "command line"


@pytest.mark.parametrize("kept", ["id", "seq", "hash"])
def test_the_database_refuses_to_put_an_entry_in_anothers_place(entry, kept):
    """SQLite's REPLACE deletes what stands in its way without a trigger for deletes; PostgreSQL's upsert updates it."""
    new = {"id": "id + 1", "seq": "seq + 1", "hash": "'another'"} | {kept: kept}
    replace, instead = ("INSERT OR REPLACE", "")
    if connection.vendor == "postgresql":
        replace, instead = ("INSERT", f"ON CONFLICT ({kept}) DO UPDATE SET actor = 'nobody'")
    statement = f"""{replace} INTO audit_entry
        SELECT {new["id"]}, {new["seq"]}, at, actor_kind, 'nobody', action, subject, about, facts, before, {new["hash"]}
        FROM audit_entry WHERE true {instead}"""
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)
    assert Entry.objects.get().actor == "command line"


def test_postgresql_refuses_to_empty_the_table(entry):
    if connection.vendor != "postgresql":
        pytest.skip("TRUNCATE is PostgreSQL's: run with DATABASE_URL=postgres://…")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("TRUNCATE audit_entry")


def test_the_guards_can_be_taken_down_and_put_up_again_for_the_migrations_way_back(entry):
    triggers.remove(connection)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE audit_entry SET actor = 'nobody'")
    triggers.install(connection)
    triggers.install(connection)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM audit_entry")
