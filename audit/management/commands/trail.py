"""`manage.py trail verify`: is the trail whole?"""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from audit.models import Entry
from audit.verify import whole_walk
from people.actors import COMMAND
from people.words import number


class Command(BaseCommand):
    help = "Walk along the trail and name the first entry that does not hold. Ends with 1 when there is one."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("verb", choices=["verify"])

    def handle(self, *args: Any, **options: Any) -> None:
        walk = whole_walk(by=COMMAND)
        if walk.broken is None:
            self.stdout.write(_("The trail is whole: %(count)s entries.") % {"count": number(walk.through)})
            return
        self.stderr.write(
            _("The trail does not hold from entry %(seq)s on: %(why)s.") % {"seq": walk.broken, "why": why(walk.why)}
        )
        if entry := Entry.objects.filter(seq=walk.broken).first():
            self.stderr.write(f"{entry.seq} {entry.at.isoformat()} {entry.actor} {entry.action} {entry.subject}")
        sys.exit(1)


def why(code: str) -> str:
    return {
        "missing": _("it is missing"),
        "unlinked": _("it does not follow from the one before"),
        "altered": _("it is not as it was written"),
        "cut short": _("it and what came after are gone"),
        "beyond the head": _("it was written around the trail"),
    }.get(code, code)
