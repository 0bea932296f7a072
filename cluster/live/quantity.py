"""Kubernetes' quantities: `1Gi`, `500m`, `2e3`."""

from __future__ import annotations

import math
import re
from decimal import Decimal

FORM = re.compile(r"([+-]?(?:\d+\.?\d*|\.\d+))(?:([eE][+-]?\d+)|([KMGTPE]i|[numkMGTPE]))?")
BINARY = {f"{letter}i": Decimal(1024) ** power for power, letter in enumerate("KMGTPE", 1)}
DECIMAL = {letter: Decimal(1000) ** power for power, letter in enumerate("numkMGTPE", -3) if letter not in "kMGTPE"}
DECIMAL |= {letter: Decimal(1000) ** power for power, letter in enumerate("kMGTPE", 1)}


def quantity(written: str | int) -> Decimal:
    """The number that is meant. Zero for what makes no sense, as for what is not there."""
    found = FORM.fullmatch(str(written).strip())
    if found is None:
        return Decimal(0)
    number, exponent, unit = found.groups()
    return Decimal(number + (exponent or "")) * {**BINARY, **DECIMAL}.get(unit or "", Decimal(1))


def whole(written: str | int) -> int:
    """The same as whole units, such as bytes: a part of one counts as one."""
    return math.ceil(quantity(written))
