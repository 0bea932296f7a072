"""What this layer remembers beyond a process: how a NAS answered to an account."""

from __future__ import annotations

from django.db import models


class NasLogin(models.Model):
    """
    How the last login went. `account` is a keyed digest of address, user and password, so that other settings are
    another row. `tried` stands from before a login is sent until its answer is known.
    """

    account = models.CharField(max_length=64, unique=True)
    tried = models.DateTimeField(null=True, default=None)
    accepted = models.DateTimeField(null=True, default=None)
    refused = models.DateTimeField(null=True, default=None)
    code = models.IntegerField(default=0)  # with which it was refused

    def __str__(self) -> str:
        return f"login {self.account[:8]}"
