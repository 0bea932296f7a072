"""The environment, read once: `X`, or the contents of the file that `X_FILE` names."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


class BadSetting(Exception):
    """A variable of the environment cannot be used; the message names it and says what it takes."""


class Env:
    """Typed reading of variables. A secret may stand in a file named by `NAME_FILE`."""

    def __init__(self, source: Mapping[str, str] | None = None) -> None:
        self.source = os.environ if source is None else source

    def text(self, name: str, default: str = "") -> str:
        if path := self.source.get(f"{name}_FILE"):
            try:
                return Path(path).read_text(encoding="utf-8").strip()
            except OSError as e:
                raise BadSetting(f"{name}_FILE names {path}, which cannot be read: {e.strerror}.") from e
        return self.source.get(name, default)

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.text(name, "1" if default else "").lower()
        if value in {"1", "true", "yes", "on"}:
            return True
        if value in {"", "0", "false", "no", "off"}:
            return False
        raise BadSetting(f"{name} is {value!r}: write 1 or 0.")

    def number(self, name: str, default: float) -> float:
        value = self.text(name, str(default))
        try:
            return float(value)
        except ValueError as e:
            raise BadSetting(f"{name} is {value!r}: write a number.") from e

    def words(self, name: str, default: str = "") -> list[str]:
        return [word for word in self.text(name, default).replace(",", " ").split() if word]

    def choice(self, name: str, default: str, choices: set[str]) -> str:
        value = self.text(name, default)
        if value not in choices:
            raise BadSetting(f"{name} is {value!r}: write one of {', '.join(sorted(choices))}.")
        return value
