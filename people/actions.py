"""What is done to accounts, each with its entry in the trail. No password is ever among the facts of an entry."""

from __future__ import annotations

import secrets

from django.db import transaction
from django.db.models import Exists, QuerySet

from people import pen, tries
from people.actors import COMMAND, Actor
from people.models import User
from people.roles import Role

ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that is read for something else


class LastAdmin(Exception):
    """There would be nobody left who may manage people."""


def made_up() -> str:
    """A password to be typed once: three groups of five, about 74 bits."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(5)) for _ in range(3))


def add_person(name: str, role: str, *, by: Actor) -> tuple[User, str]:
    """A new person, and the password that they will have to change when they first sign in."""
    password = made_up()
    with transaction.atomic():
        user = User.objects.create_user(name, password=password, role=role, one_time=True)
        pen.write("person.added", user, by=by, role=role)
    return user, password


def give_password(user: User, *, by: Actor) -> str:
    """A new one-time password in place of one that was lost. Ends every session of that person."""
    password = made_up()
    user.set_password(password)
    user.one_time = True
    with transaction.atomic():
        user.save(update_fields=["password", "one_time"])
        tries.forgive(user.username)
        pen.write("person.given-password", user, by=by)
    return password


def choose_password(user: User, password: str, *, by: Actor) -> None:
    """The person's own choice, already judged by the form."""
    user.set_password(password)
    user.one_time = False
    with transaction.atomic():
        user.save(update_fields=["password", "one_time"])
        pen.write("person.chose-password", user, by=by)


def change_role(user: User, role: str, *, by: Actor) -> None:
    """Raises LastAdmin when nobody else could manage people."""
    with transaction.atomic():
        # The entry first: it makes two who demote each other wait for one another, so that the second sees the first.
        pen.write("person.changed-role", user, by=by, was=user.role, role=role)
        if not unless_last_admin(user, staying=role == Role.ADMIN).update(role=role):
            raise LastAdmin
    user.role = role


def deactivate(user: User, *, by: Actor) -> None:
    """They can no longer sign in, and their sessions end; what they did stays theirs. Raises LastAdmin."""
    with transaction.atomic():
        pen.write("person.deactivated", user, by=by)
        if not unless_last_admin(user, staying=False).update(is_active=False):
            raise LastAdmin
    user.is_active = False


def reactivate(user: User, *, by: Actor) -> None:
    with transaction.atomic():
        User.objects.filter(pk=user.pk).update(is_active=True)
        pen.write("person.reactivated", user, by=by)
    user.is_active = True


def signed_in(user: User, *, by: Actor) -> None:
    pen.write("person.signed-in", user, by=by)


def signed_out(user: User, *, by: Actor) -> None:
    pen.write("person.signed-out", user, by=by)


def unless_last_admin(user: User, *, staying: bool) -> QuerySet[User]:
    """The row of `user` as the update may touch it: none, when that would leave nobody who manages people."""
    rows = User.objects.filter(pk=user.pk)
    others = User.objects.filter(role=Role.ADMIN, is_active=True).exclude(pk=user.pk)
    is_admin = user.role == Role.ADMIN and user.is_active
    return rows.filter(Exists(others)) if is_admin and not staying else rows


def one_time_password() -> tuple[str, str] | None:
    """
    For whoever starts the program: the name and a new one-time password of the first admin, as long as no admin has
    signed in and chosen one; None from then on.
    """
    admins = User.objects.filter(role=Role.ADMIN, is_active=True)
    with transaction.atomic():
        if admins.filter(one_time=False).exists():
            return None
        if waiting := admins.order_by("pk").first():
            return waiting.username, give_password(waiting, by=COMMAND)
        user, password = add_person(free_name("admin"), Role.ADMIN, by=COMMAND)
    return user.username, password


def free_name(wanted: str) -> str:
    taken = set(User.objects.filter(username__startswith=wanted).values_list("username", flat=True))
    return next(name for n in range(1, len(taken) + 2) if (name := wanted if n == 1 else f"{wanted}{n}") not in taken)


def prefer(user: User, *, language: str | None = None, zone: str | None = None, theme: str | None = None) -> None:
    """How the program looks to this person. Nobody else's business, so the trail does not have it."""
    wanted = {"language": language, "zone": zone, "theme": theme}
    changes = {name: value for name, value in wanted.items() if value is not None}
    User.objects.filter(pk=user.pk).update(**changes)
    for name, value in changes.items():
        setattr(user, name, value)
