"""
Whether the account that this program uses may do what a runbook needs, in each namespace of our volumes.

A worker asks the cluster now and then, and keeps the answer with its time; pages and drafts read that, and never ask. A
right that is missing turns off the runbooks that need it in that namespace, and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from backups.models import Volume
from cluster.api import ClaimRef, Right
from cluster.errors import ClusterError, Forbidden, NotFound
from cluster.port import Cluster
from health.models import Reading
from runbooks.base import Runbook, shelf

WHAT = "access"
EVERY = 240.0  # seconds between two askings
OLD = timedelta(minutes=15)  # from then on the answer is of the past, and refuses nothing
# Their objects may be in any namespace: whether they may be paused is told by the dry run of the run that would.
ELSEWHERE = {"argoproj.io", "helm.toolkit.fluxcd.io"}
PARTS = {"snapshots": _("snapshots")}
Kind = type[Runbook[Any]]


@dataclass(frozen=True)
class Standing:
    """
    How a runbook stands in a namespace, or for a `claim` there. `lacks` says what the cluster cannot do that it needs,
    in the cluster's words; `denied` the rights that it needs and has not, `less` those that a part of it would use.
    """

    kind: Kind
    namespace: str
    claim: str = ""
    known: bool = True
    lacks: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    less: tuple[str, ...] = ()

    @property
    def off(self) -> bool:
        return bool(self.lacks or self.denied)

    @property
    def state(self) -> Literal["ok", "warn", "fail", "unknown"]:
        return "fail" if self.off else "unknown" if not self.known else "warn" if self.less else "ok"


@dataclass(frozen=True)
class Answer:
    """
    The last answer: `at` None where there never was one. `asking`: somebody wants a newer one. `volumes` are ours, by
    namespace and claim, each with what the cluster cannot do with it.
    """

    at: datetime | None = None
    error: str = ""
    asking: bool = False
    lacks: Mapping[str, str] = field(default_factory=dict)
    asked: frozenset[str] = frozenset()
    denied: Mapping[str, frozenset[str]] = field(default_factory=dict)
    volumes: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def old(self) -> bool:
        return self.at is None or now() - self.at > OLD

    def of(self, kind: Kind, namespace: str, claim: str = "") -> Standing:
        """What is known of it. Nothing is, where nobody asked about this namespace or these rights."""
        denied = self.denied.get(namespace)
        missing = {**self.volumes.get(f"{namespace}/{claim}", {}), **self.lacks}
        lacks = tuple(missing[part] for part in kind.parts if part in missing)
        if self.at is None or denied is None:
            return Standing(kind, namespace, claim, known=False, lacks=lacks)
        known = {str(right) for right in rights_of(kind)} <= self.asked
        return Standing(kind, namespace, claim, known, lacks, among(kind.needs, denied), among(kind.wants, denied))

    def off(self, kind: Kind, volumes: Iterable[tuple[str, str]]) -> list[Standing]:
        """Where it is off: in a namespace, or only for some of these volumes."""
        here = sorted(set(volumes))
        everywhere = {name: self.of(kind, name) for name, _ in here}
        some = [self.of(kind, name, claim) for name, claim in here if not everywhere[name].off]
        return [standing for standing in (*everywhere.values(), *some) if standing.off]


def among(rights: Iterable[Right], denied: frozenset[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(str(right) for right in rights if str(right) in denied))


def answer() -> Answer:
    """The last one. One query."""
    reading = Reading.objects.filter(what=WHAT).first()
    if reading is None:
        return Answer()
    told = reading.told
    return Answer(
        reading.at,
        reading.error,
        asking=bool(told.get("wanted")),
        lacks=told.get("lacks", {}),
        asked=frozenset(told.get("asked", ())),
        denied={name: frozenset(rights) for name, rights in told.get("denied", {}).items()},
        volumes=told.get("volumes", {}),
    )


def refusal(kind: Kind, namespace: str, claim: str = "") -> Standing | None:
    """Why this runbook is off there, by an answer that is not old; None where it is not, or where nobody knows."""
    here = answer()
    return None if here.old else next(iter(here.off(kind, [(namespace, claim)])), None)


def refused_everywhere(kind: Kind) -> Standing | None:
    """The same of one that is of no volume: a right that is of no namespace and is denied in one is denied in all."""
    here = answer()
    anywhere = {str(right) for right in kind.needs if not right.namespaced}
    standings = [] if here.old else [here.of(kind, name) for name in namespaces()]
    return next((each for each in standings if each.lacks or anywhere & set(each.denied)), None)


def volumes() -> list[tuple[str, str]]:
    """Ours: namespace and claim of each."""
    return sorted(set(Volume.objects.values_list("namespace", "claim")))


def namespaces() -> list[str]:
    return sorted({namespace for namespace, _ in volumes()})


def rights_of(kind: Kind) -> set[Right]:
    """What it needs or wants, and can be asked about by namespace."""
    return {right for right in (*kind.needs, *kind.wants) if right.verb != "patch" or right.group not in ELSEWHERE}


def every() -> list[Right]:
    """All that any runbook needs or wants, each once."""
    return sorted({right for kind in shelf().values() for right in rights_of(kind)})


def want() -> None:
    """Have it asked at the next knock, whenever the last answer was."""
    reading, _new = Reading.objects.get_or_create(what=WHAT)
    Reading.objects.filter(pk=reading.pk).update(told={**reading.told, "wanted": True})


def due() -> bool:
    """
    Whether it is time: the last answer is old enough, somebody wants another, or it knows nothing of a volume or a
    right of today.
    """
    reading = Reading.objects.filter(what=WHAT).first()
    here = answer()
    unknown = (
        not {"/".join(volume) for volume in volumes()} <= here.volumes.keys()
        or not {str(right) for right in every()} <= here.asked
    )
    since = (now() - reading.tried).total_seconds() if reading and reading.at else EVERY
    return here.asking or unknown or since >= EVERY


def ask(connect: Callable[[], Cluster]) -> None:
    """Ask the cluster, and keep the answer. Where there is none the last one stays, and says how old it is."""
    try:
        told = asked(connect())
    except ClusterError as e:
        last = answer()
        Reading.objects.filter(what=WHAT).update(tried=now(), error=str(e) or type(e).__name__, told=kept(last))
        return
    Reading.objects.filter(what=WHAT).update(tried=now(), at=now(), error="", told=told)


def asked(cluster: Cluster) -> dict[str, Any]:
    rights = every()
    denied = {}
    for namespace in namespaces():
        held = cluster.allowed(namespace, rights)
        denied[namespace] = sorted({str(right) for right in rights if not held.get(right)})
    return {
        "lacks": dict(cluster.lacks()),
        "asked": sorted({str(right) for right in rights}),
        "denied": denied,
        "volumes": {
            f"{namespace}/{claim}": lacking(cluster, ClaimRef(namespace, claim)) for namespace, claim in volumes()
        },
    }


def lacking(cluster: Cluster, claim: ClaimRef) -> dict[str, str]:
    """What cannot be done with a volume. One that is not told of is unknown, and turns nothing off."""
    try:
        return dict(cluster.lacks(claim))
    except (NotFound, Forbidden) as e:
        return {"unknown": str(e)}


def kept(last: Answer) -> dict[str, Any]:
    """An answer as it is kept, wanted no more."""
    denied = {name: sorted(rights) for name, rights in last.denied.items()}
    volumes = {name: dict(lacks) for name, lacks in last.volumes.items()}
    return {"lacks": dict(last.lacks), "asked": sorted(last.asked), "denied": denied, "volumes": volumes}
