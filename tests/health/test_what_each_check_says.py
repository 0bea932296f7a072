"""Each check on the cases that are easily got wrong."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cluster.api import Sync, WorkloadRef
from health.base import judge
from health.redact import redacted
from health.rules import all_checks
from health.rules.workloads import speaks_of_files
from tests.health.views import (
    APP,
    CONFIG,
    EMPTY,
    NOW,
    archives,
    claim,
    container,
    copies,
    crashed,
    listing,
    looping,
    observed,
    pod,
    view,
    volume,
    workload,
)

CHECKS = {check.name: check for check in all_checks()}


def only(name, seen):
    (result,) = judge(CHECKS[name], seen).results
    return result


def verdict(name, seen):
    return only(name, seen).verdict


# --- crash-loop


def test_a_container_that_runs_between_two_crashes_still_loops():
    between = container(restarts=4, last_exit_code=1, last_finished=NOW - timedelta(minutes=2))
    assert verdict("crash-loop", observed(view(pods=(pod("app-1", between),)))) == "fail"


@pytest.mark.parametrize(
    "calm",
    [
        container(restarts=40, last_exit_code=1, last_finished=NOW - timedelta(hours=2)),
        container(restarts=2, last_exit_code=1, last_finished=NOW - timedelta(minutes=2)),
        container(restarts=9, last_exit_code=0, last_finished=NOW - timedelta(minutes=2)),
    ],
    ids=["long ago", "twice", "ended well"],
)
def test_old_few_or_good_ends_are_no_loop(calm):
    assert verdict("crash-loop", observed(view(pods=(pod("app-1", calm),)))) == "ok"


def test_a_sidecar_and_an_init_container_count_too():
    for odd in (looping("syncer"), looping("fix-perms", init=True)):
        result = only("crash-loop", observed(view(pods=(pod("app-1", container(), odd),))))
        assert (result.verdict, result.facts["container"]) == ("fail", odd.name)


def test_three_crashing_pods_of_one_controller_are_one_finding():
    three = tuple(pod(f"app-{i}", looping(restarts=i + 3)) for i in range(3))
    result = only("crash-loop", observed(view(pods=three)))
    assert (result.subject, result.facts["pods"], result.facts["restarts"]) == ("workload:home/Deployment/app", 3, 5)


def test_a_workload_scaled_to_nothing_proves_nothing():
    assert verdict("crash-loop", observed(view(pods=()))) == "nothing"
    assert verdict("crash-loop", observed(view(pods=(pod("app-1", looping(), deleting=True),)))) == "nothing"


def test_an_annotation_is_another_number_of_restarts():
    between = container(restarts=4, last_exit_code=1, last_finished=NOW - timedelta(minutes=2))
    for written, expected in (("6", "ok"), ("4", "fail"), ("many", "fail")):
        told = workload(annotations={"aftermath.dev/crash-loop": written})
        assert verdict("crash-loop", observed(view(workloads=(told,), pods=(pod("app-1", between),)))) == expected


# --- permission-denied


def test_root_without_roots_rights_is_told_from_files_of_another_owner():
    line = "Permission denied: '/config/.run.lock'"
    for curbed, cure in ((True, "roll-back-security"), (False, "fix-permissions")):
        here = pod("app-1", looping(curbed=curbed), ready=False)
        seen = view(pods=(here,), logs={"home/app-1/app": (line,)})
        assert only("permission-denied", observed(seen)).runbook == cure


@pytest.mark.parametrize(
    "line",
    [
        "Permission denied: '/config/.ha_run.lock'",
        "PermissionError: [Errno 13] opening the database",
        "mkdir: cannot create directory: Operation not permitted",
        "sqlite3.OperationalError: Read-only file system",
        "s6-overlay-suexec: fatal: can only run as pid 1",
        "s6-svscan: warning: unable to iopause: no child",
    ],
)
def test_a_line_that_speaks_of_files_is_kept_as_evidence(line):
    result = only("permission-denied", observed(crashed("starting", line, "bye")))
    assert result.verdict == "fail"
    assert result.evidence[0].value == line
    assert (result.runbook, result.params) == ("fix-permissions", {"volume": 7})


@pytest.mark.parametrize(
    "line",
    [
        '10.0.0.3 "GET /api/config HTTP/1.1" 403 permission denied',
        "ERROR upstream answered status=403: permission denied for user 4",
        "https://auth.example.org said: operation not permitted",
        "everything is fine",
    ],
)
def test_a_line_about_a_refused_request_is_no_such_evidence(line):
    assert not speaks_of_files(line)
    assert verdict("permission-denied", observed(crashed(line))) == "ok"


def test_a_crash_loop_whose_log_could_not_be_read_is_unknown():
    assert verdict("permission-denied", observed(crashed())) == "unknown"
    refused = crashed("fine", blind={"logs:home/app-1/app": "timeout"})
    assert verdict("permission-denied", observed(refused)) == "unknown"


def test_a_pod_that_is_only_starting_proves_nothing():
    starting = container(state="waiting", ready=False, reason="ContainerCreating")
    assert verdict("permission-denied", observed(view(pods=(pod("app-1", starting, ready=False),)))) == "nothing"


@pytest.mark.parametrize(
    ("line", "hidden"),
    [
        ("Permission denied: token=abc123def", "abc123def"),
        ("errno 13 at postgres://app:hunter22@db/x", "hunter22"),
        ("Authorization: Bearer abcdefghijkl permission denied", "abcdefghijkl"),
        ('"db_password": "s3cr3t!x" operation not permitted', "s3cr3t!x"),
        ("key AKIAABCDEFGHIJKLMNOP permission denied", "AKIAABCDEFGHIJKLMNOP"),
    ],
)
def test_no_secret_of_a_log_line_is_kept(line, hidden):
    result = only("permission-denied", observed(crashed(line)))
    assert result.verdict == "fail"
    assert hidden not in repr(result)


def test_a_line_is_shown_without_its_colours_and_not_too_long():
    assert redacted("\x1b[31mPermission denied\x1b[0m: /config\r") == "Permission denied: /config"
    assert len(redacted("Permission denied " + "x" * 5000)) == 300


# --- volume-reset


def reset(used=5_000_000, usual=5_000_000, onboarding=False, **changes):
    told = view(claims=(claim(used=used),), pods=(pod(onboarding=onboarding),))
    return observed(told, usual={} if usual is None else {"uid-home/config": usual}, **changes)


def test_a_volume_that_holds_almost_nothing_now_was_reset():
    result = only("volume-reset", reset(used=20_000))
    assert (result.verdict, result.facts["code"]) == ("fail", "fell")
    assert (result.runbook, result.params) == ("restore-volume", {"volume": 7})


def test_an_application_that_shows_its_first_page_lost_its_data():
    result = only("volume-reset", reset(used=None, onboarding=True))
    assert (result.verdict, result.facts["code"]) == ("fail", "onboarding")


@pytest.mark.parametrize(
    ("used", "usual", "expected"),
    [(2_000_000, 5_000_000, "ok"), (None, 5_000_000, "unknown"), (5_000_000, None, "nothing"), (10, 20_000, "ok")],
    ids=["shrank by half", "nobody says", "first look", "never held much"],
)
def test_less_is_not_nothing(used, usual, expected):
    assert verdict("volume-reset", reset(used=used, usual=usual)) == expected


def test_a_claim_that_is_no_volume_of_ours_may_show_its_first_page():
    assert judge(CHECKS["volume-reset"], reset(onboarding=True, volumes=())).results == ()


def test_a_volume_whose_claim_is_not_there_is_unknown():
    assert verdict("volume-reset", observed(view(claims=()))) == "unknown"


# --- backup-emptied, sentinel-missing


def copied(name, *sources, **changes):
    return verdict(name, observed(volumes=(volume(*sources, **changes),)))


def test_a_first_empty_listing_is_asked_again_before_it_is_believed():
    once = copies(newest=listing(0, there=False, seconds_ago=1), empty_since=NOW - timedelta(seconds=1))
    assert copied("backup-emptied", once) == "unknown"
    assert copied("backup-emptied", copies(**EMPTY)) == "fail"


def refilled(count, *, most=84, since=30):
    """The mirror after a sync copied what an emptied application wrote when it started as new."""
    written = NOW - timedelta(seconds=since)
    return copies(
        newest=listing(count, there=False, oldest=written),
        filled=listing(count, there=False, oldest=written),
        most=listing(most, seconds_ago=90),
    )


def test_what_a_sync_writes_after_the_wipe_does_not_make_it_a_backup_again():
    assert copied("backup-emptied", refilled(9)) == "fail"
    assert copied("backup-shrunk", refilled(9)) == "nothing"
    assert copied("backup-emptied", refilled(9, since=3)) == "unknown"


def test_a_mirror_that_was_rewritten_whole_or_keeps_old_objects_was_not_emptied():
    assert copied("backup-emptied", refilled(80)) == "ok"
    assert copied("backup-emptied", refilled(9, since=3600)) == "ok"


def test_a_source_that_never_held_anything_was_not_emptied():
    assert copied("backup-emptied", copies(newest=listing(0, there=False), filled=None)) == "nothing"


@pytest.mark.parametrize("running", [True, False])
@pytest.mark.parametrize(("name", "held"), [("backup-emptied", EMPTY), ("backup-shrunk", {"newest": listing(7)})])
def test_the_sync_that_still_writes_to_a_mirror_is_offered_to_be_suspended(name, held, running):
    sync = Sync(WorkloadRef("home", "Deployment", "copier"), "Deployment", CONFIG.name, running, 1)
    here = observed(view(syncs=(sync,)), volumes=(volume(copies(**held), archives(**held)),))
    offered = {(r.subject, r.runbook, tuple(r.params)) for r in judge(CHECKS[name], here).results if r.runbook}
    assert offered == ({(f"{volume().subject}#1", "suspend-sync", ("volume",))} if running else set())


@pytest.mark.parametrize("name", ["backup-emptied", "backup-shrunk", "sentinel-missing"])
@pytest.mark.parametrize(
    "odd",
    [
        copies(newest=None, filled=None),
        copies(newest=listing(None, complete=False, error="forbidden")),
        copies(newest=listing(0, there=False, seconds_ago=600), empty_since=NOW - timedelta(seconds=700)),
    ],
    ids=["never", "refused", "old"],
)
def test_no_listing_a_refused_one_and_an_old_one_are_unknown(name, odd):
    assert copied(name, odd) == "unknown"


def test_archives_are_asked_for_their_sentinels_by_their_newest_point():
    assert copied("sentinel-missing", archives(there=False, newest=listing(there=None))) == "fail"
    assert copied("sentinel-missing", archives(newest=listing(there=None))) == "ok"
    assert copied("sentinel-missing", archives(point=None)) == "nothing"


def test_a_sentinel_that_the_listing_was_not_asked_for_is_unknown():
    assert copied("sentinel-missing", copies(newest=listing(there=None))) == "unknown"


def test_a_volume_without_sentinels_has_nothing_to_prove():
    assert copied("sentinel-missing", copies(newest=listing(there=None)), sentinels=()) == "nothing"


def test_two_sources_of_one_volume_are_two_subjects():
    found = judge(CHECKS["backup-emptied"], observed(volumes=(volume(copies(1, **EMPTY), copies(2)),))).results
    assert {(r.subject, r.verdict) for r in found} == {("volume:home/config#1", "fail"), ("volume:home/config#2", "ok")}


def test_a_workload_of_another_namespace_has_its_own_volume():
    other = WorkloadRef("away", "Deployment", "app")
    seen = observed(
        view(workloads=(workload(), workload(other)), pods=(pod(), pod("app-9", looping(), workload=other)))
    )
    by_subject = {r.subject: r for r in judge(CHECKS["crash-loop"], seen).results}
    assert by_subject["workload:away/Deployment/app"].volume is None
    assert by_subject[f"workload:{APP.namespace}/Deployment/app"].volume == 7


@pytest.mark.parametrize(
    ("count", "most", "expected"),
    [(40, 41, "ok"), (25, 41, "ok"), (19, 41, "fail"), (0, 41, "nothing"), (5, 20, "ok")],
    ids=["one fewer", "more than half", "under half", "emptied", "few anyway"],
)
def test_a_mirror_under_half_of_its_week_has_shrunk(count, most, expected):
    assert copied("backup-shrunk", copies(newest=listing(count), most=listing(most))) == expected


def test_archives_are_pruned_on_purpose_and_a_new_mirror_has_no_past():
    assert judge(CHECKS["backup-shrunk"], observed(volumes=(volume(archives(newest=listing(1))),))).results == ()
    assert copied("backup-shrunk", copies(newest=listing(0), most=None)) == "nothing"
