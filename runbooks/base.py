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
from functools import cache
from typing import Any, ClassVar, Generic, TypeVar, dataclass_transform, get_type_hints

import msgspec

from cluster.api import Cluster

T = TypeVar("T")


# --- Facts: what is so, in a form that can be kept and said in any language -----------------------------------------


@dataclass(frozen=True)
class Facts:
    """A sentence not yet said: a code of `runbooks.sentences`, and plain values for its gaps."""

    code: str
    params: Mapping[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {"code": self.code, **self.params}


def facts(code: str, **params: Any) -> Facts:
    return Facts(code, params)


# --- Acts ------------------------------------------------------------------------------------------------------------


class NotYet(Exception):
    """The act did its part, and the world has not caught up. Called again after `again_in` seconds."""

    def __init__(self, waiting: Facts, *, again_in: float = 2.0, progress: Mapping[str, Any] | None = None) -> None:
        super().__init__(waiting.code)
        self.waiting, self.again_in, self.progress = waiting, again_in, dict(progress or {})


class Failed(Exception):
    """The act cannot be done, and says why."""

    def __init__(self, why: Facts) -> None:
        super().__init__(f"{why.code} {dict(why.params)}")
        self.why = why


@dataclass(frozen=True)
class World:
    """Everything an act may touch. `tag` names what the run makes: each act adds its own position."""

    cluster: Cluster
    tag: str
    stores: Any = None


class Act:
    """
    Called until it returns. `told()` is how people read it, before and after.

    `one_way`: there is no way back, and people are told so before anyone starts.
    `back` says, as a code, what taking it back would do. `minutes` is its deadline.
    """

    one_way: ClassVar[bool] = False
    asks_only: ClassVar[bool] = False  # changes nothing: there is nothing to take back
    minutes: ClassVar[float] = 5

    def told(self) -> Facts:
        raise NotImplementedError

    def do(self, world: World) -> Mapping[str, Any] | None:
        """Make it so. Returns what is worth keeping in the record, or raises NotYet or Failed."""
        raise NotImplementedError

    def dry(self, world: World) -> str:
        """Ask the world whether it would accept this, changing nothing. A code of `runbooks.sentences.DRY`."""
        return "only-asks" if self.asks_only else "not-possible"

    def inverse(self) -> Act | None:
        """The act that takes this one back; None where nothing needs to be."""
        return None


# --- Runbooks --------------------------------------------------------------------------------------------------------


class Seen:
    """What a plan depends on: a frozen dataclass of plain values, kept in the run and compared before it starts."""


S = TypeVar("S", bound=Seen)


@dataclass(frozen=True)
class Objection:
    """A reason not to. `stops` False: a person should know it, and may go on."""

    why: Facts
    stops: bool = True


def objection(code: str, *, stops: bool = True, **params: Any) -> Objection:
    return Objection(Facts(code, params), stops)


class VolumeId(int):
    """A parameter that names a volume of ours."""


class PointId(int):
    """A parameter that names a recovery point."""


def param(label: Any, help: Any = "", **kwargs: Any) -> Any:
    """A parameter: its label and a hint, both translatable."""
    return field(metadata={"label": label, "help": help}, **kwargs)


class Runbook(Generic[S]):
    """The fields are the parameters. An instance is ready to be looked at and planned."""

    title: ClassVar[Any]
    slug: ClassVar[str]
    volume: int

    def look(self, world: World) -> S:
        """What the plan depends on: the only part that asks the world (and our own records)."""
        raise NotImplementedError

    def objections(self, seen: S) -> Iterator[Objection]:
        """Every reason not to, at once."""
        yield from ()

    def plan(self, seen: S) -> Iterator[Act]:
        raise NotImplementedError

    def changed(self, approved: S, now: S) -> list[str]:
        """The names of what is no longer as it was approved. A runbook leaves out what may move by itself."""
        then, here = asdict(approved), asdict(now)  # type: ignore[call-overload]
        return [name for name in here if here[name] != then[name] and name not in self.may_move]

    may_move: ClassVar[frozenset[str]] = frozenset()

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
    """A dataclass as plain JSON values."""
    return msgspec.to_builtins(value)
