"""Facts on their way into the trail: plain JSON that both databases give back as they took it, and no secret."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

# A name of this kind holds a secret, whatever its value; and what a URL carries before its @ is one. A token by itself
# is a time as somebody wrote it.
SECRET = re.compile(
    r"password|passphrase|(^|[_\W])pass(wd)?$|secret|[a-z][_-]?token|api_?key|private_?key|credential|authorization|cookie",
    re.I,
)
IN_URL = re.compile(r"(?<=://)[^/\s:@]+:[^/\s@]+(?=@)")
HIDDEN = "[redacted]"


def text(value: str) -> str:
    """Without what PostgreSQL or UTF-8 cannot hold: NUL and halves of surrogate pairs."""
    return IN_URL.sub(HIDDEN, value.replace("\0", "\N{REPLACEMENT CHARACTER}")).encode("utf-8", "replace").decode()


def plain(value: Any) -> Any:
    """
    As it comes back from a JSON column of SQLite or PostgreSQL. The latter keeps numbers as decimals, so a float that
    is whole becomes an int; what is not a number at all becomes text.
    """
    if isinstance(value, Mapping):
        return {
            text(str(name)): HIDDEN if SECRET.search(str(name)) and held else plain(held)
            for name, held in value.items()
        }
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(one) for one in value]
    if isinstance(value, float):
        return str(value) if not math.isfinite(value) else int(value) if value.is_integer() else value
    if value is None or isinstance(value, bool | int):
        return value
    return text(str(value))


def as_kept(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts as the entry holds them, before and after it went through the database."""
    kept: dict[str, Any] = json.loads(json.dumps(plain(facts)))
    return kept
