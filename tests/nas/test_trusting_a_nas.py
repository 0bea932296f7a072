"""The password goes to the NAS that was meant, and to nobody who stands in between."""

from __future__ import annotations

import pytest

from cluster.errors import Refused
from cluster.nas.configured import Configured
from cluster.nas.dsm import Dsm, NotTrusted
from tests.nas.conftest import signed_for
from tests.nas.twin import PASSWORD, USER, Twin, served

PIN = "ab" * 32


@pytest.fixture
def secure(identities, db):
    with served(Twin(), certificate=identities[0].certificate, key=identities[0].key) as twin:
        yield twin


def colons(digest):
    return ":".join(digest[n : n + 2] for n in range(0, 64, 2)).upper()


@pytest.mark.parametrize("written", [str, colons], ids=["plain", "colons"])
def test_the_pinned_certificate_is_trusted_whatever_its_name_and_maker(secure, identities, written):
    dsm = signed_for(secure, certificate=written(identities[0].digest))
    assert dsm.snapshots(secure.lun().uuid) == ()
    assert secure.methods() == ["login", "list_snapshot"]


def test_another_certificate_gets_not_a_byte_of_the_login(secure, identities):
    with pytest.raises(NotTrusted, match="shows another certificate") as refused:
        signed_for(secure, certificate=identities[1].digest).snapshots("any")
    assert secure.asked == []
    assert identities[0].digest in str(refused.value)


def test_without_a_pin_only_who_is_vouched_for_is_trusted(secure):
    with pytest.raises(NotTrusted, match="cannot be trusted"):
        signed_for(secure).snapshots("any")
    assert secure.asked == []


def test_a_server_without_tls_is_no_nas(db):
    with served(Twin()) as plain:
        plain.url = plain.url.replace("http:", "https:")
        with pytest.raises(NotTrusted):
            signed_for(plain, certificate=PIN).snapshots("any")
    assert plain.asked == []


def test_a_certificate_that_changes_meanwhile_is_seen_at_the_next_request(identities, db):
    with served(Twin(), certificate=identities[0].certificate, key=identities[0].key) as twin:
        dsm, lun = signed_for(twin, certificate=identities[0].digest), twin.lun()
        dsm.snapshots(lun.uuid)
    with served(twin, certificate=identities[1].certificate, key=identities[1].key):
        asked = len(twin.asked)
        dsm.url = f"{twin.url}/webapi/entry.cgi"
        with pytest.raises(NotTrusted):
            dsm.snapshots(lun.uuid)
    assert len(twin.asked) == asked


@pytest.mark.parametrize(
    ("url", "certificate", "says"),
    [
        ("http://nas.example.org:5000", "", "in the clear"),
        ("nas.example.org", "", "no address"),
        ("ftp://nas.example.org", "", "no address"),
        ("https://nas.example.org:port", "", "no address"),
        ("https://eve:secret@nas.example.org", "", "no address"),
        ("https://", "", "no address"),
        ("http://127.0.0.1:5000", PIN, "no certificate would be shown"),
        ("https://nas.example.org:5001", "1234", "64 hexadecimal digits"),
        ("https://nas.example.org:5001", PIN[:-1] + "g", "64 hexadecimal digits"),
    ],
)
def test_settings_by_which_a_password_could_leak_are_refused(url, certificate, says):
    with pytest.raises(Refused, match=says) as refused:
        Dsm(Configured(url, USER, PASSWORD, certificate))
    assert PASSWORD not in str(refused.value)
    assert "secret" not in str(refused.value)


def test_half_a_configuration_is_refused_with_what_is_missing():
    with pytest.raises(Refused, match="set NAS_USER, NAS_PASSWORD, too"):
        Dsm(Configured("https://nas.example.org", "", ""))
