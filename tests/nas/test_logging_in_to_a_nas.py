"""Three bad logins block the address for a day: the program never comes near that, whoever asks and however often."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from django.db import connection
from django.utils.timezone import now

from cluster.errors import Forbidden, Unreachable
from cluster.models import NasLogin
from cluster.nas import dsm as module
from cluster.nas import logins
from cluster.nas.dsm import NoWay
from cluster.nas.logins import LoginRefused
from tests.nas.conftest import signed_for
from tests.nas.twin import PASSWORD, Twin, served


@pytest.fixture
def lun(twin):
    return twin.lun().uuid


def ask(dsm, lun):
    return dsm.snapshots(lun)


def passes(**time):
    """As if what is remembered had happened so long ago."""
    for row in NasLogin.objects.all():
        for name in ("tried", "accepted", "refused"):
            if at := getattr(row, name):
                setattr(row, name, at - timedelta(**time))
        row.save()


def test_one_login_serves_many_requests(twin, dsm, lun):
    for _ in range(5):
        ask(dsm, lun)
    assert twin.methods().count("login") == 1


@pytest.mark.parametrize("code", [106, 107, 119])
def test_a_session_that_ended_is_begun_again_once(twin, dsm, lun, code):
    ask(dsm, lun)
    twin.end_sessions(code)
    assert ask(dsm, lun) == ()
    assert twin.methods() == ["login", "list_snapshot", "list_snapshot", "login", "list_snapshot"]


def test_a_snapshot_is_taken_once_though_the_session_had_ended(twin, dsm, lun):
    ask(dsm, lun)
    twin.end_sessions()
    dsm.take(lun, "one", "mark")
    assert [s.name for s in ask(dsm, lun)] == ["one"]


def test_a_nas_that_ends_every_session_is_not_asked_in_a_circle(twin, dsm, lun):
    twin.fails["list_snapshot"] = 119
    with pytest.raises(Unreachable, match="ends every session"):
        ask(dsm, lun)
    assert twin.methods().count("login") == 1


def test_no_permission_in_a_fresh_session_is_no_permission(twin, dsm, lun):
    twin.fails["list_snapshot"] = 105
    for _ in range(3):
        with pytest.raises(Forbidden, match="administrators"):
            ask(dsm, lun)
    assert twin.methods().count("login") == 1


def test_no_permission_in_an_old_session_may_be_a_stale_one(twin, dsm, lun, monkeypatch):
    ask(dsm, lun)
    twin.end_sessions(105)
    monkeypatch.setattr(module, "FRESH", 0.0)
    assert ask(dsm, lun) == ()
    assert twin.methods().count("login") == 2


def test_a_wrong_password_is_tried_once_by_whoever_asks(twin, db, lun):
    processes = [signed_for(twin, password="wrong") for _ in range(4)]  # each has its own memory, and one database
    for dsm in processes * 2:
        with pytest.raises(LoginRefused, match="the account or its password is wrong"):
            ask(dsm, lun)
    assert (twin.bad, twin.blocked) == (1, False)
    assert twin.methods() == ["login"]


def test_other_settings_are_tried_at_once(twin, db, lun):
    with pytest.raises(LoginRefused):
        ask(signed_for(twin, password="wrong"), lun)
    assert ask(signed_for(twin), lun) == ()
    with pytest.raises(LoginRefused):
        ask(signed_for(twin, password="wrong"), lun)
    assert twin.bad == 1


def test_after_an_hour_it_is_tried_once_more(twin, db, lun):
    wrong = signed_for(twin, password="wrong")
    for hour in range(1, 4):
        for _ in range(3):
            with pytest.raises(LoginRefused):
                ask(wrong, lun)
        assert twin.bad == hour
        twin.bad, twin.blocked = hour, False  # an hour is long enough for the NAS to forget the last
        passes(minutes=61)
    twin.password = "wrong"
    assert ask(wrong, lun) == ()


def test_fifty_nine_minutes_are_not_an_hour(twin, db, lun):
    wrong = signed_for(twin, password="wrong")
    for _ in range(2):
        with pytest.raises(LoginRefused):
            ask(wrong, lun)
        passes(minutes=59)
    assert twin.bad == 1


@pytest.mark.parametrize(
    ("code", "says"),
    [
        (401, "disabled"),
        (402, "may not sign in"),
        (403, "second factor"),
        (404, "second factor"),
        (406, "second factor"),
        (407, "address that this program comes from is blocked"),
        (409, "expired"),
        (411, "locked"),
        (499, "does not say why"),
    ],
)
def test_every_refusal_stops_it(twin, dsm, lun, code, says):
    twin.login_code = code
    for _ in range(3):
        with pytest.raises(LoginRefused, match=says) as refused:
            ask(dsm, lun)
    assert "left alone until" in str(refused.value)
    assert PASSWORD not in str(refused.value)
    assert twin.methods() == ["login"]


def test_a_password_that_is_changed_on_the_nas_is_tried_once(twin, dsm, lun):
    ask(dsm, lun)
    twin.password = "another"
    twin.end_sessions()
    for _ in range(4):
        with pytest.raises(LoginRefused):
            ask(dsm, lun)
    assert twin.bad == 1


def test_a_login_whose_answer_was_lost_may_have_been_a_bad_one(twin, db, lun):
    wrong = signed_for(twin, password="wrong")
    for _ in range(3):  # whoever loses the answers: never three tries in five minutes
        twin.lose.append("login")
        with pytest.raises(Unreachable):
            ask(wrong, lun)
        passes(seconds=99)
    assert twin.bad == 2


def test_a_password_that_was_right_is_not_doubted_so_long(twin, dsm, lun):
    ask(dsm, lun)
    twin.end_sessions()
    twin.lose.append("login")
    with pytest.raises(Unreachable):
        ask(dsm, lun)
    passes(seconds=91)
    assert ask(dsm, lun) == ()


def test_a_nas_that_was_off_is_asked_as_soon_as_it_is_back(db):
    twin = Twin()
    with served(twin):
        dsm = signed_for(twin)
    for _ in range(3):
        with pytest.raises(NoWay):
            dsm.snapshots("any")
    assert NasLogin.objects.get().tried is None


def test_who_does_not_hold_back_is_locked_out_and_so_is_the_right_password_then(twin, db, lun):
    """What all of this is for: a program that forgets its refusals, as the NAS sees it."""
    for _ in range(3):
        with pytest.raises(LoginRefused, match="account or its password is wrong"):
            ask(signed_for(twin, password="wrong"), lun)
        NasLogin.objects.all().delete()
    for _ in range(2):
        with pytest.raises(LoginRefused, match=r"address that this program comes from is blocked \(error 407\)"):
            ask(signed_for(twin), lun)
    assert (twin.blocked, twin.methods()) == (True, ["login"] * 4)


def test_nothing_that_is_kept_gives_the_password_away(twin, dsm, lun):
    ask(dsm, lun)
    row = NasLogin.objects.get()
    assert row.account == dsm.configured.account
    assert not {PASSWORD, dsm.configured.user} & {str(v) for v in vars(row).values()}


@pytest.mark.django_db(transaction=True)
def test_many_threads_and_processes_log_in_one_at_a_time(twin):
    """Each `Dsm` stands for a process. With a wrong password, one of them all finds out."""
    lun = twin.lun().uuid
    processes = [signed_for(twin, password="wrong") for _ in range(6)]
    refused = []

    def process(dsm):
        try:
            ask(dsm, lun)
        except LoginRefused as e:
            refused.append(str(e))
        finally:
            connection.close()

    threads = [threading.Thread(target=process, args=(dsm,)) for dsm in processes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(refused) == 6
    assert twin.bad == 1


def test_the_turn_is_waited_for_and_not_for_ever(twin, dsm, lun, monkeypatch):
    monkeypatch.setattr(logins, "PATIENCE", 0.3)
    NasLogin.objects.create(account=dsm.configured.account, tried=now())
    with pytest.raises(Unreachable, match="Another process"):
        ask(dsm, lun)
    assert twin.asked == []
