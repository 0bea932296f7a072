"""What can be broken on the practice cluster, in words; and doing it. It exists on the practice cluster alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import Http404
from django.utils.translation import gettext_lazy as _

from audit.models import record
from backups.actions import note_filesystem
from backups.models import Volume
from cluster.connect import connect
from cluster.errors import Conflict
from cluster.range.faults import BREAKS, VICTIM, Break
from cluster.range.range import Range
from people.actors import Actor
from runbooks.models import Run

SUBJECT = "range:practice"


@dataclass(frozen=True)
class Way:
    """A way to break it: what happens, and what one will see."""

    kind: Break
    title: Any
    happens: Any
    shows: Any


WAYS = [
    Way(
        "wrong-owner",
        _("Wrong owner"),
        _("Every file of Home Assistant is given to root, as after a copy made by the wrong user."),
        _("It crash-loops on “permission denied”. Mended by the runbook Fix permissions."),
    ),
    Way(
        "emptied",
        _("Emptied volume"),
        _("The volume of Home Assistant is formatted and comes back empty. Its copies are left alone for a minute."),
        _("It shows its onboarding page, as if it were new. Mended by the runbook Restore a volume."),
    ),
    Way(
        "wiped-by-sync",
        _("Wiped by its own sync"),
        _("The volume is formatted, and the sync copies the emptiness over its mirror in the object store."),
        _("The application and its mirror are empty; older archives and snapshots still hold the data."),
    ),
    Way(
        "hardened",
        _("Hardened too far"),
        _("The pods of Home Assistant lose their capabilities, as a well-meant security context has it."),
        _(
            "It crash-loops on “permission denied” with files that are its own. "
            "Mended by the runbook Roll back a security context."
        ),
    ),
]
assert {way.kind for way in WAYS} == set(BREAKS)


def practice_range() -> Range:
    """The practice cluster. Raises Http404 where the program looks after a real one."""
    cluster = connect()
    if not isinstance(cluster, Range):
        raise Http404
    return cluster


def break_it(kind: Break, *, by: Actor) -> None:
    """Raises ClusterError where it cannot be broken just now, such as while a job works on its files."""
    practice_range().break_(kind)
    record("range.broken", SUBJECT, by=by, kind=kind, claim=str(VICTIM.claim_ref))


def mend_it(*, by: Actor) -> None:
    """Everything as at first. Raises ClusterError while a run or a job is at work."""
    if live := Run.objects.live().first():
        raise Conflict(_("Run %(run)s is at work: stop it first.") % {"run": live.pk})
    world = practice_range()
    world.mend()
    record("range.mended", SUBJECT, by=by)
    claims = world.ground.objects.read().claims
    for volume in Volume.objects.exclude(filesystem=""):  # or a sync would be held back, for a volume formatted since
        if claim := claims.get(str(volume)):
            note_filesystem(volume, filesystem=claim.filesystem, by=by)
