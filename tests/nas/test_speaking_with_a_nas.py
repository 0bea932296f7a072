"""What is asked of a NAS over its own protocol, and what its answers and silences mean."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta

import pytest

from cluster.errors import ClusterError, Conflict, Forbidden, NotFound, Refused, Unreachable
from cluster.nas import dsm as module
from cluster.nas.api import Session
from tests.nas import twin as as_dsm
from tests.nas.conftest import signed_for
from tests.nas.twin import PASSWORD, Twin, served


def test_a_snapshot_is_taken_and_seen_again(twin, dsm):
    lun = twin.lun()
    uuid = dsm.take(lun.uuid, "am-1-snapshot", "aftermath run 1 act 2")
    (seen,) = dsm.snapshots(lun.uuid)
    assert seen == dsm.snapshot(uuid)
    assert (seen.uuid, seen.name, seen.mark, seen.lun) == (uuid, "am-1-snapshot", "aftermath run 1 act 2", lun.uuid)
    assert (seen.healthy, seen.status, seen.size) == (True, "Healthy", 1 << 30)
    assert datetime.now(UTC) - seen.taken < timedelta(minutes=1)


def test_what_is_taken_is_locked_against_the_schedules_of_the_nas(twin, dsm):
    lun = twin.lun()
    dsm.take(lun.uuid, "kept", "mark")
    (there,) = lun.snapshots
    assert (there["is_user_locked"], there["is_app_consistent"], there["taken_by"]) == (True, False, "aftermath")


def test_strings_travel_quoted_and_every_request_in_the_body(twin, dsm):
    lun = twin.lun()
    dsm.take(lun.uuid, 'a "name" & more', "é")
    assert (lun.snapshots[0]["name"], lun.snapshots[0]["description"]) == ('a "name" & more', "é")
    path, form, _ = twin.asked[-1]
    assert path == "/webapi/entry.cgi"
    assert form["src_lun_uuid"] == json.dumps(lun.uuid)


def test_the_password_is_in_no_address_and_no_description_of_an_object(twin, dsm, caplog):
    caplog.set_level("DEBUG")
    dsm.snapshots(twin.lun().uuid)
    assert {path for path, _, _ in twin.asked} == {"/webapi/entry.cgi"}
    logins = [form for _, form, _ in twin.asked if form["method"] == "login"]
    assert [form["passwd"] for form in logins] == [PASSWORD]
    secrets = [PASSWORD, *twin.sids]
    told = caplog.text + repr(dsm.configured) + repr(dsm.signed)
    assert not [secret for secret in secrets if secret in told]


def test_a_snapshot_in_the_making_is_not_healthy_yet(twin, dsm):
    lun, twin.unhealthy_looks = twin.lun(), 2
    uuid = dsm.take(lun.uuid, "slow", "mark")
    assert [dsm.snapshot(uuid).healthy for _ in range(3)] == [False, False, True]


@pytest.mark.parametrize(
    ("shown", "healthy"),
    [
        ({"status": "Healthy"}, True),
        ({"status": "Healthy", "is_action_locked": True}, False),
        ({"status": {"type": "Healthy", "progress": {"percent": -1, "step": "waiting"}}}, True),
        ({"status": {"type": "Broken"}}, False),
        ({}, False),
    ],
)
def test_only_what_the_nas_calls_healthy_and_is_done_with_is_healthy(twin, dsm, monkeypatch, shown, healthy):
    lun = twin.lun()
    made = {k: v for k, v in twin.snapshot_of(lun, "a").items() if k != "looks"}
    monkeypatch.setattr(twin, "lun_list_snapshot", lambda form: {"snapshots": [made | shown]})
    assert [s.healthy for s in dsm.snapshots(lun.uuid)] == [healthy]


def test_snapshots_come_oldest_first(twin, dsm):
    lun = twin.lun()
    for name, age in (("new", 0), ("old", 300), ("older", 600)):
        twin.snapshot_of(lun, name, taken=time.time() - age)
    assert [s.name for s in dsm.snapshots(lun.uuid)] == ["older", "old", "new"]


def test_who_is_connected_to_the_targets_of_a_lun(twin, dsm):
    mine, other, alone = twin.lun(), twin.lun(), twin.lun()
    twin.target(mine, sessions=[{"iqn": "iqn.1993-08.org.debian:node-2", "ip": "10.0.0.2"}])
    twin.target(mine, sessions=[{"iqn": "iqn.1993-08.org.debian:node-1", "ip": "10.0.0.1"}])
    twin.target(other)
    assert dsm.sessions(mine.uuid) == (
        Session("iqn.1993-08.org.debian:node-1", "10.0.0.1"),
        Session("iqn.1993-08.org.debian:node-2", "10.0.0.2"),
    )
    assert dsm.sessions(other.uuid) == ()
    assert dsm.sessions(alone.uuid) == ()  # no target offers it


def test_a_lun_that_is_not_there_is_not_one_without_sessions(twin, dsm):
    with pytest.raises(NotFound, match="no LUN gone"):
        dsm.sessions("gone")


@pytest.mark.parametrize("part", ["mapped_luns", "connected_sessions"])
def test_a_part_that_the_nas_leaves_out_is_not_taken_for_nothing(twin, dsm, part):
    lun = twin.lun()
    del twin.target(lun, sessions=[{"iqn": "iqn.a", "ip": ""}])[part]
    with pytest.raises(Unreachable, match="does not say"):
        dsm.sessions(lun.uuid)


@pytest.mark.parametrize(
    ("code", "kind", "says"),
    [
        (as_dsm.NO_SPACE, Refused, "no space left"),
        (as_dsm.NO_LUN, NotFound, "no such LUN"),
        (as_dsm.NO_SNAPSHOT, NotFound, "no such snapshot"),
        (as_dsm.EXISTS, Conflict, "of that name already"),
        (as_dsm.TOO_MANY, Refused, "as many snapshots as"),
        (as_dsm.BAD_TYPE, Refused, "of this type cannot"),
        (105, Forbidden, "group administrators"),
        (102, Refused, "DSM 7"),
        (100, Unreachable, "without saying why"),
        (18999999, Refused, "error 18999999"),
    ],
)
def test_each_error_number_is_said_in_a_sentence(twin, dsm, code, kind, says):
    twin.fails["take_snapshot"] = code
    with pytest.raises(kind, match=says) as refused:
        dsm.take(twin.lun().uuid, "name", "mark")
    assert type(refused.value) is kind
    assert f"(error {code})" in str(refused.value)


def test_the_nas_says_no_by_itself(twin, dsm):
    lun = twin.lun()
    with pytest.raises(NotFound):
        dsm.snapshots("gone")
    with pytest.raises(NotFound):
        dsm.snapshot("gone")
    with pytest.raises(Refused, match="type"):
        dsm.take(twin.lun(can=False).uuid, "a", "")
    dsm.take(lun.uuid, "a", "")
    with pytest.raises(Conflict):
        dsm.take(lun.uuid, "a", "")
    twin.most = 1
    with pytest.raises(Refused, match="as many"):
        dsm.take(lun.uuid, "b", "")
    twin.most, twin.room = 9, 0
    with pytest.raises(Refused, match="space"):
        dsm.take(lun.uuid, "b", "")


def test_a_lost_answer_is_not_a_no_and_nothing_is_sent_again(twin, dsm):
    lun = twin.lun()
    twin.lose.append("take_snapshot")
    with pytest.raises(Unreachable):
        dsm.take(lun.uuid, "a", "mark")
    assert twin.methods().count("take_snapshot") == 1
    assert [s.name for s in dsm.snapshots(lun.uuid)] == ["a"]


@pytest.mark.parametrize("raw", [b"<html>Sign in</html>", b"", b'{"success": tru', b"[]", b"\xff\xfe", b'{"data": {}}'])
def test_an_answer_that_makes_no_sense_is_no_answer(twin, dsm, raw):
    dsm.snapshots(twin.lun().uuid)
    twin.raw = raw
    with pytest.raises(Unreachable):
        dsm.snapshots(twin.luns[0].uuid)


def test_success_without_the_promised_parts_is_no_answer(twin, dsm):
    dsm.snapshots(twin.lun().uuid)
    twin.raw = b'{"success": true}'
    with pytest.raises(Unreachable, match="makes no sense"):
        dsm.snapshots(twin.luns[0].uuid)


@pytest.mark.parametrize(("status", "kind"), [(502, Unreachable), (302, Refused), (404, Refused)])
def test_another_server_is_told_from_a_broken_one(twin, dsm, status, kind):
    twin.status = status
    with pytest.raises(kind, match=str(status)):
        dsm.snapshots(twin.lun().uuid)


def test_a_nas_that_is_off(dsm, twin):
    with served(Twin()) as gone:
        away = signed_for(gone)
    with pytest.raises(Unreachable, match="cannot be reached"):
        away.snapshots("any")


def test_a_nas_that_hangs_is_not_waited_for_forever(twin, dsm, monkeypatch):
    dsm.snapshots(twin.lun().uuid)
    monkeypatch.setattr(module, "READ", 0.2)
    twin.hold = 1.0
    began = time.monotonic()
    with pytest.raises(Unreachable, match="did not answer"):
        dsm.snapshots(twin.luns[0].uuid)
    assert time.monotonic() - began < 0.9


def test_an_answer_that_drips_is_cut(twin, dsm, monkeypatch):
    dsm.snapshots(twin.lun().uuid)
    monkeypatch.setattr(module, "WHOLE", 0.1)
    twin.hold = 0.15
    with pytest.raises(Unreachable, match="too long"):
        dsm.snapshots(twin.luns[0].uuid)


@pytest.mark.parametrize("carrier", ["cookie", "form"])
def test_the_session_is_brought_as_each_version_of_dsm_reads_it(twin, dsm, carrier):
    twin.carrier, twin.guarded = carrier, True
    dsm.snapshots(twin.lun().uuid)
    assert twin.methods() == ["login", "list_snapshot"]


def test_a_proxy_of_the_environment_is_not_used(twin, dsm, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert dsm.snapshots(twin.lun().uuid) == ()


def test_every_error_is_one_that_callers_know():
    assert issubclass(module.NoWay, Unreachable)
    assert issubclass(module.NotTrusted, Refused)
    assert issubclass(module.logins.LoginRefused, ClusterError)
