"""The environment, read once: `X`, or the contents of the file that `X_FILE` names."""

from __future__ import annotations

import os
import zoneinfo
from collections.abc import Mapping
from pathlib import Path

YES = {"1", "true", "yes", "on"}
NO = {"", "0", "false", "no", "off"}


class CannotStart(Exception):
    """The program cannot run as things are; the message is a sentence that says what to do about it."""


class BadSetting(CannotStart):
    """A variable of the environment cannot be used; the message names it and says what it takes."""


class Env:
    """
    Typed reading of variables. A secret may stand in a file named by `NAME_FILE`.

    A variable that is set to nothing counts as not set: that is how compose files and shells write "no value".
    `names` keeps what was asked for, so that a test can hold the list in the documents against it.
    """

    def __init__(self, source: Mapping[str, str] | None = None) -> None:
        self.source = os.environ if source is None else source
        self.names: set[str] = set()

    def text(self, name: str, default: str = "") -> str:
        self.names.add(name)
        value = self.source.get(name, "")
        path = self.source.get(f"{name}_FILE", "")
        if value and path:
            raise BadSetting(f"{name} and {name}_FILE are both set: keep one of them.")
        if not path:
            return value or default
        try:
            return Path(path).read_text(encoding="utf-8").strip() or default
        except (OSError, ValueError) as e:
            reason = e.strerror if isinstance(e, OSError) else "it is not UTF-8 text"
            raise BadSetting(f"{name}_FILE names {path}, which cannot be read: {reason}.") from e

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.text(name, "1" if default else "").lower()
        if value in YES:
            return True
        if value in NO:
            return False
        raise BadSetting(f"{name} is {value!r}: write 1 or 0.")

    def number(self, name: str, default: float, *, above: float = 0) -> float:
        """A number greater than `above`."""
        value = self.text(name, str(default))
        try:
            number = float(value)
        except ValueError as e:
            raise BadSetting(f"{name} is {value!r}: write a number.") from e
        if not above < number < float("inf"):
            raise BadSetting(f"{name} is {value!r}: write a number above {above:g}.")
        return number

    def whole(self, name: str, default: int, *, least: int, most: int) -> int:
        value = self.text(name, str(default))
        if not (value.isascii() and value.isdigit() and least <= int(value) <= most):
            raise BadSetting(f"{name} is {value!r}: write a whole number from {least} to {most}.")
        return int(value)

    def words(self, name: str, default: str = "") -> list[str]:
        return [word for word in self.text(name, default).replace(",", " ").split() if word]

    def choice(self, name: str, default: str, choices: set[str]) -> str:
        value = self.text(name, default)
        if value not in choices:
            raise BadSetting(f"{name} is {value!r}: write one of {', '.join(sorted(choices))}.")
        return value

    def zone(self, name: str, default: str) -> str:
        value = self.text(name, default)
        try:
            zoneinfo.ZoneInfo(value)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError) as e:
            raise BadSetting(f"{name} is {value!r}: write the name of a time zone, such as Europe/Paris.") from e
        return value
