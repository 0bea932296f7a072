from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.agent.trees import Refusal, Worker

LIVE = {
    "both": {"data": b"live", "owner": (1, 1)},
    "both-dir/x": b"live",
    "only-live": b"1",
    "new\nline": "both",
    "closed": {"data": None, "mode": 0o555},
    "lost+found/#1": b"stays",
}
STAGED = {
    "both": {"data": b"staged", "owner": (2, 2)},
    "both-dir/y": b"staged",
    "only-staged/deep/x": b"2",
    "bad\udcff": b"3",
    "closed": {"data": None, "mode": 0o555},
}
STEPS = ("rename", "replace", "fsync", "pwrite", "fchmod", "mkdir")


def prepared(worker: Worker) -> tuple[dict[str, Any], dict[str, Any]]:
    """A run that has restored and not swapped yet; what the volume is before, and what it will be after."""
    worker.fill(LIVE)
    source = worker.place / "source"
    worker.do(os.mkdir, source)
    worker.fill(STAGED, source)
    worker.agent("restore", run="r", source=str(source))
    before, after = worker.seen(), worker.seen(source)
    return before, after


def killed(worker: Worker, verb: str, at: int, *, late: bool) -> bool:
    """Do the verb in a child that is killed at its `at`-th step, before or just after it. Whether it was."""
    child = os.fork()
    if not child:
        count = 0

        def deadly(original: Callable[..., Any]) -> Callable[..., Any]:
            def step(*args: Any, **kwargs: Any) -> Any:
                nonlocal count
                count += 1
                if count == at and not late:
                    os.kill(os.getpid(), signal.SIGKILL)
                try:
                    return original(*args, **kwargs)
                finally:
                    if count == at:
                        os.kill(os.getpid(), signal.SIGKILL)

            return step

        for name in STEPS:
            setattr(os, name, deadly(getattr(os, name)))
        try:
            worker.agent(verb, run="r")
        finally:  # the child never comes back into the tests
            os._exit(0)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def is_(worker: Worker, wanted: dict[str, Any]) -> bool:
    return worker.seen() == wanted


def contents(worker: Worker) -> set[bytes]:
    """Of every file below the volume, wherever it is by now."""
    walked = [Path(folder) / name for folder, _, names in os.walk(worker.data) for name in names]
    return {path.read_bytes() for path in walked if not path.is_symlink()}


def no_file_is_lost(worker: Worker) -> bool:
    return {b"live", b"staged", b"1", b"2", b"3", b"stays"} <= contents(worker)


def bring(worker: Worker, verb: str) -> None:
    """Do the verb; where it was killed before it had begun, there is nothing to take back."""
    try:
        worker.agent(verb, run="r")
    except Refusal as refused:
        if (refused.code, verb) != ("not-swapped", "unswap"):
            raise


@pytest.fixture
def kind() -> str:
    return "real" if os.geteuid() == 0 else "beside"


@pytest.mark.parametrize("then", ["swap", "unswap"])
@pytest.mark.parametrize("verb", ["swap", "unswap"])
def test_killed_at_any_step_it_can_go_on_and_back_and_is_never_a_mix(kind, verb, then):
    tried = 0
    for at in range(1, 100):
        worker = Worker(kind)
        try:
            before, after = prepared(worker)
            if verb == "unswap":
                worker.agent("swap", run="r")
            if not killed(worker, verb, at, late=False):  # after a step is before the next
                break
            tried += 1
            assert no_file_is_lost(worker)
            bring(worker, then)
            assert is_(worker, after if then == "swap" else before), f"killed at {at}"
            assert no_file_is_lost(worker)
            worker.agent("unswap" if then == "swap" else "swap", run="r")
            assert is_(worker, before if then == "swap" else after), f"killed at {at}, and then the other way"
        finally:
            worker.close()
    assert tried > 20


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    steps=st.lists(st.tuples(st.sampled_from(["swap", "unswap"]), st.integers(1, 45), st.booleans()), max_size=6),
    last=st.sampled_from(["swap", "unswap"]),
)
def test_killed_again_and_again_in_either_direction_the_last_word_counts(steps, last):
    worker = Worker("real" if os.geteuid() == 0 else "beside")
    try:
        before, after = prepared(worker)
        for verb, at, late in steps:
            killed(worker, verb, at, late=late)
            assert no_file_is_lost(worker)
        bring(worker, last)
        assert is_(worker, after if last == "swap" else before)
        assert no_file_is_lost(worker)
    finally:
        worker.close()


def test_it_changes_places_and_back_for_both_kinds_of_owners(worker):
    before, after = prepared(worker)
    assert worker.agent("swap", run="r")["state"] == "swapped"
    assert is_(worker, after)
    assert worker.agent("swap", run="r")["again"]
    assert worker.agent("unswap", run="r")["state"] == "back"
    assert is_(worker, before)
    assert worker.agent("unswap", run="r")["again"]
    worker.agent("swap", run="r")
    assert is_(worker, after)


def test_the_root_takes_its_owner_and_mode_from_what_was_restored_and_gives_them_back(worker):
    worker.fill({"x": b""})
    worker.do(os.chmod, worker.data, 0o711)
    source = worker.place / "source"
    worker.do(os.mkdir, source)
    worker.fill({"y": b"", ".": {"data": None, "mode": 0o750, "owner": (7, 8)}}, source)
    worker.agent("restore", run="r", source=str(source))
    before = worker.seen()["."]
    worker.agent("swap", run="r")
    assert worker.seen()["."] == (7, 8, 0o750)
    worker.agent("unswap", run="r")
    assert worker.seen()["."] == before == (*before[:2], 0o711)


