"""The act that keeps a snapshot on the NAS: one, whatever is lost on the way, and never somebody else's."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta

import pytest

from cluster.api import Claim, ClaimRef
from cluster.errors import Conflict, NotFound, Refused
from cluster.nas.connect import DRIVER, nas
from runbooks.acts.nas import KeepNasSnapshot, lun_behind, mark
from runbooks.base import Failed, NotYet, decoded, encoded
from runbooks.sentences_nas import NAS
from runbooks.world import World
from tests.nas import twin as as_dsm

HOME = ClaimRef("home", "config")
DAY = 24 * 3600


@pytest.fixture
def lun(twin, configured):
    return twin.lun()


@pytest.fixture
def act(lun):
    return KeepNasSnapshot(HOME, lun.uuid, "am-7-snapshot")


@pytest.fixture
def world():
    """No cluster and no records: this act has no need of either."""
    return World(cluster=None, records=None, tag="am-7", at="3")


def do(act, world, *, tries=20):
    """Call it until it returns, as the engine does; also what it waited for on the way."""
    waited = []
    for _ in range(tries):
        try:
            return act.do(world), waited
        except NotYet as e:
            waited.append(e.waiting.code)
            world = replace(world, memory=e.progress or world.memory)
    raise AssertionError(f"It never came to an end: {waited}")


def names(lun):
    return [s["name"] for s in lun.snapshots]


def test_it_is_taken_waited_for_and_kept(twin, lun, act, world):
    twin.unhealthy_looks = 3
    result, waited = do(act, world)
    assert set(waited) == {"nas-not-healthy"}
    (there,) = lun.snapshots
    assert there["name"] == "am-7-snapshot"
    assert there["description"] == mark(world) == "aftermath run 7 act 3 attempt 1"
    assert result == {"snapshot": "am-7-snapshot", "uuid": there["uuid"], "bytes": 1 << 30, "nas": "127.0.0.1"}
    assert act.kept
    assert act.inverse() is None


def test_done_twice_there_is_one(lun, act, world):
    first, _ = do(act, world)
    second, _ = do(act, world)
    assert first == second
    assert names(lun) == ["am-7-snapshot"]


@pytest.mark.parametrize("method", ["login", "list_snapshot", "take_snapshot", "get_snapshot"])
@pytest.mark.parametrize("how", ["lose", "cut"])
def test_whatever_is_lost_on_the_way_there_is_one(twin, lun, act, world, method, how, monkeypatch):
    nas().luns()  # its password is known to be right
    nas().signed = None
    monkeypatch.setattr("cluster.nas.logins.ATTEMPT", timedelta(0))
    getattr(twin, how).append(method)
    twin.unhealthy_looks = 1
    result, waited = do(act, world)
    assert "nas-silent" in waited
    assert names(lun) == ["am-7-snapshot"]
    assert result["uuid"] == lun.snapshots[0]["uuid"]


def test_a_worker_that_died_before_it_wrote_anything_down_takes_no_second(twin, lun, act, world):
    twin.unhealthy_looks = 2
    with pytest.raises(NotYet):
        act.do(world)
    do(act, world)  # with nothing in its memory
    assert names(lun) == ["am-7-snapshot"]


def test_a_request_that_comes_true_late_is_found_and_not_repeated(twin, lun, act, world, monkeypatch):
    """Its answer was lost, it was not there yet when the NAS was read, and then it was."""
    twin.snapshot_of(lun, "am-7-snapshot", mark(world))
    looks = [lambda form: {"snapshots": []}, twin.lun_list_snapshot]
    monkeypatch.setattr(twin, "lun_list_snapshot", lambda form: looks.pop(0)(form))
    result, _ = do(act, world)
    assert twin.methods().count("take_snapshot") == 1
    assert result["uuid"] == lun.snapshots[0]["uuid"]
    assert names(lun) == ["am-7-snapshot"]


def test_a_snapshot_of_that_name_that_another_made_is_neither_used_nor_touched(twin, lun, act, world):
    twin.snapshot_of(lun, "am-7-snapshot", "by hand")
    with pytest.raises(Failed) as failed:
        act.do(world)
    assert failed.value.why.code == "nas-refused"
    assert "did not take" in failed.value.why.params["error"]
    assert len(lun.snapshots) == 1
    assert "take_snapshot" not in twin.methods()


def test_the_same_run_of_another_life_is_not_this_one(twin, lun, act, world):
    """After its database was made anew, the program counts its runs from one again."""
    twin.snapshot_of(lun, "am-7-snapshot", mark(world), taken=time.time() - DAY)
    with pytest.raises(Failed, match="did not take"):
        act.do(world)
    assert len(lun.snapshots) == 1


def test_what_it_took_itself_stays_its_own_however_long_it_was_away(twin, lun, act, world):
    twin.unhealthy_looks = 1
    with pytest.raises(NotYet) as waiting:
        act.do(world)
    lun.snapshots[0]["create_time"] -= DAY
    do(act, replace(world, memory=waiting.value.progress))
    assert len(lun.snapshots) == 1


def test_another_try_that_a_person_asks_for_takes_another(twin, lun, act, world):
    do(act, world)
    result, _ = do(act, replace(world, attempt=2))
    assert result["snapshot"] == "am-7-snapshot-2"
    assert names(lun) == ["am-7-snapshot", "am-7-snapshot-2"]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"room": 0}, "no space left"),
        ({"most": 0}, "as many snapshots"),
        ({"fails": {"take_snapshot": as_dsm.BAD_TYPE}}, "of this type cannot"),
        ({"fails": {"take_snapshot": as_dsm.EXISTS}}, "of that name already"),
        ({"luns": []}, "no such LUN"),
        ({"login_code": 403}, "second factor"),
    ],
)
def test_a_no_of_the_nas_ends_it_with_a_sentence(twin, lun, act, world, change, says):
    for name, value in change.items():
        setattr(twin, name, value)
    with pytest.raises(Failed) as failed:
        act.do(world)
    assert failed.value.why.code == "nas-refused"
    assert says in failed.value.why.params["error"]


def test_before_anything_happens_it_says_what_would_be_refused(twin, lun, act, world, configured):
    assert act.dry(world) == "not-possible"  # to try ahead; nothing speaks against it
    assert lun.snapshots == []
    twin.snapshot_of(lun, "am-7-snapshot", "by hand")
    with pytest.raises(Conflict, match="did not take"):
        act.dry(world)
    with pytest.raises(NotFound, match="has no LUN"):
        replace(act, lun="gone").dry(world)
    configured.NAS_URL = configured.NAS_USER = configured.NAS_PASSWORD = ""
    with pytest.raises(Refused, match="No NAS is configured"):
        act.dry(world)
    assert "take_snapshot" not in twin.methods()


def claim(handle, driver=DRIVER):
    return Claim(HOME, "uid", "Bound", "pv", handle, driver, 1 << 30)


def test_a_look_finds_the_lun_of_a_claim(twin, lun, configured):
    assert lun_behind(claim(lun.uuid)) == lun.uuid
    assert lun_behind(claim(lun.uuid, driver="csi.example.org")) == ""
    assert lun_behind(claim("a-share")) == ""
    assert lun_behind(claim("")) == ""
    twin.cut.append("list")
    assert lun_behind(claim(lun.uuid)) == lun.uuid  # it does not answer, which is not a no
    configured.NAS_URL = configured.NAS_USER = configured.NAS_PASSWORD = ""
    assert lun_behind(claim(lun.uuid)) == ""


def test_it_can_be_kept_and_read_again_and_all_it_says_has_its_sentence(act, twin, world):
    assert decoded(KeepNasSnapshot, encoded(act)) == act
    codes = {act.told().code, "nas-not-healthy", "nas-silent", "nas-refused"}
    assert codes == NAS.keys()
    said = {"claim": "home/config", "name": "am-7", "status": "Creating", "error": "No."}
    assert str(NAS["nas-snapshot"]) % said == "Keep a snapshot of home/config on the NAS, too"
