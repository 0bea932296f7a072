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

    class Meta(AbstractUser.Meta):
        constraints = [models.CheckConstraint(condition=Q(role__in=Role.values), name="user_role_known")]

    def may(self, what: May) -> bool:
        return self.is_active and may(self.role, what)


class Tries(models.Model):
    """
    Bad tries to sign in with one name from one address, whether or not there is such a person. Kept so that guessing
    gets slow; taken out by a good try, and some time after the last bad one.
    """

    name = models.CharField(max_length=150)
    address = models.CharField(max_length=45)
    count = models.PositiveIntegerField(default=0)
    last = models.DateTimeField()
    until = models.DateTimeField(null=True)  # no try is looked at before this

    class Meta:
        constraints = [models.UniqueConstraint(fields=["name", "address"], name="tries_once_per_name_and_address")]

    def __str__(self) -> str:
        return f"{self.count} tries as {self.name} from {self.address}"
