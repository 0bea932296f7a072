"""What went wrong with a copy, named by what the caller does about it."""

from __future__ import annotations

from typing import Any


class BackupsError(Exception):
    """
    `code` is for programs and translations, the message is a sentence in English, `params` fill the translation.
    `again` says whether the same request may succeed later without anybody changing anything.
    """

    code = "internal"
    again = False

    def __init__(self, message: str, *, code: str = "", **params: Any) -> None:
        super().__init__(message)
        self.code = code or type(self).code
        self.params = params


class NotFound(BackupsError):
    """There is no such bucket, object or file."""

    code = "not-found"


class Forbidden(BackupsError):
    """The key may not do this."""

    code = "forbidden"


class Unreachable(BackupsError):
    """No answer, none in time, or one that stopped: ask again."""

    code = "unreachable"
    again = True


class Refused(BackupsError):
    """It is not accepted and would not be the next time: by the store, or by a rule of ours (see `code`)."""

    code = "refused"


class Busy(BackupsError):
    """Another agent is at the same data: ask again when it has ended."""

    code = "busy"
    again = True