def test_what_the_application_made_meanwhile_goes_with_the_state_it_was_made_in(anybody):
    prepared(anybody)
    anybody.agent("swap", run="r")
    anybody.fill({"made-after": b"new", "only-live": b"a name that was there before the swap"})
    after = anybody.seen()
    anybody.agent("unswap", run="r")
    assert (anybody.data / "only-live").read_bytes() == b"1"
    assert not (anybody.data / "made-after").exists()
    anybody.agent("swap", run="r")
    assert is_(anybody, after)


def test_a_name_that_stands_in_the_way_is_put_aside_and_not_lost(anybody):
    _, after = prepared(anybody)
    for at in range(1, 60):
        if not killed(anybody, "swap", at, late=False):
            break
        if not (anybody.data / "only-staged").exists():
            anybody.fill({"only-staged": b"made in between"})
        tried = at
    anybody.agent("swap", run="r")
    assert is_(anybody, after)
    assert tried > 5
    assert b"made in between" in contents(anybody)


@pytest.mark.parametrize("verb", ["swap", "unswap"])
def test_a_file_that_is_made_again_under_the_name_of_one_put_aside_replaces_neither(kind, verb):
    made = 0
    for at in range(10, 60):
        worker = Worker(kind)
        try:
            before, after = prepared(worker)
            if not killed(worker, "swap", at, late=False):
                break
            over = worker.agent("inspect")["runs"][0]["state"] == "swapped"
            if over or (worker.data / "only-live").exists():
                continue
            worker.fill({"only-live": b"made again"})
            made += 1
            worker.agent(verb, run="r")
            assert is_(worker, after if verb == "swap" else before)
            assert b"made again" in contents(worker)
            assert no_file_is_lost(worker)
        finally:
            worker.close()
    assert made > 5


def test_a_line_of_the_journal_torn_by_a_power_cut_does_not_count(anybody):
    before, after = prepared(anybody)
    assert killed(anybody, "swap", 20, late=False)
    for verb, state in (("swap", after), ("unswap", before)):
        with open(anybody.data / ".aftermath/r/journal.jsonl", "ab") as journal:
            journal.write(b'{"state": "swa')
        anybody.agent(verb, run="r")
        assert is_(anybody, state)
    assert anybody.agent("inspect")["runs"][0]["state"] == "back"


def test_nothing_is_swapped_that_was_not_restored_to_its_end(anybody):
    anybody.fill(LIVE)
    with pytest.raises(Refusal, match="not-restored"):
        anybody.agent("swap", run="r")
    with pytest.raises(Refusal, match="not-swapped"):
        anybody.agent("unswap", run="r")
    staging = anybody.data / ".aftermath/r/staging"
    anybody.do(os.makedirs, staging)
    anybody.fill({"half": b""}, staging)
    with pytest.raises(Refusal, match="not-restored"):
        anybody.agent("swap", run="r")


def test_discard_takes_away_what_was_staged_and_only_that(anybody):
    before, after = prepared(anybody)
    assert anybody.agent("discard", run="r")["removed"]
    assert not anybody.agent("discard", run="r")["removed"]
    assert is_(anybody, before)
    with pytest.raises(Refusal, match="not-restored"):
        anybody.agent("swap", run="r")
    anybody.agent("restore", run="r", source=str(anybody.place / "source"))
    anybody.agent("swap", run="r")
    anybody.agent("discard", run="r")
    assert is_(anybody, after)
    anybody.agent("unswap", run="r")
    assert is_(anybody, before)


def test_in_the_middle_of_a_swap_nothing_can_be_discarded_or_purged(anybody):
    prepared(anybody)
    assert killed(anybody, "swap", 16, late=False)
    for verb, more in (("discard", {}), ("purge", {"confirm": "r"})):
        with pytest.raises(Refusal, match="swap-unfinished"):
            anybody.agent(verb, run="r", **more)


def test_purge_needs_the_run_twice_and_after_it_there_is_no_way_back(worker):
    _, after = prepared(worker)
    worker.agent("swap", run="r")
    with pytest.raises(Refusal, match="not-confirmed"):
        worker.agent("purge", run="r", confirm="R")
    assert worker.agent("purge", run="r", confirm="r")["removed"]
    assert not worker.agent("purge", run="r", confirm="r")["removed"]
    assert is_(worker, after)
    assert not (worker.data / ".aftermath/r/previous").exists()
    with pytest.raises(Refusal, match="purged"):
        worker.agent("unswap", run="r")
    assert worker.agent("inspect")["runs"] == [{"run": "r", "state": "purged", "staging": False, "previous": False}]


def test_purge_touches_no_other_run_and_follows_no_link(anybody):
    prepared(anybody)
    anybody.do(os.mkdir, anybody.place / "treasure")
    anybody.fill({"gold": b"1"}, anybody.place / "treasure")
    anybody.do(os.symlink, anybody.place / "treasure", anybody.data / "link")
    anybody.agent("swap", run="r")
    anybody.agent("restore", run="other", source=str(anybody.place / "source"))
    anybody.agent("purge", run="r", confirm="r")
    assert (anybody.place / "treasure/gold").exists()
    assert (anybody.data / ".aftermath/other/staging/both").exists()


def test_a_volume_with_a_mount_inside_is_refused_before_anything_moves(anybody, monkeypatch):
    before, _ = prepared(anybody)
    real = os.stat

    def elsewhere(path: Any, **kwargs: Any) -> Any:
        seen = real(path, **kwargs)
        if path != "only-live":
            return seen
        return os.stat_result([*seen[:2], seen.st_dev + 1, *seen[3:10]])

    monkeypatch.setattr("backups.agent.swapping.os.stat", elsewhere)
    with pytest.raises(Refusal, match="mount-point"):
        anybody.agent("swap", run="r")
    monkeypatch.undo()
    assert is_(anybody, before)
