"""Writers wait for each other: the chain has no fork, no gap and no doubled number."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, transaction

from audit.models import Entry, broken, record
from people.actors import Actor

THREADS, EACH = 6, 15


@pytest.mark.django_db(transaction=True)
def test_the_chain_of_many_writers_is_unbroken():
    errors: list[Exception] = []
    start = threading.Barrier(THREADS)

    def write(n: int) -> None:
        try:
            start.wait(20)
            for i in range(EACH):
                record("door.opened", f"door:{i}", by=Actor("person", f"writer {n}"), i=i)
        except Exception as e:  # noqa: BLE001 - told below, whatever it was
            errors.append(e)
        finally:
            connection.close()

    threads = [threading.Thread(target=write, args=[n]) for n in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert errors == []
    assert list(Entry.objects.order_by("seq").values_list("seq", flat=True)) == list(range(1, THREADS * EACH + 1))
    assert broken() is None


@pytest.mark.django_db(transaction=True)
def test_an_entry_goes_when_what_it_tells_of_did_not_happen():
    record("door.opened", "door:1", by=Actor("person", "alice"))
    with transaction.atomic():
        record("door.closed", "door:1", by=Actor("person", "alice"))
        transaction.set_rollback(True)
    record("door.painted", "door:1", by=Actor("person", "alice"))
    assert list(Entry.objects.order_by("seq").values_list("action", flat=True)) == ["door.opened", "door.painted"]
    assert broken() is None
