"""
What a check is. Nothing here knows Django's models: values in, values out.

A check is a name, a cadence and a pure rule: what was seen in, one result per subject out. The rule says what is so;
everything that holds for all checks (blind parts, old sweeps, a rule that breaks) is in `judge`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from health.observed import Observed

log = logging.getLogger(__name__)

# `nothing`: the subject exists, and there is nothing about it to judge. It is not a proof, and resolves nothing.
Verdict = Literal["ok", "warn", "fail", "unknown", "nothing"]
WORST: tuple[Verdict, ...] = ("fail", "warn", "unknown", "nothing", "ok")

Part = Literal["workloads", "pods", "claims", "snapshots", "syncs", "events", "logs", "copies"]
Facts = Mapping[str, Any]


def say(code: str, **params: Any) -> Facts:
    """A sentence not yet said: a code of `health.sentences` and plain values for its gaps."""
    return {"code": code, **params}


@dataclass(frozen=True)
class Evidence:
    """Where it was read, and what stood there. `path` is the field's, as the cluster or the store names it."""

    path: str
    value: str


@dataclass(frozen=True)
class Result:
    """
    What a rule says about one subject.

    `clock` names the clock that `asof` was read on; the same data looked at twice count once. `volume` is our id of the
    volume concerned, and `runbook` the one to launch, with `params` filled in.
    """

    subject: str
    verdict: Verdict
    facts: Facts
    asof: datetime
    clock: str = "sweep"
    evidence: tuple[Evidence, ...] = ()
    volume: int | None = None
    runbook: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)


Rule = Callable[[Observed], Iterable[Result]]


@dataclass(frozen=True)
class Check:
    """
    `reads` are the parts of the world without which nothing may be concluded. `fails_after` and `resolves_after` are
    looks in a row. `cadence` in seconds: 0 is every sweep.
    """

    name: str
    title: Any
    rule: Rule
    reads: frozenset[Part]
    fails_after: int = 2
    resolves_after: int = 3
    cadence: float = 0


CHECKS: dict[str, Check] = {}


def check(
    name: str,
    title: Any,
    *,
    reads: Iterable[Part],
    fails_after: int = 2,
    resolves_after: int = 3,
    cadence: float = 0,
) -> Callable[[Rule], Rule]:
    """Register a rule under its name."""

    def register(rule: Rule) -> Rule:
        assert name not in CHECKS, f"There are two checks called {name}."
        CHECKS[name] = Check(name, title, rule, frozenset(reads), fails_after, resolves_after, cadence)
        return rule

    return register


@dataclass(frozen=True)
class Judgement:
    """
    What a check says of one sweep. `why` is set when it could not be asked: then there are no results, and everything
    it had found stays as it was. `whole` False: a subject that is absent may only be unreadable.
    """

    check: Check
    results: tuple[Result, ...] = ()
    why: Facts | None = None
    whole: bool = True


def judge(check: Check, seen: Observed) -> Judgement:
    """Ask one check. Never raises: a check that breaks makes its subjects unknown, and the sweep goes on."""
    if why := cannot_ask(check, seen):
        return Judgement(check, why=why)
    try:
        results = one_per_subject(check.rule(seen))
    except Exception as error:
        log.exception("The check %s broke", check.name)
        return Judgement(check, why=say("check-broke", error=type(error).__name__))
    return Judgement(check, results, whole=seen.view.unreadable == 0 and not in_part(check, seen))


def in_part(check: Check, seen: Observed) -> bool:
    """Whether some of what the check reads was refused: `pods:home` is one namespace of a part."""
    return any(name.partition(":")[0] in check.reads for name in seen.view.blind if ":" in name)


def cannot_ask(check: Check, seen: Observed) -> Facts | None:
    if (age := (seen.now - seen.view.at).total_seconds()) > 2 * seen.cadence:
        return say("old-sweep", seconds=round(age))
    for part in sorted(check.reads & seen.view.blind.keys()):
        return say("blind", part=part, reason=seen.view.blind[part])
    return None


def one_per_subject(results: Iterable[Result]) -> tuple[Result, ...]:
    """The worst result of each subject, in the order of their names, whatever order they came in."""
    worst: dict[str, Result] = {}
    for result in results:
        was = worst.get(result.subject)
        if was is None or rank(result) < rank(was):
            worst[result.subject] = result
    return tuple(worst[subject] for subject in sorted(worst))


def rank(result: Result) -> tuple[int, str]:
    return WORST.index(result.verdict), repr(result)
