"""Who is written down beside a deed: a person, the engine, or a command on the machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from people.models import User

Kind = Literal["person", "engine", "command"]


@dataclass(frozen=True)
class Actor:
    """`name` is kept as text, so that it outlives the account."""

    kind: Kind
    name: str
    user_id: int | None = None

    def __str__(self) -> str:
        return self.name


ENGINE = Actor("engine", "engine")
COMMAND = Actor("command", "command line")


def person(user: User) -> Actor:
    return Actor("person", user.get_username(), user.pk)
