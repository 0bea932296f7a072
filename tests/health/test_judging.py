"""What every check must do, whatever it asks."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cluster.api import ClaimRef, View, WorkloadRef
from health.base import Check, Judgement, Result, judge, say
from health.observed import Observed
from health.rules import all_checks
from tests.health import views
from tests.health.views import GREEN, NOW, RED

CHECKS = {check.name: check for check in all_checks()}
ALL = pytest.mark.parametrize("name", sorted(CHECKS))


def verdicts(judgement: Judgement) -> set[str]:
    return {result.verdict for result in judgement.results}


def test_no_check_is_without_a_red_and_a_green():
    assert set(RED) == set(GREEN) == set(CHECKS)


@ALL
def test_each_check_has_been_seen_red(name):
    results = judge(CHECKS[name], RED[name]).results
    assert "fail" in {result.verdict for result in results}
    assert all(result.evidence for result in results if result.verdict in ("fail", "warn"))


@ALL
def test_each_check_has_been_seen_green(name):
    judgement = judge(CHECKS[name], GREEN[name])
    assert judgement.why is None
    assert verdicts(judgement) == {"ok"}


@ALL
def test_a_part_that_could_not_be_read_leaves_no_verdict(name):
    for part in CHECKS[name].reads - {"copies"}:
        for seen in (RED[name], GREEN[name]):
            blind = dataclasses.replace(seen.view, blind={part: "forbidden"}, **({} if part == "logs" else {part: ()}))
            judgement = judge(CHECKS[name], dataclasses.replace(seen, view=blind))
            assert judgement.results == ()
            assert judgement.why == {"code": "blind", "part": part, "reason": "forbidden"}


@ALL
def test_an_old_sweep_leaves_no_verdict(name):
    late = dataclasses.replace(GREEN[name], now=NOW + timedelta(seconds=21))
    assert judge(CHECKS[name], late).why == {"code": "old-sweep", "seconds": 21}


@ALL
def test_an_empty_world_proves_nothing(name):
    nothing = judge(CHECKS[name], Observed(View(at=NOW), NOW))
    assert nothing.results == ()


def broken(seen: Observed):
    yield Result("workload:a", "ok", say("x"), NOW)
    raise KeyError("a field that nobody expected")


def test_a_check_that_breaks_makes_its_subjects_unknown_and_not_the_sweep_dead(caplog):
    judgement = judge(Check("broken", "Broken", broken, frozenset(["pods"])), views.observed())
    assert judgement.results == ()
    assert judgement.why == {"code": "check-broke", "error": "KeyError"}
    assert "broken" in caplog.text


def test_one_object_that_could_not_be_read_is_counted_and_leaves_the_others_judged():
    seen = views.observed(dataclasses.replace(views.crashed(), unreadable=1))
    judgement = judge(CHECKS["crash-loop"], seen)
    assert verdicts(judgement) == {"fail"}
    assert not judgement.whole


# --- Laws, over generated worlds ------------------------------------------------------------------------------------

names = st.sampled_from(["a", "b", "c"])
refs = st.builds(WorkloadRef, names, st.sampled_from(["Deployment", "StatefulSet"]), names)
lines = st.lists(
    st.sampled_from(["ok", "Permission denied: x", "GET /x 403 permission denied", "errno 13"]), max_size=3
)
containers = st.builds(
    views.container,
    name=st.sampled_from(["app", "side"]),
    state=st.sampled_from(["running", "waiting", "terminated"]),
    ready=st.booleans(),
    restarts=st.integers(0, 9),
    reason=st.sampled_from(["", "CrashLoopBackOff", "ContainerCreating"]),
    last_exit_code=st.sampled_from([None, 0, 1, 137]),
    last_finished=st.sampled_from([None, NOW - timedelta(seconds=30), NOW - timedelta(hours=1)]),
)


@st.composite
def pods(draw):
    ref = draw(refs)
    return views.pod(
        f"{ref.name}-{draw(st.integers(0, 4))}",
        *draw(st.lists(containers, min_size=1, max_size=2, unique_by=lambda c: c.name)),
        workload=ref,
        deleting=draw(st.booleans()),
        onboarding=draw(st.booleans()),
        claims=tuple(draw(st.lists(names, max_size=2, unique=True))),
    )


@st.composite
def worlds(draw):
    found = draw(st.lists(pods(), max_size=8, unique_by=lambda p: (p.namespace, p.name)))
    claims = draw(st.lists(st.builds(ClaimRef, names, names), max_size=6, unique=True))
    sizes = st.none() | st.integers(0, 10**7)
    logs = {f"{pod}/{each.name}": tuple(draw(lines)) for pod in found for each in pod.containers if draw(st.booleans())}
    emptied = st.builds(
        lambda id, count, ago, there: views.copies(
            id, newest=views.listing(count, seconds_ago=ago, there=there), empty_since=NOW - timedelta(seconds=9)
        ),
        st.integers(1, 4),
        st.sampled_from([0, 40]),
        st.sampled_from([1, 3, 500]),
        st.sampled_from([True, False, None]),
    )
    sources = st.lists(emptied, max_size=3, unique_by=lambda c: c.id)
    return views.observed(
        View(
            at=NOW,
            workloads=tuple(views.workload(ref) for ref in draw(st.lists(refs, max_size=4, unique=True))),
            pods=tuple(found),
            claims=tuple(views.claim(ref, used=draw(sizes)) for ref in claims),
            logs=logs,
        ),
        volumes=tuple(
            dataclasses.replace(views.volume(id=i, ref=ref), copies=tuple(draw(sources)))
            for i, ref in enumerate(claims)
        ),
        usual={f"uid-{ref}": draw(st.integers(0, 10**7)) for ref in claims},
    )


@settings(max_examples=60, deadline=None)
@given(world=worlds(), data=st.data())
def test_the_order_of_objects_changes_no_result(world, data):
    def shuffled(items):
        return tuple(data.draw(st.permutations(items)))

    view = dataclasses.replace(
        world.view,
        workloads=shuffled(world.view.workloads),
        pods=shuffled(world.view.pods),
        claims=shuffled(world.view.claims),
        logs=dict(shuffled(list(world.view.logs.items()))),
    )
    other = dataclasses.replace(world, view=view, volumes=shuffled(world.volumes))
    for check in CHECKS.values():
        assert judge(check, other) == judge(check, world)


@settings(max_examples=60, deadline=None)
@given(world=worlds())
def test_the_same_view_twice_gives_the_same_results(world):
    for check in CHECKS.values():
        assert judge(check, world) == judge(check, dataclasses.replace(world))


@settings(max_examples=80, deadline=None)
@given(world=worlds(), data=st.data())
def test_taking_data_away_never_turns_a_verdict_into_ok(world, data):
    part = data.draw(st.sampled_from(["pods", "claims", "workloads", "logs"]))
    emptied = {} if part == "logs" else ()
    blind = dataclasses.replace(world.view, blind={part: "forbidden"}, **{part: emptied})
    less = dataclasses.replace(world, view=blind)
    for check in CHECKS.values():
        before = {result.subject: result.verdict for result in judge(check, world).results}
        for result in judge(check, less).results:
            assert result.verdict != "ok" or before.get(result.subject) == "ok"


@settings(max_examples=60, deadline=None)
@given(world=worlds())
def test_a_listing_that_broke_off_never_gives_ok(world):
    def cut(copies):
        newest = copies.newest and dataclasses.replace(copies.newest, complete=False, count=None, error="deadline")
        return dataclasses.replace(copies, newest=newest)

    volumes = tuple(dataclasses.replace(v, copies=tuple(map(cut, v.copies))) for v in world.volumes)
    for name in ("backup-emptied", "sentinel-missing"):
        verdict = verdicts(judge(CHECKS[name], dataclasses.replace(world, volumes=volumes)))
        assert verdict <= {"unknown"}
