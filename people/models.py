"""The people who sign in."""

from __future__ import annotations

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from people.roles import May, Role, may


class User(AbstractUser):
    """
    A person. `role` is the only thing that says what they may do; Django's groups and permissions are not used.

    `one_time`: the password was made by the program and printed once; the next sign-in asks for another.
    """

    role = models.CharField(max_length=10, choices=Role.choices, default=Role.VIEWER)
    language = models.CharField(_("language"), max_length=5, blank=True)
    zone = models.CharField(_("time zone"), max_length=40, blank=True)
    theme = models.CharField(_("theme"), max_length=5, blank=True)
    one_time = models.BooleanField(default=False)

    class Meta(AbstractUser.Meta):  # type: ignore[name-defined,misc]
        constraints = [models.CheckConstraint(condition=Q(role__in=Role.values), name="user_role_known")]

    def may(self, what: May) -> bool:
        return self.is_active and may(self.role, what)
