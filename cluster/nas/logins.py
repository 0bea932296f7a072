"""
Who may log in to the NAS now.

Three bad logins in a few minutes and DSM blocks the address for a day, with everybody behind it. So a refusal is
remembered for all processes and until the settings change, one process logs in at a time, and a login whose answer was
lost counts as a bad one until the password has been seen to be right.
"""

from __future__ import annotations

import logging
import time
from datetime import datetime, timedelta

from django.db.models import Q
from django.utils.timezone import localtime, now

from cluster.errors import Forbidden, Unreachable
from cluster.models import NasLogin

PAUSE = timedelta(hours=1)  # after a refusal, while the settings stay what they are
SILENCE = timedelta(seconds=150)  # after a lost answer: not three times in five minutes
ATTEMPT = timedelta(seconds=90)  # longer than one login can take
PATIENCE = 10.0  # seconds to wait for another process that logs in just now

WHY = {
    400: "the account or its password is wrong",
    401: "the account is disabled",
    402: "the account may not sign in here",
    403: "the account asks for a second factor, which a program has not",
    404: "the account asks for a second factor, which a program has not",
    406: "the account must set up a second factor, which a program cannot",
    407: "the address that this program comes from is blocked",
    408: "the password has expired",
    409: "the password has expired",
    410: "the password must be changed first",
    411: "the account is locked",
}

log = logging.getLogger(__name__)


class LoginRefused(Forbidden):
    """The NAS does not take the account. Asking again would make it worse."""


def turn(account: str) -> None:
    """
    Take the turn to log in: exactly one process has it, until it says how it went.

    Raises LoginRefused while a refusal stands, and Unreachable when the turn is another's.
    """
    NasLogin.objects.get_or_create(account=account)
    end = time.monotonic() + PATIENCE
    while not NasLogin.objects.filter(free(now()), account=account).update(tried=now()):
        row = NasLogin.objects.get(account=account)
        if row.refused and row.refused > now() - PAUSE:
            raise refusal(row.code, row.refused)
        if row.tried and row.tried < now() - ATTEMPT:
            later = clock(row.tried + SILENCE)
            raise Unreachable(f"The NAS did not answer the last login; the next one is sent after {later}.")
        if time.monotonic() > end:
            raise Unreachable("Another process is at logging in to the NAS.")
        time.sleep(0.1)


def free(at: datetime) -> Q:
    """Rows whose account may be tried: not refused lately, and no login of it is under way or in doubt."""
    not_refused = Q(refused=None) | Q(refused__lte=at - PAUSE)
    no_doubt = Q(tried=None) | Q(tried__lte=at - SILENCE)
    known_good = Q(accepted__isnull=False, tried__lte=at - ATTEMPT)
    return not_refused & (no_doubt | known_good)


def not_sent(account: str) -> None:
    """There was no way to the NAS: it has seen nothing of the password."""
    NasLogin.objects.filter(account=account).update(tried=None)


def accepted(account: str) -> None:
    NasLogin.objects.filter(account=account).update(tried=None, accepted=now(), refused=None, code=0)


def refused(account: str, code: int) -> LoginRefused:
    at = now()
    NasLogin.objects.filter(account=account).update(tried=None, accepted=None, refused=at, code=code)
    said = refusal(code, at)
    log.error("%s", said)
    return said


def refusal(code: int, at: datetime) -> LoginRefused:
    why = WHY.get(code, "it does not say why")
    return LoginRefused(
        f"The NAS refused the login at {clock(at)}: {why} (error {code}). It is left alone until "
        f"{clock(at + PAUSE)} or until its settings change: three bad logins block this address for a day."
    )


def clock(at: datetime) -> str:
    return f"{localtime(at):%H:%M}"
