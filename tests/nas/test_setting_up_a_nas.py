"""Off unless configured; by half it is named at the start; and whether it works can be tried before it is needed."""

from __future__ import annotations

import io

import pytest
from django.core.checks import run_checks
from django.core.management import CommandError, call_command

from tests.nas.twin import PASSWORD

WHOLE = {"NAS_URL": "https://nas.example.org:5001", "NAS_USER": "aftermath", "NAS_PASSWORD": "geheim"}


@pytest.fixture
def found(settings):
    def found(**given):
        for name in ("NAS_URL", "NAS_USER", "NAS_PASSWORD", "NAS_CERTIFICATE"):
            setattr(settings, name, given.get(name, ""))
        return [m for m in run_checks(tags=["config"]) if m.id in ("config.E009", "config.E010")]

    return found


def test_no_nas_is_well_and_so_is_a_whole_one(found):
    assert found() == []
    assert found(**WHOLE) == []
    assert found(**WHOLE, NAS_CERTIFICATE=":".join(["AB"] * 32)) == []


@pytest.mark.parametrize("missing", list(WHOLE))
def test_half_a_nas_is_named_by_what_is_missing(found, missing):
    (message,) = found(**{name: value for name, value in WHOLE.items() if name != missing})
    assert message.id == "config.E009"
    assert f"{missing} is not set" in message.msg
    assert "or none of them" in message.hint


def test_a_certificate_alone_is_half_a_nas(found):
    (message,) = found(NAS_CERTIFICATE="ab" * 32)
    assert message.id == "config.E009"


def test_what_cannot_be_used_is_said_all_at_once(found):
    messages = found(**WHOLE | {"NAS_URL": "http://nas.example.org:5000"}, NAS_CERTIFICATE="sha256")
    assert [m.id for m in messages] == ["config.E010", "config.E010"]
    assert "in the clear" in messages[0].msg
    assert "64 hexadecimal digits" in messages[1].msg
    assert not [m for m in messages if "geheim" in m.msg + m.hint]


def tried():
    out = io.StringIO()
    call_command("nas", stdout=out)
    return out.getvalue()


def test_it_can_be_tried_before_it_is_needed(twin, configured):
    twin.lun()
    assert tried() == "The NAS 127.0.0.1 takes the account, and has LUNs: 1.\n"
    assert twin.methods() == ["login", "list"]


def test_trying_says_what_is_wrong(twin, configured):
    configured.NAS_PASSWORD = "wrong"
    for _ in range(5):
        with pytest.raises(CommandError, match="password is wrong"):
            tried()
    assert twin.bad == 1
    configured.NAS_PASSWORD = ""
    with pytest.raises(CommandError, match="by half"):
        tried()
    configured.NAS_URL = configured.NAS_USER = ""
    with pytest.raises(CommandError, match="No NAS is configured"):
        tried()
    configured.NAS_URL, configured.NAS_USER, configured.NAS_PASSWORD = twin.url, twin.user, PASSWORD
    assert "takes the account" in tried()
