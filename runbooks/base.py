"""
What an act is and what a runbook is. Nothing here knows Django's models; it is all values and their rules.

An act says what must be so. Two laws hold for every act, and are tested over all there are:
done twice it leaves the world as done once; its inverse takes it back, also when it stopped half-way.

A runbook is typed parameters, a look, objections and a plan. Only `look` asks the world; objections and plan are pure,
so a person can read them before anything happens, and a worker that comes back after a crash gets the same plan.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from functools import cache
from typing import Any, ClassVar, Generic, Protocol, TypeVar, dataclass_transform, get_type_hints

import msgspec

from cluster.api import ClaimRef, Right
from cluster.port import Cluster

T = TypeVar("T")


# --- Facts: what is so, in a form that can be kept, and said in any language ---


@dataclass(frozen=True)
class Facts:
    """A sentence not yet said: a code of `runbooks.sentences`, and plain values for its gaps."""

    code: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {"code": self.code, **encoded(dict(self.params))}


def facts(code: str, **params: Any) -> Facts:
    return Facts(code, {name: str(v) if isinstance(v, ClaimRef) else v for name, v in params.items()})


# --- The world that acts work on ---


@dataclass(frozen=True)
class VolumeFacts:
    """A volume of ours, as our own records have it."""

    id: int
    claim: ClaimRef
    uid: int
    gid: int
    sentinels: tuple[str, ...]
    filesystem: str
    bucket: str
    prefix: str  # of its archives; empty where it has none
    snapshots: bool = False  # whether its snapshots are looked for, and so offered as recovery points


@dataclass(frozen=True)
class PointFacts:
    """
    A recovery point of ours. `ref` is an object's key, or a snapshot's name. `median_files` and `median_bytes` are of
    the last five good points of the volume, 0 where there are none.
    """

    id: int
    volume: int
    kind: str
    ref: str
    bucket: str
    taken: datetime
    files: int
    bytes: int
    gone: bool
    verified: bool
    sentinels: tuple[str, ...]
    missing: tuple[str, ...]
    median_files: int
    median_bytes: int


class Records(Protocol):
    """What a look may ask of our own records. Raises LookupError for what is not there."""

    def volume(self, id: int) -> VolumeFacts: ...
    def point(self, id: int) -> PointFacts: ...
    def store(self) -> Mapping[str, str]:
        """Where objects are kept: `endpoint` and `region`, never a credential."""
        ...

    def lent(self, bucket: str, prefix: str, *, write: bool = False) -> Mapping[str, str]:
        """
        The environment of a job that may read the objects under a prefix, and with `write` make new ones there. They
        are credentials: never kept, never told.
        """
        ...

    def stored(self, point: int) -> int | None:
        """The bytes of a point's archive in the store as it is now; None where it is not there any more."""
        ...

    def verified(self, point: int) -> None:
        """Write down that a recovery point was restored and held against its manifest now."""
        ...

    def restored(self, volume: int, seconds: float) -> None:
        """Write down that a restore of the volume ended well now, and how long it took."""
        ...


@dataclass(frozen=True)
class Patience:
    """How long to watch before believing, in seconds: pods that stay ready, and witnesses that agree twice."""

    steady: float = 60.0
    apart: float = 5.0


@dataclass(frozen=True)
class World:
    """
    Everything that a look or an act may touch. What it makes is named by `name()`: the run, the act's position, and
    how often a person asked for another try, so that a repeated request finds what the first one made.
    """

    cluster: Cluster
    records: Records
    tag: str
    at: str = "0"
    back: bool = False
    was_done: bool = False  # going back: the act was done to its end, so there is something to take back
    attempt: int = 1
    memory: Mapping[str, Any] = field(default_factory=dict)  # what this act last said with NotYet
    patience: Patience = Patience()

    def name(self, part: str = "") -> str:
        again = f"-{self.attempt}" if self.attempt > 1 else ""
        return f"{self.tag}-{self.at}{'-back' if self.back else ''}{again}{part}"

    def labels(self) -> dict[str, str]:
        return {
            "app.kubernetes.io/managed-by": "aftermath",
            "aftermath.dev/run": self.tag.removeprefix("am-"),
            "aftermath.dev/act": self.at,
        }


# --- Acts ---


class NotYet(Exception):
    """It is not so yet. Ask again after `again_in` seconds; `progress` is the agent's, where there is one."""

    def __init__(self, waiting: Facts, *, again_in: float = 1.0, progress: Mapping[str, Any] | None = None) -> None:
        super().__init__(waiting.code)
        self.waiting, self.again_in, self.progress = waiting, again_in, dict(progress or {})


class Failed(Exception):
    """It cannot be done, and this says why."""

    def __init__(self, why: Facts) -> None:
        super().__init__(f"{why.code} {dict(why.params)}")
        self.why = why


