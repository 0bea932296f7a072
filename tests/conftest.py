"""What every test may use."""

from __future__ import annotations

import pytest
from django.core.management.commands import flush
from django.db import connections

from audit import triggers
from tests import clusters

emptied = flush.Command.handle


def empty(self: flush.Command, **options: object) -> None:
    """Between transactional tests the database is emptied; the trail's guards stand aside for that and come back."""
    connection = connections[str(options["database"])]
    guarded = "audit_entry" in connection.introspection.table_names()
    if guarded:
        triggers.remove(connection)
    try:
        emptied(self, **options)
    finally:
        if guarded:
            triggers.install(connection)


flush.Command.handle = empty  # type: ignore[method-assign]


def pytest_configure(config):
    clusters.name_markers(config)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    clusters.mark(items)


@pytest.fixture
def alice(django_user_model):
    """She may do everything that an operator may."""
    return django_user_model.objects.create_user("alice", role="operator")


@pytest.fixture
def bob(django_user_model):
    """He is on call: a responder, who may write incidents and draft runs, and start none."""
    return django_user_model.objects.create_user("bob", role="responder")


@pytest.fixture
def carol(django_user_model):
    """She may only look."""
    return django_user_model.objects.create_user("carol", role="viewer")


@pytest.fixture
def root(django_user_model):
    return django_user_model.objects.create_user("root", role="admin")
