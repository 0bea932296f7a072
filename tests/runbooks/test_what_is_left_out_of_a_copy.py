"""No archive can hold a pipe or a socket: a run that copies says which it left out, and a restore says it again."""

from __future__ import annotations

import os

import pytest
from django.urls import reverse
from django.utils.timezone import now

from backups.models import RecoveryPoint, Source
from cluster.range.store import BUCKET, serve
from runbooks.library.archive_volume import ArchiveVolume
from runbooks.library.restore_volume import RestoreVolume
from runbooks.spine import rows
from tests.runbooks.conftest import HOME, finish, started

pytestmark = pytest.mark.django_db


@pytest.fixture
def source(world, volume):
    with serve(world.directory):
        yield Source.objects.create(volume=volume, kind="archives", bucket=BUCKET, prefix="archives/home")


def test_they_are_named_on_the_page_of_the_run(client, alice, world, volume, by, source):
    os.mkfifo(world.ground.volumes.data(HOME) / "<control>")
    run = started(ArchiveVolume(volume=volume.pk), world, by=by)
    assert finish(run, world) == "done", run.why
    client.force_login(alice)
    page = client.get(reverse("run", args=[run.pk])).text
    assert "1 is left out: it cannot be archived (pipe, socket or device)" in page
    assert page.count("<li><code>&lt;control&gt;</code></li>") == 1

    made = run.records.get(facts__code="archive").result["manifest"]
    point = RecoveryPoint.objects.create(
        volume=volume, source=source, kind="archive", ref=made["archive"]["key"], taken=now(),
        files=made["files"], bytes=made["bytes"], manifest=made,
    )  # fmt: skip
    restore = started(RestoreVolume(volume=volume.pk, point=point.pk), world, by=by)
    assert finish(restore, world) == "done", restore.why
    extract = next(n for n, act in enumerate(restore.plan) if act.told().code == "extract")
    assert rows(restore)[extract].left_out == ("<control>",)


def test_where_nothing_is_left_out_nothing_is_said(client, alice, world, volume, by, source):
    run = started(ArchiveVolume(volume=volume.pk), world, by=by)
    assert finish(run, world) == "done", run.why
    client.force_login(alice)
    assert "<details" not in client.get(reverse("run", args=[run.pk])).text
