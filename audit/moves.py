"""The only writer of a `state` column."""

from __future__ import annotations

from typing import Any

from django.db import models, transaction

from audit.models import record
from people.actors import Actor


class IllegalMove(Exception):
    """The table of moves does not have this one."""


class LostRace(Exception):
    """Somebody else moved the object first. Load it again and look."""


def move(
    obj: Any,
    to: str,
    *,
    by: Actor,
    where: dict[str, Any] | None = None,
    facts: dict[str, Any] | None = None,
    under: models.Model | None = None,
    **changes: Any,
) -> None:
    """
    Take `obj` to the state `to` with `changes`, and write that in the trail, or do neither.

    `where` narrows the update further: an engine gives its fence, so that a worker that was silent for too long
    changes nothing. The entry is about `obj`, or `under` what that is a part of.

    Raises IllegalMove, or LostRace when no row was as this caller last saw it.
    """
    was = obj.state
    if to not in obj.MOVES.get(was, ()):
        raise IllegalMove(f"{obj} cannot go from {was} to {to}.")
    model: type[models.Model] = type(obj)
    with transaction.atomic():
        here = model._default_manager.filter(pk=obj.pk, state=was, **(where or {}))
        if here.update(state=to, **changes) != 1:
            raise LostRace(f"{obj} is no longer {was}.")
        record(f"{model._meta.model_name}.{to}", under or obj, by=by, was=was, **(facts or {}))
    for name, value in {"state": to, **changes}.items():
        setattr(obj, name, value)
