"""Who may do what, as one table. A role may all that the roles before it may."""

from __future__ import annotations

from enum import StrEnum

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.TextChoices):
    VIEWER = "viewer", _("Viewer")
    RESPONDER = "responder", _("Responder")
    OPERATOR = "operator", _("Operator")
    ADMIN = "admin", _("Admin")


class May(StrEnum):
    """What can be done at all. Every view names one."""

    READ = "read"  # every page
    WRITE_INCIDENT = "write incident"  # import, edit, mark actions, export keeps to READ
    DRAFT_RUN = "draft run"  # look, see the plan and its dry run
    START_RUN = "start run"  # start, cancel, undo, try again
    BREAK_RANGE = "break range"  # the practice cluster only
    DESTROY = "destroy"  # purge what was kept
    MANAGE = "manage"  # volumes, sources of copies, people


TABLE: dict[Role, frozenset[May]] = {
    Role.VIEWER: frozenset({May.READ}),
    Role.RESPONDER: frozenset({May.READ, May.WRITE_INCIDENT, May.DRAFT_RUN}),
    Role.OPERATOR: frozenset({May.READ, May.WRITE_INCIDENT, May.DRAFT_RUN, May.START_RUN, May.BREAK_RANGE}),
    Role.ADMIN: frozenset(May),
}


def may(role: str, what: May) -> bool:
    return what in TABLE.get(Role(role), frozenset())
