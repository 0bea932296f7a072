"""Volumes, and a real S3 server for their copies."""

from __future__ import annotations

import pytest

from backups.models import RecoveryPoint, Source, Volume
from tests.stores import s3, store

__all__ = ["s3", "store"]


@pytest.fixture
def volume(db):
    return Volume.objects.create(namespace="home", claim="config", title="Home", sentinels=[".storage/auth"], rpo=360)


@pytest.fixture
def archives(volume):
    return Source.objects.create(volume=volume, kind=Source.Kind.ARCHIVES, bucket="practice", prefix="archives/home")


def point(source: Source, taken, **changes) -> RecoveryPoint:
    told = {"ref": f"archives/home/{taken:%Y%m%dT%H%M%S}.tar.zst", "files": 100, "bytes": 1_000_000}
    told |= {"kind": RecoveryPoint.Kind.ARCHIVE, "sentinels": {".storage/auth": True}, **changes}
    return RecoveryPoint.objects.create(volume=source.volume, source=source, taken=taken, **told)
