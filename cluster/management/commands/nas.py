"""`manage.py nas`: does the NAS of the settings answer, and does it take the account?"""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from cluster.errors import ClusterError
from cluster.nas.connect import nas


class Command(BaseCommand):
    help = "Sign in to the NAS of the settings and say what is there. It changes nothing."

    def handle(self, **_: Any) -> None:
        try:
            there = nas()
            luns = there.luns() if there else frozenset()
        except ClusterError as e:
            raise CommandError(str(e)) from e
        if there is None:
            raise CommandError("No NAS is configured: set NAS_URL, NAS_USER and NAS_PASSWORD. See docs/nas.md.")
        self.stdout.write(f"The NAS {there.name} takes the account, and has LUNs: {len(luns)}.")
