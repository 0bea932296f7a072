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
from enum import IntEnum
from functools import cache
from typing import Any, ClassVar, Generic, TypeVar, dataclass_transform, get_type_hints

import msgspec
from django.utils.translation import gettext_lazy as _

from cluster.api import ClaimRef, Right
from cluster.errors import ClusterError, Conflict, Forbidden, NotFound, Refused
from people.roles import May
from runbooks.world import Records, World

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


NOES = (NotFound, Forbidden, Conflict, Refused)  # a NAS has kinds of its own of these


def no(e: ClusterError) -> Facts:
    """What kind of no it is, in the words of who said it."""
    kind = next((kind for kind in NOES if isinstance(e, kind)), ClusterError)
    return facts(f"cluster-{kind.__name__.lower()}", error=str(e))


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
        """
        Ask the world whether it would accept this, changing nothing: a code of `runbooks.sentences.DRY`. Raises a
        ClusterError with the world's own words where it would not.
        """
        return "only-asks" if self.asks_only else "not-possible"

    def left_to_people(self) -> bool:
        """Whether, when it fails, a person decides what next: taking everything back could be worse than waiting."""
        return False

    def inverse(self) -> Act | None:
        """The act that takes this one back; None where nothing needs to be, or nothing can."""
        return None


# --- Runbooks ---


class Need(IntEnum):
    """What a person in trouble needs a runbook for, in the order in which they need it."""

    STOP = 1
    BRING_BACK = 2
    KEEP = 3
    NORMAL = 4
    CLEAN_UP = 5

    @property
    def title(self) -> Any:
        return NEEDS[self]


NEEDS = {
    Need.STOP: _("Stop it getting worse"),
    Need.BRING_BACK: _("Bring it back"),
    Need.KEEP: _("Keep a copy"),
    Need.NORMAL: _("Back to normal"),
    Need.CLEAN_UP: _("Clean up"),
}


class Seen:
    """What a plan depends on: a frozen dataclass of plain values, kept in the run and compared before it starts."""


S = TypeVar("S", bound=Seen)


@dataclass(frozen=True)
class Objection:
    """
    A reason not to. `stops` False: a person should know it, and may go on. `glass`: it stops all but who may destroy,
    and they say why in writing.
    """

    why: Facts
    stops: bool = True
    glass: bool = False

    def as_json(self) -> dict[str, Any]:
        return {"stops": self.stops, **({"glass": True} if self.glass else {}), **self.why.as_json()}


def objection(code: str, *, stops: bool = True, **params: Any) -> Objection:
    return Objection(facts(code, **params), stops)


def param(
    label: Any, hint: Any = "", *, kind: str = "", least: int | None = None, most: int | None = None, **kwargs: Any
) -> Any:
    """
    A parameter: a label and a hint, both translatable. `kind` says what it names, where that is picked from what our
    own records have: `volume`, `point` or `kept` (numbers), `sync` or `released` (names). `least` and `most` bound
    any other number.
    """
    told = {"label": label, "hint": hint, "kind": kind, "least": least, "most": most}
    return field(metadata=told, **kwargs)


class Runbook(Generic[S]):
    """
    The fields are the parameters. An instance is ready to be looked at and planned.

    `may_move` names what of the seen may change by itself between the approval and the start. `needs` are the rights in
    the cluster that its look and every act that it may plan use, their ways back too. `wants` are those of a part that
    it does without: where they are missing that part is left to people, and the rest of it goes on. `need` and `nth`
    are where it stands on the shelf. `ends_as_before`: once it is done nothing is otherwise, so that nobody is offered
    to take it back; while it is at work it is taken back as any other.
    """

    title: ClassVar[Any]
    about: ClassVar[Any]
    slug: ClassVar[str]
    need: ClassVar[Need] = Need.BRING_BACK
    nth: ClassVar[int] = 99
    needs: ClassVar[tuple[Right, ...]] = ()
    wants: ClassVar[tuple[Right, ...]] = ()
    parts: ClassVar[tuple[str, ...]] = ()  # of a cluster that it is nothing without, as `Cluster.lacks` names them
    may_move: ClassVar[frozenset[str]] = frozenset()
    ends_as_before: ClassVar[bool] = False
    who: ClassVar[May] = May.START_RUN
    do_not_call_in_templates: ClassVar[bool] = True  # a template is given the class

    def look(self, world: World) -> S:
        """What the plan depends on: the only part that asks. May raise NotYet while a job of its own looks."""
        raise NotImplementedError

    def objections(self, seen: S) -> Iterator[Objection]:
        """Every reason not to, at once."""
        yield from ()

    def plan(self, seen: S) -> Iterator[Act]:
        raise NotImplementedError

    def done(self, seen: S, records: Records, seconds: float) -> None:
        """Write down what is known once every act is done, `seconds` after the start."""

    def typed(self) -> bool:
        """Whether the name of what it works on must be typed before it starts."""
        return True

    def works_on(self) -> int | None:
        """The volume of ours that it works on, by its id; None where that is something else."""
        return getattr(self, "volume", None)

    def target(self) -> str:
        """The name of what it works on, where that is no volume of ours."""
        return ""

    def destroys(self, seen: S) -> Facts | None:
        """What is gone for good once it is done: a person ticks this sentence before it starts."""
        return None

    def undoing(self, seen: S) -> Iterator[Facts]:
        """What a person should know before taking it back when it is done."""
        yield from ()

    def to_commit(self, seen: S) -> str:
        """The lasting form of what it does, as text to commit where the workload is declared; empty where none is."""
        return ""

    def changed(self, approved: S, here: S) -> list[str]:
        """The names of what is no longer as it was approved."""
        was, now = compared(approved), compared(here)
        return [name for name in now if now[name] != was[name] and name not in self.may_move]

    @classmethod
    def seen_type(cls) -> type[S]:
        hint: type[S] = get_type_hints(cls.look)["return"]
        return hint


def compared(value: Any) -> Any:
    """What of a value must stay as it was approved: all but what a cluster says in its own words, which may vary."""
    if isinstance(value, Mapping):
        return {name: compared(part) for name, part in value.items() if name != "detail"}
    if isinstance(value, list | tuple):
        return [compared(part) for part in value]
    return compared(asdict(value)) if isinstance(value, Seen) else value  # type: ignore[call-overload]


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
