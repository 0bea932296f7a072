"""The scene itself, before anything is recovered: it breaks as it did, and what holds it against itself can fail."""

from __future__ import annotations

import pytest

from tests.acceptance import fingerprint
from tests.acceptance.scene.contents import entries
from tests.acceptance.scene.objects import CLAIM

pytestmark = pytest.mark.matrix


def test_the_application_is_hardened_emptied_and_wiped(stage):
    whole = stage.prints()[""]
    fingerprint.holds(whole, fingerprint.expected(entries(stage.now, stage.thumbnails)))
    mirror = stage.mirrored()
    assert {"configuration.yaml", "odd/noted"} <= mirror
    assert not any(name.startswith(".storage") for name in mirror), "the accounts were never in the mirror"

    stage.harden()
    fingerprint.same(fingerprint.still(whole), fingerprint.still(stage.prints()[""]))

    stage.empty()
    stage.wiped()
    left = stage.prints()[""]
    assert len(left) < 10
    assert left[".storage/auth"] != whole[".storage/auth"]
    with pytest.raises(AssertionError, match=r"gone: \.storage/core\.part_0"):
        fingerprint.same(whole, left)
    assert stage.phase_of(stage.released) == "Released"
    assert stage.server.get("PersistentVolumeClaim", stage.namespace, CLAIM)["status"]["phase"] == "Bound"
