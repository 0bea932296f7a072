"""A volume is free only when the NAS agrees; and what the NAS cannot say is never taken for "free"."""

from __future__ import annotations

import pytest

from cluster.nas import witness
from cluster.nas.connect import DRIVER, lun_of, nas
from tests.nas.twin import served


def says(lun, driver=DRIVER, **attributes):
    return [(w.what, w.says, w.detail) for w in witness.storage(driver, lun, attributes)]


def test_without_a_nas_there_is_no_such_witness(settings):
    settings.NAS_URL = settings.NAS_USER = settings.NAS_PASSWORD = settings.NAS_CERTIFICATE = ""
    assert nas() is None
    assert says("any") == []
    assert lun_of(DRIVER, "any") == ""


def test_a_connected_session_is_an_attached_volume_and_is_named(twin, configured):
    lun = twin.lun()
    target = twin.target(lun, sessions=[{"iqn": "iqn.1993-08.org.debian:node-1", "ip": "10.0.0.1"}])
    assert says(lun.uuid) == [("storage", "attached", "iqn.1993-08.org.debian:node-1 from 10.0.0.1")]
    target["connected_sessions"] = []
    assert says(lun.uuid) == [("storage", "detached", "no session is connected")]


def test_a_session_of_another_lun_is_nothing_to_this_one(twin, configured):
    mine, other = twin.lun(), twin.lun()
    twin.target(mine)
    twin.target(other, sessions=[{"iqn": "iqn.a", "ip": "10.0.0.9"}])
    assert says(mine.uuid) == [("storage", "detached", "no session is connected")]


def test_a_volume_of_another_driver_is_not_asked_about(twin, configured):
    assert says("any", driver="csi.example.org") == []
    assert twin.asked == []


@pytest.mark.parametrize("protocol", ["smb", "nfs", "nvme"])
def test_a_share_has_no_lun_and_no_witness(twin, configured, protocol):
    assert says("share-uuid", protocol=protocol) == []
    assert lun_of(DRIVER, "lun-uuid", {"protocol": "iscsi"}) == "lun-uuid"
    assert twin.asked == []


def test_a_lun_that_the_nas_does_not_have_is_unknown(twin, configured):
    ((what, said, detail),) = says("elsewhere")
    assert (what, said) == ("storage", "unknown")
    assert "has no LUN elsewhere" in detail


def test_a_nas_that_is_off_is_unknown(twin, configured):
    configured.NAS_URL = "http://127.0.0.1:9"
    ((_, said, detail),) = says("any")
    assert said == "unknown"
    assert "cannot be reached" in detail


def test_a_refused_login_is_unknown_and_is_not_repeated(twin, configured):
    configured.NAS_PASSWORD = "wrong"
    lun = twin.lun()
    for _ in range(20):
        ((_, said, detail),) = says(lun.uuid)
        assert said == "unknown"
        assert "password is wrong" in detail
    assert twin.bad == 1


def test_an_answer_without_its_parts_is_unknown(twin, configured):
    lun = twin.lun()
    del twin.target(lun)["connected_sessions"]
    ((_, said, detail),) = says(lun.uuid)
    assert (said, detail) == ("unknown", "The NAS does not say who is connected to its targets.")


def test_half_a_configuration_is_unknown_rather_than_no_witness(twin, configured):
    configured.NAS_PASSWORD = ""
    ((_, said, detail),) = says(twin.lun().uuid)
    assert said == "unknown"
    assert "NAS_PASSWORD" in detail


def test_it_speaks_again_when_the_nas_is_back(twin, configured):
    lun = twin.lun()
    twin.target(lun)
    twin.cut.append("list")
    assert [said for _, said, _ in says(lun.uuid)] == ["unknown"]
    assert [said for _, said, _ in says(lun.uuid)] == ["detached"]


def test_one_connection_to_the_nas_serves_a_process_while_the_settings_stay(twin, configured):
    first = nas()
    assert nas() is first
    with served(type(twin)()) as other:
        configured.NAS_URL = other.url
        assert nas() is not first
