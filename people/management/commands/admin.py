"""The way in, for whoever has the machine: the first admin's one-time password, or a new one for somebody."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from people.actions import give_password, one_time_password
from people.actors import COMMAND
from people.models import User


class Command(BaseCommand):
    help = "Print a one-time password for the first admin until one was chosen, or with --reset for anybody."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--reset", metavar="NAME", help="give NAME a new one-time password; ends their sessions")

    def handle(self, *args: Any, reset: str | None = None, **options: Any) -> None:
        if reset is None:
            if made := one_time_password():
                self.stdout.write(line(*made))
            return
        user = User.objects.filter(username=reset).first()
        if user is None:
            known = ", ".join(
                User.objects.filter(is_active=True).order_by("username").values_list("username", flat=True)
            )
            raise CommandError(_("Nobody is called %(name)s. There are: %(known)s.") % {"name": reset, "known": known})
        if not user.is_active:
            raise CommandError(_("%(name)s may not sign in; an admin can change that.") % {"name": reset})
        self.stdout.write(line(user.username, give_password(user, by=COMMAND)))


def line(name: str, password: str) -> str:
    return _("Sign in as %(name)s with the one-time password %(password)s") % {"name": name, "password": password}