class Act:
    """
    Called until it returns. `told()` is how people read it, before and after; `back()` what taking it back would do.

    `one_way`: there is no way back, and people are told so before anyone starts. `kept`: it is left as it is when the
    run is taken back, on purpose. `asks_only`: it changes nothing. `minutes` is how long it may take in all.
    `needs` are the rights that it uses in the cluster.
    """

    one_way: ClassVar[bool] = False
    kept: ClassVar[bool] = False
    asks_only: ClassVar[bool] = False
    minutes: ClassVar[float] = 5
    needs: ClassVar[tuple[Right, ...]] = ()

    def told(self) -> Facts:
        raise NotImplementedError

    def do(self, world: World) -> Mapping[str, Any] | None:
        """Make it so. Returns what is worth keeping in the record; raises NotYet, Failed or a ClusterError."""
        raise NotImplementedError

    def dry(self, world: World) -> str:
        """Ask the world whether it would accept this, changing nothing: a code of `runbooks.sentences.DRY`."""
        return "only-asks" if self.asks_only else "not-possible"

    def left_to_people(self) -> bool:
        """Whether, when it fails, a person decides what next: taking everything back could be worse than waiting."""
        return False

    def inverse(self) -> Act | None:
        """The act that takes this one back; None where nothing needs to be, or nothing can."""
        return None


# --- Runbooks ---


class Seen:
    """What a plan depends on: a frozen dataclass of plain values, kept in the run and compared before it starts."""


S = TypeVar("S", bound=Seen)


@dataclass(frozen=True)
class Objection:
    """A reason not to. `stops` False: a person should know it, and may go on."""

    why: Facts
    stops: bool = True


def objection(code: str, *, stops: bool = True, **params: Any) -> Objection:
    return Objection(facts(code, **params), stops)


def param(label: Any, hint: Any = "", *, kind: str = "", **kwargs: Any) -> Any:
    """A parameter: a label and a hint, both translatable; `kind` is `volume` or `point` for a number that names one."""
    return field(metadata={"label": label, "hint": hint, "kind": kind}, **kwargs)


class Runbook(Generic[S]):
    """
    The fields are the parameters. An instance is ready to be looked at and planned.

    `may_move` names what of the seen may change by itself between the approval and the start. `needs` are the rights in
    the cluster that its look and every act that it may plan use, their ways back too.
    """

    title: ClassVar[Any]
    about: ClassVar[Any]
    slug: ClassVar[str]
    needs: ClassVar[tuple[Right, ...]] = ()
    may_move: ClassVar[frozenset[str]] = frozenset()
    do_not_call_in_templates: ClassVar[bool] = True  # a template is given the class
    volume: int

    def look(self, world: World) -> S:
        """What the plan depends on: the only part that asks. May raise NotYet while a job of its own looks."""
        raise NotImplementedError

    def objections(self, seen: S) -> Iterator[Objection]:
        """Every reason not to, at once."""
        yield from ()

    def plan(self, seen: S) -> Iterator[Act]:
        raise NotImplementedError

    def done(self, records: Records, seconds: float) -> None:
        """Write down what is known once every act is done, `seconds` after the start."""

    def typed(self) -> bool:
        """Whether the volume's name must be typed before it starts."""
        return True

    def changed(self, approved: S, here: S) -> list[str]:
        """The names of what is no longer as it was approved."""
        was: dict[str, Any] = asdict(approved)  # type: ignore[call-overload]
        now: dict[str, Any] = asdict(here)  # type: ignore[call-overload]
        return [name for name in now if now[name] != was[name] and name not in self.may_move]

    @classmethod
    def seen_type(cls) -> type[S]:
        hint: type[S] = get_type_hints(cls.look)["return"]
        return hint


SHELF: dict[str, type[Runbook[Any]]] = {}


@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(param,))
def runbook(slug: str, title: Any) -> Callable[[type[T]], type[T]]:
    """Freeze the class and put it on the shelf."""

    def shelve(cls: type[T]) -> type[T]:
        frozen: Any = dataclass(frozen=True, kw_only=True)(cls)
        frozen.title, frozen.slug = title, slug
        SHELF[slug] = frozen
        return frozen  # type: ignore[no-any-return]

    return shelve


@cache
def shelf() -> dict[str, type[Runbook[Any]]]:
    """Every runbook there is: each file of `runbooks/library/` is one."""
    library = importlib.import_module("runbooks.library")
    for module in pkgutil.iter_modules(library.__path__):
        importlib.import_module(f"runbooks.library.{module.name}")
    return SHELF


def decoded(kind: type[T], value: Any) -> T:
    """Plain JSON values back into the dataclass they were made from. Raises msgspec.ValidationError."""
    return msgspec.convert(value, kind, strict=False)


def encoded(value: Any) -> Any:
    """A dataclass, or a container of them, as plain JSON values."""
    return msgspec.to_builtins(value)
